"""The signal-to-quantization-noise ratio that follows from a spectrum, and whether it is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.borders import Rule, borders, rule_of
from bitwindow.spectrum.exact_sums import integers
from bitwindow.spectrum.landmarks import CELL_BITS, POSITION_ZERO, RANKS, fraction_of_rank

if TYPE_CHECKING:
    from bitwindow.spectrum.record import Spectrum


@dataclass(frozen=True, kw_only=True)
class Sqnr:
    """Ten times the logarithm of signal energy over error energy, in dB.

    Infinite where nothing is lost, be it of a tensor of zeros alone, for parameters and activations alike.
    ``exact`` is False where part of the error energy is the expected one of values spread evenly between grid points.
    """

    db: float
    exact: bool


@dataclass(frozen=True, kw_only=True)
class Energy:
    """A sum of squared errors.

    Attributes:
        total: All of it.
        exact: Whether none of it is merely expected.
        above: The part of octaves that saturate as a whole: with a finer LSB it is never less.
        below: The part of octaves that underflow as a whole: with a coarser LSB it is never less.
    """

    total: Fraction
    exact: bool
    above: Fraction
    below: Fraction


def sqnr_of(spectrum: Spectrum, fmt: FixedPoint, rounding: Rounding, overflow: Overflow) -> Sqnr:
    """Return the ratio for the finite values of a spectrum, all channels together."""
    signal = spectrum.signal_energy()
    energy = error_energy(spectrum, fmt, rounding, overflow)
    error, exact = energy.total, energy.exact
    if error == 0:
        return Sqnr(db=math.inf, exact=exact)
    # The quotient may lie beyond the floats; its logarithm does not.
    ratio = signal / error
    return Sqnr(db=10 * (math.log10(ratio.numerator) - math.log10(ratio.denominator)), exact=exact)


def error_energy(spectrum: Spectrum, fmt: FixedPoint, rounding: Rounding, overflow: Overflow) -> Energy:
    """Return the sum of the squared errors of a cast, and whether it is exact.

    Octave by octave, in units of the LSB, with a = |x| 2^F: an octave whose values all become one number L has the
    exact error S2 - 2 L S1 + n L^2; that holds for all that underflows or saturates. In octaves inside the window the
    landmarks are known values and their errors are exact; a value of an open interval counts with its expected error,
    1/12 for rounding to nearest and 1/3 for rounding to one side, or with none where the LSB is finer than the data's
    own grid.
    """
    sums, exact = dict.fromkeys(_Share, Fraction(0)), True
    merged = spectrum.merged()
    cells, counts, octaves = merged.parts.cells, merged.parts.counts, merged.parts.octaves
    starts, bits = np.searchsorted(cells, octaves << 7), spectrum.fraction_bits
    stops = np.append(starts[1:], len(cells))
    for row, (first, second) in enumerate(integers(merged.parts.sums)):
        octave = int(octaves[row])
        negative = bool(octave >> (CELL_BITS - 7))
        exponent = (octave & ((1 << (CELL_BITS - 7)) - 1)) - POSITION_ZERO // RANKS
        inside = slice(int(starts[row]), int(stops[row]))
        part = _Octave(
            negative=negative,
            exponent=exponent + fmt.fraction_length,
            ranks={int(cell) % RANKS: int(n) for cell, n in zip(cells[inside], counts[inside], strict=True)},
            first=first * Fraction(2) ** (exponent - 52 + fmt.fraction_length),
            second=second * Fraction(2) ** (2 * (exponent - 52 + fmt.fraction_length)),
        )
        energy, known, share = part.error(fmt, rounding, overflow, bits)
        sums[share] += energy
        exact = exact and known
    scale = Fraction(2) ** (-2 * fmt.fraction_length)
    return Energy(
        total=sum(sums.values()) * scale,
        exact=exact,
        above=sums[_Share.ABOVE] * scale,
        below=sums[_Share.BELOW] * scale,
    )


class _Share(Enum):
    """Where an octave lies: whole above the range, whole below the first step, or elsewhere."""

    ABOVE = auto()
    BELOW = auto()
    ELSEWHERE = auto()


@dataclass(frozen=True, kw_only=True)
class _Octave:
    """The values of one sign in [2^exponent, 2^(exponent + 1)) LSB: counts by rank, sum(a), sum(a^2)."""

    negative: bool
    exponent: int
    ranks: dict[int, int]
    first: Fraction
    second: Fraction

    def to_one_number(self, level: int) -> Fraction:
        return self.second - 2 * level * self.first + sum(self.ranks.values()) * level * level

    def error(
        self, fmt: FixedPoint, rounding: Rounding, overflow: Overflow, fraction_bits: int
    ) -> tuple[Fraction, bool, _Share]:
        rule = rule_of(rounding, negative=self.negative)
        kept, over = (
            edge + RANKS * fmt.fraction_length for edge in borders(fmt, rounding, overflow, negative=self.negative)
        )
        start = RANKS * self.exponent
        low, high = start + min(self.ranks), start + max(self.ranks)
        limit = _limit(fmt, overflow, negative=self.negative)
        if low >= over or (self.negative and limit == 0 and overflow is not Overflow.WRAP):
            wraps = overflow is Overflow.WRAP
            return *self._all_over(limit, fmt, overflow), _Share.ELSEWHERE if wraps else _Share.ABOVE
        if high < kept:
            return self.second, True, _Share.BELOW
        nearest = self.exponent == -1 and rule is not Rule.TRUNCATE
        if high < over and (nearest or (self.exponent < 0 and low >= kept)):
            # Of what rounds to nearest only ties may become 0 here, and a tie is as far from 0 as from 1.
            return self.to_one_number(1), True, _Share.ELSEWHERE
        place = _Place(
            exponent=self.exponent,
            rule=rule,
            over=over - start,
            limit=limit,
            fmt=_at_one(fmt),
            overflow=overflow,
            negative=self.negative,
            finer=self.exponent >= fraction_bits,
        )
        cells = _cells(place)
        total = sum(n * cells.numerators[rank] for rank, n in self.ranks.items())
        return Fraction(total, cells.denominator), all(cells.known[rank] for rank in self.ranks), _Share.ELSEWHERE

    def _all_over(self, limit: int, fmt: FixedPoint, overflow: Overflow) -> tuple[Fraction, bool]:
        match overflow:
            case Overflow.SATURATE_ZERO:
                return self.second, True
            case Overflow.WRAP:
                # What is left after wrapping is taken as spread evenly over the range.
                spread = Fraction(1 << (2 * fmt.word_length), 12 if fmt.signed else 3)
                mean = 0 if fmt.signed else (1 << fmt.word_length) // 2
                sign = -1 if self.negative else 1
                return self.second - 2 * sign * mean * self.first + sum(self.ranks.values()) * spread, False
        return self.to_one_number(limit), True


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """The squared errors, in LSB^2, of a value of each rank of one octave: numerators over one denominator."""

    numerators: tuple[int, ...]
    denominator: int
    known: tuple[bool, ...]


@lru_cache(maxsize=256)
def _at_one(fmt: FixedPoint) -> FixedPoint:
    """Return the type with an LSB of 1: in units of the LSB, errors do not depend on F."""
    return FixedPoint(fmt.signed, fmt.word_length, 0)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where an octave of one sign lies among the values of a type with an LSB of 1.

    ``over`` is the rank from which on its values overflow, ``limit`` the magnitude at which they saturate; ``finer``
    says that the LSB is finer than the data's own grid.
    """

    exponent: int
    rule: Rule
    over: int
    limit: int
    fmt: FixedPoint
    overflow: Overflow
    negative: bool
    finer: bool


# An octave's place relative to the LSB decides, whatever the tensor and F: schemes that try every F find it made.
@lru_cache(maxsize=4096)
def _cells(place: _Place) -> _Cells:
    pairs = [_cell(rank, place) for rank in range(RANKS)]
    denominator = math.lcm(*(energy.denominator for energy, _ in pairs))
    return _Cells(
        numerators=tuple(energy.numerator * (denominator // energy.denominator) for energy, _ in pairs),
        denominator=denominator,
        known=tuple(known for _, known in pairs),
    )


def _cell(rank: int, place: _Place) -> tuple[Fraction, bool]:
    """Return the squared error, in LSB^2, of a value of one rank, and whether it is exact."""
    rule = place.rule
    lower, upper = _bounds(rank, place.exponent)
    known = rank % 2 == 0
    value = lower if known else (lower + upper) / 2
    if rank >= place.over:
        return _overflow_error(value, _rounded(value, rule), place), known
    if known:
        return (value - _rounded(value, rule)) ** 2, True
    if place.finer:
        return Fraction(0), True
    # An interval between two neighbours of the grid, or of the half grid, has its own expected error.
    if upper - lower <= Fraction(1, 2):
        below = _rounded((lower + upper) / 2, rule)
        return ((upper - below) ** 3 - (lower - below) ** 3) / (3 * (upper - lower)), False
    return Fraction(1, 12 if rule not in (Rule.TRUNCATE, Rule.AWAY) else 3), False


def _overflow_error(value: Fraction, k: int, place: _Place) -> Fraction:
    match place.overflow:
        case Overflow.SATURATE_ZERO:
            return value * value
        case Overflow.WRAP:
            return (value - _wrapped(k, place.fmt, negative=place.negative)) ** 2
        case _:
            return (value - place.limit) ** 2


def _limit(fmt: FixedPoint, overflow: Overflow, *, negative: bool) -> int:
    if not negative:
        return fmt.stored_max
    if not fmt.signed:
        return 0
    return fmt.stored_max if overflow is Overflow.SATURATE_SYMMETRIC else -fmt.stored_min


def _bounds(rank: int, exponent: int) -> tuple[Fraction, Fraction]:
    if rank == 1:
        edges = (Fraction(0), Fraction(1, 1 << 32))
    elif rank == RANKS - 1:
        edges = (1 - Fraction(1, 1 << 32), Fraction(1))
    else:
        edges = (_fraction(rank - rank % 2), _fraction(rank + rank % 2))
    scale = Fraction(2) ** exponent
    return scale * (1 + edges[0]), scale * (1 + edges[1])


def _fraction(rank: int) -> Fraction:
    numerator, power = fraction_of_rank(rank)
    return Fraction(numerator, 1 << power)


def _rounded(a: Fraction, rule: Rule) -> int:
    whole = math.floor(a)
    match rule:
        case Rule.TRUNCATE:
            return whole
        case Rule.AWAY:
            return math.ceil(a)
        case Rule.HALF_AWAY:
            return math.floor(a + Fraction(1, 2))
        case Rule.HALF_ZERO:
            return math.ceil(a - Fraction(1, 2))
        case Rule.HALF_EVEN:
            return round(a)


def _wrapped(k: int, fmt: FixedPoint, *, negative: bool) -> int:
    """Return the wrapped magnitude, seen from the value's own sign."""
    sign = -1 if negative else 1
    return sign * ((sign * k - fmt.stored_min) % (1 << fmt.word_length) + fmt.stored_min)
