"""The host path: from an array in memory to the parts of its spectrum, on all cores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from bitwindow.errors import DataError
from bitwindow.spectrum import float32_kernel as fast
from bitwindow.spectrum import generic_kernel as generic
from bitwindow.spectrum.exact_sums import limbs
from bitwindow.spectrum.landmarks import CELL_BITS, POSITION_ZERO, RANKS, runs_of_ranks
from bitwindow.spectrum.parts import Parts, empty, merged, values_in_octaves
from bitwindow.spectrum.workers import workers

DTYPES = (np.dtype(np.float32), np.dtype(ml_dtypes.bfloat16), np.dtype(np.float16), np.dtype(np.float64))
SHORT = 1 << 15
"""Below this many values the tables of the fast loop cost more than they save."""
SPLIT = 1 << 18
"""From this many values on the work goes to several threads."""
CHUNK = 1 << 14
"""Values that the generic loop takes at a time: it widens them to float64."""
LONGEST = 1 << 31
"""Values that one set of tables can hold."""

T = TypeVar("T")
_scratch = threading.local()


def count(x: Any, axis: int | None = None) -> Parts:
    """Return the parts of the spectrum of an array, one channel for each index of ``axis``.

    Raises:
        DataError: If the array is not of a supported float dtype, or has no such axis.
    """
    array = np.asarray(x)
    if array.dtype.newbyteorder("=") not in DTYPES:
        message = (
            f"spectrum: wanted an array of float32, bfloat16, float16 or float64; got dtype {array.dtype}. "
            "Convert it, or take the floats it was made from."
        )
        raise DataError(message)
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    if axis is not None:
        return _by_channel(array, axis)
    flat = array.reshape(-1)
    if flat.size < SHORT or flat.dtype == np.float64:
        return _spread(_generic, flat)
    if flat.dtype == np.float32:
        return _float32(flat)
    return _spread(_sixteen_bits, flat)


def _by_channel(array: NDArray[Any], axis: int) -> Parts:
    if not -array.ndim <= axis < array.ndim:
        message = f"spectrum: wanted an axis of an array of shape {array.shape}; got axis={axis}."
        raise DataError(message)
    axis %= array.ndim
    channels = array.shape[axis]
    inner = int(np.prod(array.shape[axis + 1 :]))
    return _spread(lambda flat, first: _generic(flat, first, channels=channels, inner=inner), array.reshape(-1))


def _spread(work: Callable[[NDArray[Any], int], Parts], flat: NDArray[Any]) -> Parts:
    return merged(_in_threads(work, flat))


def _in_threads(work: Callable[[NDArray[Any], int], T], flat: NDArray[Any]) -> list[T]:
    """Return what the work gives for each piece of the values, on all cores."""
    if flat.size < SPLIT:
        return [work(flat, 0)]
    pieces = max(workers(), -(-flat.size // LONGEST))
    # Multiples of a block: no thread but the last meets a remainder.
    step = -(-flat.size // (pieces * fast.BLOCK)) * fast.BLOCK
    jobs = [_pool().submit(work, flat[start : start + step], start) for start in range(0, flat.size, step)]
    return [job.result() for job in jobs]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers(), thread_name_prefix="spectrum")


def _generic(
    flat: NDArray[Any],
    first: int = 0,
    *,
    weights: NDArray[np.int64] | None = None,
    channels: int = 1,
    inner: int = 1,
) -> Parts:
    start = empty(channels)
    special, extremes = start.special, start.extremes
    cells, octaves = np.full(1024, generic.EMPTY, np.int64), np.full(128, generic.EMPTY, np.int64)
    counts, sums = np.zeros((1024, 1), np.int64), np.zeros((128, generic.SUMS), np.uint64)
    used = np.zeros(2, np.int64)
    one = np.ones(1, np.int64)
    done = 0
    while done < flat.size:
        stop = min(done + CHUNK, flat.size)
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            patterns = flat[done:stop].astype(np.float64, copy=False).view(np.uint64)
        chosen = one if weights is None else weights[done:stop]
        done += generic.count_float64(
            patterns, chosen, first + done, inner, special, extremes, cells, counts, octaves, sums, used
        )
        if 2 * used[0] >= cells.size:
            cells, counts = _grown(cells, counts)
        if 2 * used[1] >= octaves.size:
            octaves, sums = _grown(octaves, sums)
    return _from_tables(cells, counts, octaves, sums, special, extremes)


def _grown(keys: NDArray[np.int64], values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    new_keys = np.full(4 * len(keys), generic.EMPTY, np.int64)
    new_values = np.zeros((4 * len(keys), values.shape[1]), values.dtype)
    generic.move_table(keys, values, new_keys, new_values)
    return new_keys, new_values


def _from_tables(
    cells: NDArray[np.int64],
    counts: NDArray[np.int64],
    octaves: NDArray[np.int64],
    sums: NDArray[np.uint64],
    special: NDArray[np.int64],
    extremes: NDArray[np.float64],
) -> Parts:
    order = np.argsort(cells)[np.count_nonzero(cells == generic.EMPTY) :]
    cells, counts = cells[order], counts[order, 0]
    order = np.argsort(octaves)[np.count_nonzero(octaves == generic.EMPTY) :]
    octaves, sums = octaves[order], sums[order]
    n = values_in_octaves(cells, counts)
    fractions = [(sums[:, 0], 0), (sums[:, 1], 32)]
    squares = [
        *((sums[:, 2 + half], 52 + 32 * half) for half in (0, 1)),
        *((sums[:, 4 + half], 27 + 32 * half) for half in (0, 1)),
        *((sums[:, 6 + half], 32 * half) for half in (0, 1)),
    ]
    return Parts(
        cells=cells,
        counts=counts,
        octaves=octaves,
        sums=significand_sums(n, fractions, squares, 52),
        special=special,
        extremes=extremes + 0.0,
    )


def significand_sums(
    n: NDArray[np.int64],
    fractions: list[tuple[NDArray[np.uint64], int]],
    squares: list[tuple[NDArray[np.uint64], int]],
    bits: int,
) -> NDArray[np.int64]:
    """Return the limbs of S1 and S2 from n, sum(f) and sum(f^2) of ``bits``-bit fractions.

    With s = 2^52 + f 2^g, g = 52 - bits: S1 = 2^52 n + 2^g sum(f), S2 = 2^104 n + 2^(53 + g) sum(f) + 2^(2g) sum(f^2).
    """
    g = 52 - bits
    first = limbs([(n, 52), *((value, shift + g) for value, shift in fractions)], 4)
    second = limbs(
        [
            (n, 104),
            *((value, shift + 53 + g) for value, shift in fractions),
            *((value, shift + 2 * g) for value, shift in squares),
        ],
        6,
    )
    return np.concatenate([first, second], axis=1)


def _float32_scratch() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    # One set for each thread of the pool, kept: one megabyte that are zero whenever no count runs.
    if not hasattr(_scratch, "tables"):
        table = np.zeros((fast.LANES, fast.CELLS), np.uint64)
        _scratch.tables = table, np.zeros((fast.LANES, fast.ROWS), np.uint64)
    tables: tuple[NDArray[np.uint64], NDArray[np.uint64]] = _scratch.tables
    return tables


def _float32(flat: NDArray[Any]) -> Parts:
    tables = _in_threads(_float32_tables, flat)
    counts, totals = sum(table for table, _, _ in tables), sum(sums for _, sums, _ in tables)
    ends = np.stack([extremes for _, _, extremes in tables])
    extremes = np.array([ends[:, 0].min(), ends[:, 1].max(), np.bitwise_or.reduce(ends[:, 2])], np.int32)
    parts = parts_of_float32_table(counts, totals, extremes)
    table = counts.reshape(2, 256, RANKS)
    if np.count_nonzero(np.delete(table[:, 0], ZERO_COLUMN, axis=1)):
        return merged([parts, _generic(_denormals(flat.view(np.uint32)).view(np.float32))])
    return parts


def _float32_tables(flat: NDArray[Any], first: int) -> tuple[Any, Any, NDArray[np.int32]]:  # noqa: ARG001
    """Return the counts of each cell, the sums of each row and the extremes of some values."""
    counts = np.zeros(fast.CELLS, np.int64)
    totals = np.zeros((fast.ROWS, 3), np.uint64)
    extremes = np.array([2**31 - 1, -(2**31), 0], np.int32)
    fast.count_float32(flat.view(np.uint32), *_float32_scratch(), counts, totals, extremes)
    return counts, totals, extremes


def count_cells(x: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the counts of a float32 array alone, int64[512 * 128] by sign and exponent field and column, on all cores.

    The full table that the counts of types need, without the sums and extremes of a spectrum: what they cost is
    measured against this. Denormals are not brought to their octaves.
    """
    patterns = np.ascontiguousarray(x, np.float32).reshape(-1).view(np.uint32)
    step = max(-(-patterns.size // (workers() * fast.BLOCK)) * fast.BLOCK, fast.BLOCK)
    parts = [patterns[start : start + step] for start in range(0, patterns.size, step)]
    total = np.zeros(fast.CELLS, np.int64)
    for counts in _pool().map(_cells_of, parts):
        total += counts
    return total


def _cells_of(patterns: NDArray[np.uint32]) -> NDArray[np.int64]:
    counts = np.zeros(fast.CELLS, np.int64)
    fast.count_float32_cells(patterns, np.zeros((fast.LANES, fast.CELLS), np.uint32), counts)
    return counts


def _denormals(patterns: NDArray[np.uint32]) -> NDArray[np.uint32]:
    found = np.zeros(min(patterns.size, CHUNK), np.uint32)
    needed = fast.denormals_in(patterns, found)
    if needed > found.size:
        found = np.zeros(needed, np.uint32)
        fast.denormals_in(patterns, found)
    return found[:needed]


ZERO_COLUMN = 2 * 23
"""The column of fraction 0: no ones follow, a run of all 23 bits, nothing after it."""


@cache
def _rank_of_column() -> NDArray[np.int64]:
    run, tail = runs_of_ranks()
    rank = np.full(RANKS, -1)
    for place in range(RANKS):
        length = abs(int(run[place]))
        # Float32 has no landmarks beyond its 23 bits; its fraction 0 is a run of 23 zeros.
        if 0 < length < 23 or run[place] == 23:
            rank[64 * (run[place] > 0) + 2 * length + (1 - tail[place])] = place
    rank[ZERO_COLUMN] = 0
    return rank


def parts_of_float32_table(counts: NDArray[np.int64], totals: NDArray[np.uint64], extremes: NDArray[np.int32]) -> Parts:
    """Return the parts of the normal values, zeros and specials of a float32 table; denormals are left out."""
    table = counts.reshape(2, 256, RANKS)
    infinite = table[:, 255, ZERO_COLUMN].sum()
    special = np.array([[table[:, 0, ZERO_COLUMN].sum(), table[:, 255].sum() - infinite, infinite, 0]], np.int64)
    field = np.tile(np.arange(256), 2)
    normal = (field > 0) & (field < 255)
    fractions = [(totals[:, 0], 0)]
    squares = [(totals[:, 1], 0), (totals[:, 2], 32)]
    return parts_of_rows(table.reshape(512, RANKS), field - 127, normal, fractions, squares, special, extremes)


def parts_of_rows(
    table: NDArray[np.int64],
    exponents: NDArray[np.int64],
    kept: NDArray[np.bool_],
    fractions: list[tuple[NDArray[np.uint64], int]],
    squares: list[tuple[NDArray[np.uint64], int]],
    special: NDArray[np.int64],
    extremes: NDArray[np.int32],
) -> Parts:
    """Return the parts of counts by row (sign, octave) and column, of 23-bit fractions.

    Args:
        table: int64[rows, 128], the positive rows before the negative ones.
        exponents: The MSB exponent of each row.
        kept: Which rows hold nonzero finite values.
        fractions: For each row the sum of its fractions, as terms with their powers of two.
        squares: For each row the sum of their squares.
        special: int64[1, 4], where the fraction bits are still to be set.
        extremes: int32[3], see ``float32_kernel.EXTREMES``.
    """
    bits = int(extremes[2]) & 0x7FFFFF
    special[0, 3] = 0 if bits == 0 else 24 - (bits & -bits).bit_length()
    span = empty(1).extremes
    if extremes[0] <= extremes[1]:
        ordered = extremes[:2]
        patterns = (ordered ^ ((ordered >> 31) & np.int32(0x7FFFFFFF))).view(np.float32)
        span[0] = patterns.astype(np.float64) + 0.0
    alive = np.flatnonzero(table.any(axis=1) & kept)
    places, columns = np.nonzero(table[alive])
    rows = alive[places]
    negative = rows >= len(table) // 2
    cells = (negative.astype(np.int64) << CELL_BITS) | (
        RANKS * exponents[rows] + _rank_of_column()[columns] + POSITION_ZERO
    )
    order = np.argsort(cells)
    cells, values = cells[order], table[rows, columns][order]
    used = np.unique(rows)
    return Parts(
        cells=cells,
        counts=values,
        octaves=np.unique(cells >> 7),
        sums=significand_sums(
            values_in_octaves(cells, values),
            [(term[used], shift) for term, shift in fractions],
            [(term[used], shift) for term, shift in squares],
            23,
        ),
        special=special,
        extremes=span,
    )


def _sixteen_bits(flat: NDArray[Any], first: int = 0) -> Parts:  # noqa: ARG001
    table = np.zeros((fast.LANES, 1 << 16), np.int64)
    fast.count_patterns16(flat.view(np.uint16), table)
    weights = table.sum(axis=0)
    seen = np.flatnonzero(weights)
    return _generic(seen.astype(np.uint16).view(flat.dtype), weights=weights[seen])
