"""The records of a product in pairs: where its operands, sums and outputs lie, and how its work is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Int64

ROWS = 6
"""Output positions whose sums one tile makes."""
COLUMNS = 16
"""Output channels whose sums one tile makes: six rows of two vectors fill the 16 vector registers of x86."""


class PairTables(NamedTuple):
    """Offsets in elements, int64.

    ``pieces`` of the input that are copied, and their ``places`` in the padded image; ``starts``: the first product of
    each output position, `ROWS` - 1 more at the end; ``runs``: of products behind it; ``windows``: [windows, taps], the
    output positions of which the largest sum counts; ``spots``: of the outputs; ``units``: [units, 4], first and last
    window, first and last position (the last ones not included).
    """

    pieces: Int64[np.ndarray, "pieces"]
    places: Int64[np.ndarray, "pieces"]
    starts: Int64[np.ndarray, "positions+5"]
    runs: Int64[np.ndarray, "runs"]
    windows: Int64[np.ndarray, "windows taps"]
    spots: Int64[np.ndarray, "windows"]
    units: Int64[np.ndarray, "units 4"]


class PairSizes(NamedTuple):
    """Numbers of elements.

    Of an image in x (``image``) and in the output (``made``); of the padded image (0: none is needed); of a piece
    (``taken``), and between its neighbours in x (``apart``) and in the padded image (``spread``); of pairs in a run
    (``length``); ``groups``, a group's inputs (``width``) and ``outputs``; between the outputs of neighbouring channels
    (``step``); and the most positions of a unit.
    """

    image: int
    made: int
    padded: int
    taken: int
    apart: int
    spread: int
    length: int
    groups: int
    width: int
    outputs: int
    step: int
    positions: int


@dataclass(frozen=True, kw_only=True)
class PairLayout:
    """The places of one layer; ``images`` are counted along the batch, ``shape`` is the output's."""

    tables: PairTables
    sizes: PairSizes
    images: int
    shape: tuple[int, ...]

    @property
    def positions(self) -> int:
        """Output positions of an image, before they are pooled."""
        return len(self.tables.starts) - ROWS + 1

    @property
    def runs(self) -> int:
        """Runs of products of an output."""
        return len(self.tables.runs)

    @property
    def units(self) -> int:
        """Units of work over all images."""
        return self.images * len(self.tables.units)


def columns_of(groups: int, outputs: int) -> int:
    """Return the columns of the sums: every group's outputs, filled up to whole tiles."""
    return groups * -(-outputs // COLUMNS) * COLUMNS


def with_rows(starts: np.ndarray) -> np.ndarray:
    """Return positions with as many more as the last tile may read."""
    return np.concatenate([starts, np.repeat(starts[-1:], ROWS - 1)])


def units_of(windows: np.ndarray, most: int) -> np.ndarray:
    """Cut windows into units of neighbours whose positions span at most ``most``, or one window."""
    units, first = [], 0
    low, high = windows.min(axis=1), windows.max(axis=1)
    while first < len(windows):
        spans = np.maximum.accumulate(high[first:]) - np.minimum.accumulate(low[first:]) + 1
        last = first + max(int(np.searchsorted(spans, most, side="right")), 1)
        units.append((first, last, low[first:last].min(), high[first:last].max() + 1))
        first = last
    return np.array(units, np.int64)


def most_positions(units: np.ndarray) -> int:
    """Return the positions of the largest unit."""
    return int((units[:, 3] - units[:, 2]).max())
