"""Where a type's underflow ends and its overflow begins, as positions of the landmarks, for every rounding mode.

On magnitudes a = |x| 2^F every deterministic mode is, for each sign, one of five rules; L is the largest |k| in range.

    rule        k = 0 when        |k| > L when
    half away   a <  1/2          a >= L + 1/2
    half zero   a <= 1/2          a >  L + 1/2
    half even   a <= 1/2          a >= L + 1/2 for odd L, a > L + 1/2 for even L
    truncate    a <  1            a >= L + 1
    away        never             a >  L

L is 2^M - 1 (positive; negative under ``saturate_symmetric``), 2^M (negative, signed) or 0 (negative, unsigned), so
each bound is a landmark.
"""

from __future__ import annotations

from enum import Enum, auto

from bitwindow.errors import SettingError
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.landmarks import above_power, below_next_power, power


class Rule(Enum):
    """What a rounding mode does to a magnitude."""

    HALF_AWAY = auto()
    HALF_ZERO = auto()
    HALF_EVEN = auto()
    TRUNCATE = auto()
    AWAY = auto()


_RULES = {
    Rounding.ROUND: (Rule.HALF_AWAY, Rule.HALF_AWAY),
    Rounding.NEAREST: (Rule.HALF_AWAY, Rule.HALF_ZERO),
    Rounding.CONVERGENT: (Rule.HALF_EVEN, Rule.HALF_EVEN),
    Rounding.HALF_ZERO: (Rule.HALF_ZERO, Rule.HALF_ZERO),
    Rounding.HALF_DOWN: (Rule.HALF_ZERO, Rule.HALF_AWAY),
    Rounding.FLOOR: (Rule.TRUNCATE, Rule.AWAY),
    Rounding.CEILING: (Rule.AWAY, Rule.TRUNCATE),
    Rounding.ZERO: (Rule.TRUNCATE, Rule.TRUNCATE),
}


def rule_of(rounding: Rounding, *, negative: bool) -> Rule:
    """Return the rule on magnitudes of a mode for one sign.

    Raises:
        SettingError: For ``stochastic``, whose counts depend on the random bits of a run.
    """
    if rounding is Rounding.STOCHASTIC:
        message = (
            "rounding: wanted a deterministic mode for counts from a spectrum; got 'stochastic', whose counts depend "
            "on the random bits of a run. Take the counts of a run, or ask for those of 'round'."
        )
        raise SettingError(message)
    return _RULES[rounding][negative]


def borders(fmt: FixedPoint, rounding: Rounding, overflow: Overflow, *, negative: bool) -> tuple[int, int]:
    """Return (kept, over): a value of this sign underflows below position ``kept`` and overflows from ``over`` on.

    ``wrap``, ``saturate`` and ``saturate_zero`` share one range; ``saturate_symmetric`` narrows the negative side.

    Raises:
        SettingError: For ``stochastic`` rounding.

    >>> borders(FixedPoint(True, 8, 3), Rounding.ROUND, Overflow.SATURATE, negative=False)
    (-512, 460)
    """
    rule = rule_of(rounding, negative=negative)
    kept = _kept(rule, -fmt.fraction_length)
    if negative and not fmt.signed:
        return kept, kept
    one_more = negative and overflow is not Overflow.SATURATE_SYMMETRIC
    limit = _over_power(rule, fmt) if one_more else _over_ones(rule, fmt)
    return kept, limit


def _kept(rule: Rule, lsb: int) -> int:
    match rule:
        case Rule.HALF_AWAY:
            return power(lsb - 1)
        case Rule.HALF_ZERO | Rule.HALF_EVEN:
            return power(lsb - 1) + 1
        case Rule.TRUNCATE:
            return power(lsb)
        case Rule.AWAY:
            # Below every float: no value other than zero becomes zero.
            return power(_BELOW_ALL)


_BELOW_ALL = -2048


def _over_ones(rule: Rule, fmt: FixedPoint) -> int:
    """L = 2^M - 1, odd."""
    top, bits = fmt.msb_exponent, fmt.magnitude_bits
    match rule:
        case Rule.HALF_AWAY | Rule.HALF_EVEN:
            return below_next_power(top, bits)
        case Rule.HALF_ZERO:
            return below_next_power(top, bits) + 1
        case Rule.TRUNCATE:
            return power(top + 1)
        case Rule.AWAY:
            return below_next_power(top, bits - 1) + 1


def _over_power(rule: Rule, fmt: FixedPoint) -> int:
    """L = 2^M, even since a signed type has M >= 1."""
    above, bits = fmt.msb_exponent + 1, fmt.magnitude_bits
    match rule:
        case Rule.HALF_AWAY:
            return above_power(above, bits + 1)
        case Rule.HALF_ZERO | Rule.HALF_EVEN:
            return above_power(above, bits + 1) + 1
        case Rule.TRUNCATE:
            return above_power(above, bits)
        case Rule.AWAY:
            return power(above) + 1
