"""Exact width arithmetic, in Python integers: what a layer's sum needs, how it is carried, and where it clips.

A plan is all that a compiled step must know about types and modes. It travels as one vector of int64 numbers, so that
no change of a type or mode compiles anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from bitwindow.errors import ExecutionError
from bitwindow.numbers.modes import Rounding
from bitwindow.numbers.quick import QuickCast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Int64

    from bitwindow.execute.modes import Modes
    from bitwindow.network.records import Clip
    from bitwindow.numbers.format import FixedPoint

MAX_SUM_BITS = 62
"""Sums are carried in int64; a bit is kept free above the sign."""
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
NARROW = 2**31
"""Sums below it are carried in int32."""
_EXACT_DOUBLE = 2**52
"""Sums below it may grow by one rounding and stay exact in float64; the quick cast takes no larger ones."""
_MAX_SHIFT = 62
_STOCHASTIC = Rounding.STOCHASTIC.code


class Carrier(IntEnum):
    """How products are summed exactly: the cheapest that the bounds of the operands allow."""

    FLOAT32 = 0
    INT8 = 1
    FLOAT64 = 2
    HALVES = 3


class Variant(IntEnum):
    """The compiled forms of an integer layer. Conditionals would do in one, but run on one core.

    ``NARROW``, ``BYTES`` and ``DOUBLE`` clip on the grid and take the quick cast: sums in int32 from float32 or int8
    products, sums in float64 (int64 on GPUs). ``CAREFUL`` does all else, in int64; ``STOCHASTIC`` does it with random
    words.
    """

    NARROW = 0
    BYTES = 1
    DOUBLE = 2
    CAREFUL = 3
    STOCHASTIC = 4


Number: TypeAlias = Any
"""A Python int in a plan, a traced int64 scalar in a step."""


class Settings(NamedTuple):
    """The numbers that a compiled step takes.

    ``point`` is the fraction length of the sum, ``shift_sum`` and ``shift_bias`` the left shifts that bring the
    products and the bias there. ``careful`` is 1 when the sum needs more than a clip on the grid and a cast, ``quick``
    is 1 when ``cast`` holds the numbers of a quick cast or nothing is to be cast by shifts.
    """

    carrier: Number = 0
    wide: Number = 0
    careful: Number = 0
    point: Number = 0
    shift_sum: Number = 0
    shift_bias: Number = 0
    offset: Number = 0
    limit: Number = 0
    limit_wraps: Number = 0
    limit_min: Number = INT64_MIN
    limit_max: Number = INT64_MAX
    clip_min: Number = INT64_MIN
    clip_max: Number = INT64_MAX
    lower: Number = 0
    lower_point: Number = 0
    upper: Number = 0
    upper_point: Number = 0
    rounding: Number = 0
    overflow: Number = 0
    quick: Number = 0
    cast: QuickCast = QuickCast()

    @property
    def variant(self) -> Variant:
        """Return the form to run."""
        if self.rounding == _STOCHASTIC:
            return Variant.STOCHASTIC
        if self.careful or not self.quick or self.carrier == Carrier.HALVES:
            return Variant.CAREFUL
        return Variant.DOUBLE if self.wide else Variant(self.carrier)

    def packed(self) -> Int64[np.ndarray, "settings"]:
        """Return the numbers as one vector."""
        return np.array((*self[:-1], *self.cast), np.int64)

    @staticmethod
    def unpacked(numbers: Sequence[Number]) -> Settings:
        """Return the settings that a vector's elements hold."""
        plain = len(Settings._fields) - 1
        return Settings(*numbers[:plain])._replace(cast=QuickCast(*numbers[plain:]))


@dataclass(frozen=True, kw_only=True)
class Range:
    """The worst case of a sum: the least and the largest integer it can be, at its own LSB 2^-point."""

    least: int
    largest: int
    point: int

    def shifted(self, point: int) -> Range:
        """Return the same values at a finer LSB."""
        return Range(least=self.least << point - self.point, largest=self.largest << point - self.point, point=point)

    def __add__(self, other: Range) -> Range:
        """Return the worst case of the sum of both, at the finer LSB."""
        point = max(self.point, other.point)
        one, two = self.shifted(point), other.shifted(point)
        return Range(least=one.least + two.least, largest=one.largest + two.largest, point=point)

    @property
    def magnitude(self) -> int:
        """The largest absolute value."""
        return max(-self.least, self.largest, 0)

    @property
    def bits(self) -> int:
        """The width of the narrowest signed integer that holds both ends."""
        return max((-self.least - 1).bit_length() if self.least < 0 else 0, max(self.largest, 0).bit_length()) + 1


def type_range(fmt: FixedPoint, sign: int = 1) -> Range:
    """Return the range of a type's stored integers, negated for ``sign=-1``."""
    least, largest = fmt.stored_min, fmt.stored_max
    if sign < 0:
        least, largest = -largest, -least
    return Range(least=least, largest=largest, point=fmt.fraction_length)


class Term(NamedTuple):
    """A summand by its type alone: its site, its width in bits at its LSB 2^-point."""

    site: str
    bits: int
    point: int


def check_sum(where: str, terms: Sequence[Term], what: str, *, picks: bool = False) -> int:
    """Return the sum's fraction length, that of the finest term.

    Args:
        where: The layer's name.
        terms: What is added up.
        what: The sum in words.
        picks: Whether one of the terms is picked instead: that needs no bit more than the widest.

    Raises:
        ExecutionError: If the exact sum may need more than 62 bits.
    """
    point = max(term.point for term in terms)
    bits = max(term.bits + point - term.point for term in terms)
    bits += 0 if picks else math.ceil(math.log2(len(terms)))
    if bits > MAX_SUM_BITS:
        parts = "; ".join(f"{term.site}: {term.bits} bits at LSB 2^{-term.point}" for term in terms)
        message = (
            f"{where}: wanted an exact {what} of at most {MAX_SUM_BITS} bits; got {bits} bits ({parts}). "
            "Use narrower types, or bring their fraction lengths closer together."
        )
        raise ExecutionError(message)
    return point


def with_modes(settings: Settings, modes: Modes) -> Settings:
    """Return the settings with the modes' codes."""
    return settings._replace(rounding=modes.rounding.code, overflow=modes.overflow.code)


def with_limit(settings: Settings, worst: Range, modes: Modes) -> Settings:
    """Return the settings with the accumulator's limit, if the worst case can reach it."""
    bits = modes.accumulator_bits
    if bits is None or worst.bits <= bits:
        return settings
    half = 1 << bits - 1
    wraps = int(modes.accumulator_overflow == "wrap")
    return settings._replace(careful=1, limit=1, limit_wraps=wraps, limit_min=-half, limit_max=half - 1)


def with_cast(settings: Settings, largest: int, target: FixedPoint | None, modes: Modes) -> Settings:
    """Return the settings with a quick cast, where one is exact; the sums' LSB becomes the target's if that is finer.

    Args:
        settings: With modes and limit; the clip comes afterwards, at the final LSB.
        largest: Bound of every sum's magnitude, in units of the settings' LSB.
        target: The output's type, or None where it has none.
        modes: The modes.
    """
    if modes.rounding is Rounding.STOCHASTIC or settings.limit:
        return settings
    last = settings.point if target is None else target.fraction_length
    finer = max(last - settings.point, 0)
    bound = (largest << finer) + (1 << settings.point + finer - last)
    if bound > _EXACT_DOUBLE or finer + max(settings.shift_sum, settings.shift_bias) > _MAX_SHIFT:
        return settings
    point = settings.point + finer
    cast = QuickCast() if target is None else QuickCast.of(target, point, modes.rounding, modes.overflow)
    return settings._replace(
        quick=1,
        wide=int(settings.wide or bound >= NARROW),
        point=point,
        shift_sum=settings.shift_sum + finer,
        shift_bias=settings.shift_bias + finer,
        cast=cast,
    )


def with_clip(settings: Settings, clip: Clip | None, divisor: int = 1) -> Settings:
    """Return the settings with an activation's bounds, compared exactly with sums at LSB 2^-point / divisor.

    A bound off the grid makes the step careful: what lies beyond it becomes the bound itself, cast as a value.
    """
    lower, upper = bounds_of(clip)
    if lower is not None:
        scaled = scale_bound(lower, settings.point, divisor)
        mantissa, point = take_apart(lower)
        settings = settings._replace(
            clip_min=_clamp(math.ceil(scaled)),
            lower=mantissa,
            lower_point=point,
            careful=settings.careful | int(not _is_on_grid(scaled)),
        )
    if upper is not None:
        scaled = scale_bound(upper, settings.point, divisor)
        mantissa, point = take_apart(upper)
        settings = settings._replace(
            clip_max=_clamp(math.floor(scaled)),
            upper=mantissa,
            upper_point=point,
            careful=settings.careful | int(not _is_on_grid(scaled)),
        )
    return settings


def bounds_of(clip: Clip | None) -> tuple[float | None, float | None]:
    """Return the bounds that act: none where infinite; the upper one alone where they cross, as min(max()) does."""
    if clip is None:
        return None, None
    lower = None if clip.lower is None or clip.lower == -math.inf else clip.lower
    upper = None if clip.upper is None or clip.upper == math.inf else clip.upper
    if lower is not None and upper is not None and lower > upper:
        lower = upper
    return lower, upper


def scale_bound(bound: float, point: int, divisor: int = 1) -> Fraction:
    """Return the bound in units of the sum's LSB, exactly."""
    return Fraction(bound) * Fraction(2) ** point * divisor


def take_apart(bound: float) -> tuple[int, int]:
    """Return (m, p) with bound = m * 2^-p exactly, |m| < 2^24 for a float32.

    >>> take_apart(-0.75)
    (-3, 2)
    """
    mantissa, denominator = bound.as_integer_ratio()
    point = denominator.bit_length() - 1
    while mantissa and mantissa % 2 == 0:
        mantissa //= 2
        point -= 1
    return mantissa, point


def _is_on_grid(scaled: Fraction) -> bool:
    return scaled.denominator == 1 and INT64_MIN <= scaled <= INT64_MAX


def _clamp(number: int) -> int:
    return min(max(number, INT64_MIN), INT64_MAX)
