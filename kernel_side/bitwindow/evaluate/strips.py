"""Accuracy before you drag: the metric at every position of a site's bit window, the other sites as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bitwindow.errors import FormatError
from bitwindow.evaluate.report import Interval
from bitwindow.numbers.format import FixedPoint
from bitwindow.spectrum.record import Spectrum

BITS_BELOW = 8
"""The finest position offered has its top this many bits below the largest value: nearly everything overflows there."""


@dataclass(frozen=True, kw_only=True)
class StripCell:
    """The metric with one fraction length, over the first ``n`` samples in random order; exact when n is the total.

    ``value`` is None while ``n`` is 0: not evaluated yet, or never, where the types allow no exact execution.
    ``interval`` holds the whole set's figure with 95 % confidence; None for a metric that gives one number for the set.
    ``dropped`` says that the window is hopeless by what is known, so that others were evaluated before it.
    """

    fraction_length: int
    value: float | None
    interval: Interval | None
    n: int
    dropped: bool


@dataclass(frozen=True, kw_only=True)
class Strip:
    """The cells of one site at one width, by fraction length, highest first.

    All figures are those of the network with the present types of all other sites (a bias that follows its layer's
    products moves along). ``float_metric`` is the float network's, over the samples that it was evaluated on so far.
    """

    site: str
    signed: bool
    word_length: int
    metric_name: str
    higher_is_better: bool
    float_metric: float | None
    total: int
    cells: tuple[StripCell, ...]

    def __post_init__(self) -> None:
        """Check the order of the cells."""
        lengths = [cell.fraction_length for cell in self.cells]
        if any(one <= two for one, two in pairwise(lengths)):
            message = f"strip of {self.site!r}: wanted fraction lengths from the highest down, got {lengths}"
            raise ValueError(message)


def positions(present: FixedPoint, spectrum: Spectrum | None) -> tuple[FixedPoint, ...]:
    """Return the window's positions that are worth a look, from the highest fraction length down.

    From the LSB one bit above the largest value's MSB, where nearly everything underflows, to a window whose top is
    8 bits below that MSB; the present position and its neighbours are always among them. M + 9 positions for M bits.

    >>> [fmt.fraction_length for fmt in positions(FixedPoint(True, 2, 1), Spectrum.of([0.75]))]
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    """
    bits, here = present.magnitude_bits, present.fraction_length
    largest = _largest_msb(spectrum)
    if largest is None:
        coarsest, finest = here - bits, here + BITS_BELOW
    else:
        coarsest, finest = -(largest + 1), bits - 1 - (largest - BITS_BELOW)
    lengths = range(max(finest, here + 1), min(coarsest, here - 1) - 1, -1)
    made = (_made(present, length) for length in lengths)
    return tuple(fmt for fmt in made if fmt is not None)


def outward(formats: Sequence[FixedPoint], start: int) -> list[FixedPoint]:
    """Return the positions by their distance from a fraction length: the likeliest goals of a drag come first."""
    return sorted(formats, key=lambda fmt: (abs(fmt.fraction_length - start), fmt.fraction_length))


def _largest_msb(spectrum: Spectrum | None) -> int | None:
    if spectrum is None:
        return None
    exponents, positive, negative = spectrum.merged().msb_counts()
    met = exponents[(positive + negative) > 0]
    return int(met.max()) if met.size else None


def _made(present: FixedPoint, fraction_length: int) -> FixedPoint | None:
    try:
        return FixedPoint(present.signed, present.word_length, fraction_length)
    except FormatError:
        return None
