"""What every counting path hands over: raw arrays in one form, made canonical and merged here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitwindow.spectrum.exact_sums import COLUMNS, normalized


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """The arrays of a spectrum. Canonical: keys sorted and unique, counts positive, limbs carried.

    Attributes:
        cells: int64[n], see ``landmarks.CELL_BITS``.
        counts: int64[n], values in each cell.
        octaves: int64[r], ``unique(cells >> 7)``.
        sums: int64[r, 10], see ``exact_sums``.
        special: int64[C, 4], zeros, NaNs, infinities, and the most fraction bits that a significand needs.
        extremes: float64[C, 2], least and greatest finite value; (inf, -inf) where there is none.
    """

    cells: NDArray[np.int64]
    counts: NDArray[np.int64]
    octaves: NDArray[np.int64]
    sums: NDArray[np.int64]
    special: NDArray[np.int64]
    extremes: NDArray[np.float64]


def empty(channels: int) -> Parts:
    """Return the parts of no values at all."""
    return Parts(
        cells=np.zeros(0, np.int64),
        counts=np.zeros(0, np.int64),
        octaves=np.zeros(0, np.int64),
        sums=np.zeros((0, COLUMNS), np.int64),
        special=np.zeros((channels, 4), np.int64),
        extremes=np.tile(np.array([np.inf, -np.inf]), (channels, 1)),
    )


def merged(parts: list[Parts]) -> Parts:
    """Return the parts of all values together; the result does not depend on the order or the grouping."""
    cells, counts = _gathered([part.cells for part in parts], [part.counts for part in parts])
    octaves, sums = _gathered([part.octaves for part in parts], [part.sums for part in parts])
    special = np.stack([part.special for part in parts])
    extremes = np.stack([part.extremes for part in parts])
    return Parts(
        cells=cells,
        counts=counts,
        octaves=octaves,
        sums=normalized(sums),
        special=np.concatenate([special[:, :, :3].sum(axis=0), special[:, :, 3:].max(axis=0)], axis=1),
        # + 0.0 makes -0.0 a zero like the other.
        extremes=np.stack([extremes[:, :, 0].min(axis=0), extremes[:, :, 1].max(axis=0)], axis=1) + 0.0,
    )


def values_in_octaves(cells: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many values lie in each octave of sorted cells."""
    if not cells.size:
        return np.zeros(0, np.int64)
    starts = np.flatnonzero(np.diff(cells >> 7, prepend=-1))
    return np.add.reduceat(counts, starts)


def _gathered(
    keys: list[NDArray[np.int64]], values: list[NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    unique, place = np.unique(np.concatenate(keys), return_inverse=True)
    out = np.zeros((len(unique), *values[0].shape[1:]), np.int64)
    np.add.at(out, place, np.concatenate(values))
    return unique, out
