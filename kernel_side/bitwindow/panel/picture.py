"""The picture of the heat map as records: which cell holds how many MSBs, and which cells the type has bits for.

Pure: sites in, cells out. The live figure, the static image of a saved notebook and the tests all read this.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from bitwindow.network.records import SiteKind
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel.contract import SiteView

MAX_COLUMNS = 64
WIDE = 16
"""A window of more bits, as that of a bias of 32, reaches far beyond what any value uses: it asks for no column."""
_GLIMPSE = 4
"""The columns of such a window that are shown at least."""
_MARGIN = 2
_TAIL = 1e-4
"""The share of a row's nonzero values that may gather in the lowest column."""
_LEAST_SHADE = 0.08


class Part(StrEnum):
    """Where a cell lies in the type of its row; a float row has no window and so no part."""

    ABOVE = "above"
    SIGN = "sign"
    WINDOW = "window"
    BELOW = "below"
    FLOAT = "float"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One bit position of one row.

    Attributes:
        exponent: The position k; the cell holds the values with an MSB in [2^k, 2^(k+1)), and an end column all beyond.
        positive: How many positive values have their MSB here.
        negative: How many negative values have their MSB here.
        shade: 0 (white) to 1 (darkest blue): the square root of the share of the row's nonzero values; a cell with any
            value is at least 0.08.
        part: Where the position lies in the row's type.
    """

    exponent: int
    positive: int
    negative: int
    shade: float
    part: Part

    @property
    def count(self) -> int:
        """All values with their MSB here."""
        return self.positive + self.negative


@dataclass(frozen=True, kw_only=True)
class PictureRow:
    """One site: ``cells`` from the highest to the lowest exponent, the same columns in every row.

    ``total`` counts all values, ``zero`` and ``nonzero`` (finite) some of them; ``counted`` tells whether there is a
    spectrum at all.
    """

    name: str
    kind: SiteKind
    format: FixedPoint | None
    cells: tuple[Cell, ...]
    total: int
    zero: int
    nonzero: int
    counted: bool


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The bit positions that the picture shows, from ``high`` down to ``low``, both included."""

    high: int
    low: int

    def __post_init__(self) -> None:
        """Check the order."""
        if self.high < self.low:
            message = f"columns: wanted high >= low; got {self.high} and {self.low}."
            raise ValueError(message)

    @property
    def exponents(self) -> range:
        """The exponents from high to low."""
        return range(self.high, self.low - 1, -1)

    def joined(self, other: Columns) -> Columns:
        """Return the columns that hold both."""
        return Columns(high=max(self.high, other.high), low=min(self.low, other.low))

    def contains(self, other: Columns) -> bool:
        """Tell whether the other columns lie within these."""
        return self.low <= other.low and other.high <= self.high


def fixed_format(site: SiteView) -> FixedPoint | None:
    """Return the site's fixed-point type, None where it is float or not chosen yet."""
    return site.format if isinstance(site.format, FixedPoint) else None


def window_columns(fmt: FixedPoint) -> Columns:
    """Return the positions of a type's bits, with its sign and a margin to move into."""
    return Columns(high=fmt.msb_exponent + fmt.signed + _MARGIN, low=fmt.lsb_exponent - _MARGIN)


def columns(sites: Sequence[SiteView]) -> Columns:
    """Choose the positions to show: every window with a margin, and the MSBs of all but 1e-4 of each row's values.

    At most 64 columns; when that is too few the lowest are left out, and what they hold is added to the lowest shown.
    """
    shown = _of_values(sites)
    for fmt in _formats(sites):
        shown = window_columns(fmt) if shown is None else shown.joined(window_columns(fmt))
    return _shown(shown)


def map_columns(sites: Sequence[SiteView]) -> Columns:
    """Choose the positions that a map of many rows shows: as ``columns``, but for windows of more than 16 bits.

    Of those at least four bits are shown, so that all cells are as wide as the values of the network allow.
    """
    return grown(_of_values(sites), _formats(sites))


def grown(shown: Columns | None, formats: Sequence[FixedPoint]) -> Columns:
    """Return the columns, at most 64, that also show the windows of some types: wide ones in part."""
    for fmt in sorted(formats, key=lambda fmt: fmt.word_length > WIDE):
        if shown is None or fmt.word_length <= WIDE:
            window = window_columns(fmt)
            shown = window if shown is None else shown.joined(window)
        else:
            shown = shown.joined(_glimpse(fmt, shown))
    return _shown(shown)


def _shown(wanted: Columns | None) -> Columns:
    return Columns(high=3, low=-12) if wanted is None else limited(wanted)


def _formats(sites: Sequence[SiteView]) -> list[FixedPoint]:
    return [fmt for site in sites if (fmt := fixed_format(site)) is not None]


def _of_values(sites: Sequence[SiteView]) -> Columns | None:
    wanted = [part for site in sites if (part := _wanted_by_values(site)) is not None]
    return reduce(Columns.joined, wanted) if wanted else None


def _glimpse(fmt: FixedPoint, shown: Columns) -> Columns:
    """Return what to add for some bits of a wide window to be seen."""
    if fmt.lsb_exponent > shown.high - _GLIMPSE + 1:
        return Columns(high=fmt.lsb_exponent + _GLIMPSE - 1, low=fmt.lsb_exponent)
    if fmt.msb_exponent < shown.low + _GLIMPSE - 1:
        return Columns(high=fmt.msb_exponent, low=fmt.msb_exponent - _GLIMPSE + 1)
    return shown


def limited(wanted: Columns) -> Columns:
    """Return at most 64 of the columns, the highest."""
    return Columns(high=wanted.high, low=max(wanted.low, wanted.high - MAX_COLUMNS + 1))


def _wanted_by_values(site: SiteView) -> Columns | None:
    if site.spectrum is None:
        return None
    exponents, positive, negative = site.spectrum.msb_counts()
    counts = {int(e): int(p) + int(n) for e, p, n in zip(exponents, positive, negative, strict=True) if p or n}
    if not counts:
        return None
    allowed, low = _TAIL * sum(counts.values()), min(counts)
    for low in sorted(counts):
        allowed -= counts[low]
        if allowed < 0:
            break
    return Columns(high=max(counts), low=low)


def part_of(fmt: FixedPoint | None, exponent: int) -> Part:
    """Return where a bit position lies in a type.

    >>> [str(part_of(FixedPoint(True, 3, 1), k)) for k in (2, 1, 0, -1, -2)]
    ['above', 'sign', 'window', 'window', 'below']
    """
    if fmt is None:
        return Part.FLOAT
    if exponent > fmt.msb_exponent:
        return Part.SIGN if fmt.signed and exponent == fmt.msb_exponent + 1 else Part.ABOVE
    return Part.WINDOW if exponent >= fmt.lsb_exponent else Part.BELOW


def picture_row(site: SiteView, shown: Columns) -> PictureRow:
    """Return the row of cells of one site."""
    fmt, spectrum = fixed_format(site), site.spectrum
    positive, negative = dict.fromkeys(shown.exponents, 0), dict.fromkeys(shown.exponents, 0)
    if spectrum is not None:
        for e, p, n in zip(*(array.tolist() for array in spectrum.msb_counts()), strict=True):
            column = min(max(e, shown.low), shown.high)
            positive[column] += p
            negative[column] += n
    nonzero = sum(positive.values()) + sum(negative.values())
    cells = tuple(
        Cell(
            exponent=k,
            positive=positive[k],
            negative=negative[k],
            shade=shade(positive[k] + negative[k], nonzero),
            part=part_of(fmt, k),
        )
        for k in shown.exponents
    )
    return PictureRow(
        name=site.name,
        kind=site.kind,
        format=fmt,
        cells=cells,
        total=0 if spectrum is None else spectrum.total,
        zero=0 if spectrum is None else spectrum.zero,
        nonzero=nonzero,
        counted=spectrum is not None,
    )


def shade(count: int, nonzero: int) -> float:
    """Return how dark a cell is: the square root of its share, so that small shares can be seen beside large ones.

    >>> shade(0, 100), shade(25, 100), shade(1, 10**9)
    (0.0, 0.5, 0.08)
    """
    return max(_LEAST_SHADE, math.sqrt(count / nonzero)) if count else 0.0
