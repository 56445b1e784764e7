"""The fast loop over float32 bit patterns: all counts and sums of one pass.

A block of patterns becomes cell indices in vector registers, (sign and exponent field) * 128 + column; then a scalar
loop adds each value to its cell. A cell is one 64-bit word: the count above bit 43, the sum of the 23 fraction bits
below. The squares go to one word for each sign and exponent. Four lanes with a table each keep the additions of
neighbours apart.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from bitwindow.spectrum.compiled import compiled, leading_zeros

LANES = 2
"""One is slower on constant data, where each addition waits for the last; four are no faster and twice as large."""
BLOCK = 4096
"""Patterns whose indices stay in the first-level cache."""
BLOCKS_PER_SQUARES = 64
"""2^17 values a lane, and less than a block after the last: 2^18 squared fractions of 46 bits fit 64 bits."""
BLOCKS_PER_TABLE = 512
"""2^20 values a lane: their count and the sum of their fractions fit 21 + 43 bits."""
ROWS = 512
CELLS = ROWS * 128
COUNT_SHIFT = 43
ZERO_CELL = 2 * 23
"""The cell of zero: fraction 0 is a run of all 23 bits."""
MANY_ZEROS = 8
"""From one zero in so many values on, zeros are counted apart: after a ReLU half of the values may be zero."""
EXTREMES = 3
"""The least and the greatest finite pattern in the order of values, and the fraction bits seen."""

u32, u64, i32 = nb.uint32, nb.uint64, nb.int32


@compiled
def cell_index(pattern: Any) -> Any:
    """Return (sign and exponent field) * 128 + 64 * (ones follow) + 2 * run + (something follows the run)."""
    top = u32(pattern << u32(9))
    ones = u32(i32(top) >> 31)
    run = u32(leading_zeros(u32((top ^ ones) | u32(256))))
    rest = u32(top << u32(run + u32(1) + ones))
    tail = u32(1) if rest != u32(0) else u32(0)
    return u32(u32(u32(pattern >> u32(23)) << u32(7)) | u32(ones & u32(64)) | u32(run << u32(1)) | tail)


@compiled
def _extremes(patterns: Any, extremes: Any) -> None:
    least, greatest, bits = i32(extremes[0]), i32(extremes[1]), i32(extremes[2])
    for i in range(patterns.size):
        pattern = i32(patterns[i])
        magnitude = i32(pattern & i32(0x7FFFFFFF))
        ordered = i32(pattern ^ i32(i32(pattern >> i32(31)) & i32(0x7FFFFFFF)))
        finite = magnitude < i32(0x7F800000)
        low = ordered if finite else i32(0x7FFFFFFF)
        high = ordered if finite else i32(-0x80000000)
        # Selections, not min and max: those of numba do not vectorize.
        least = min(least, low)
        greatest = max(greatest, high)
        # Denormals are counted apart: the precision of their fractions is not that of the field.
        normal = finite & (magnitude >= i32(0x00800000))
        bits = i32(bits | (i32(magnitude & i32(0x7FFFFF)) if normal else i32(0)))
    extremes[0], extremes[1], extremes[2] = least, greatest, bits


@compiled
def _drain_squares(squares: Any, totals: Any) -> None:
    for lane in range(LANES):
        for row in range(ROWS):
            totals[row, 1] += squares[lane, row] & u64(0xFFFFFFFF)
            totals[row, 2] += squares[lane, row] >> u64(32)
            squares[lane, row] = 0


@compiled
def _drain_table(table: Any, counts: Any, totals: Any) -> None:
    for lane in range(LANES):
        for cell in range(CELLS):
            word = table[lane, cell]
            if word != 0:
                counts[cell] += np.int64(word >> u64(COUNT_SHIFT))
                totals[cell >> 7, 0] += word & u64((1 << COUNT_SHIFT) - 1)
                table[lane, cell] = 0


@compiled
def _zeros(block: Any) -> Any:
    count = u32(0)
    for i in range(block.size):
        count += u32(1) if u32(block[i] << u32(1)) == u32(0) else u32(0)
    return np.int64(count)


@compiled
def _without_zeros(block: Any, nonzero: Any) -> Any:
    """Copy what is not zero and return how much it is: what follows costs several times as much a value."""
    left = 0
    for i in range(block.size):
        nonzero[left] = block[i]
        left += 1 if u32(block[i] << u32(1)) != u32(0) else 0
    return left


@compiled
def _add_lanes(block: Any, size: Any, index: Any, table: Any, squares: Any) -> None:
    """Add the first ``size`` patterns, a multiple of LANES, to the tables."""
    for i in range(size):
        index[i] = cell_index(block[i])
    for i in range(0, size, LANES):
        for lane in range(LANES):
            cell = index[i + lane]
            fraction = u64(block[i + lane] & u32(0x7FFFFF))
            table[lane, cell] += fraction + u64(1 << COUNT_SHIFT)
            squares[lane, cell >> nb.uint16(7)] += fraction * fraction


@compiled
def _add(block: Any, index: Any, table: Any, squares: Any) -> None:
    """Add a block of patterns to the tables."""
    whole = block.size - block.size % LANES
    _add_lanes(block, whole, index, table, squares)
    for i in range(whole, block.size):
        cell = cell_index(block[i])
        fraction = u64(block[i] & u32(0x7FFFFF))
        table[0, cell] += fraction + u64(1 << COUNT_SHIFT)
        squares[0, cell >> nb.uint16(7)] += fraction * fraction


@compiled
def count_float32(
    patterns: Any,
    table: Any,
    squares: Any,
    counts: Any,
    totals: Any,
    extremes: Any,
) -> None:
    """Add a contiguous uint32 array of patterns to ``counts`` int64[CELLS] and ``totals`` uint64[ROWS, 3].

    ``table`` uint64[LANES, CELLS] and ``squares`` uint64[LANES, ROWS] are scratch, zero before and after.
    ``totals`` holds the sum of fractions and the two halves of the sum of squared fractions; ``extremes``
    int32[EXTREMES].
    """
    index, nonzero = np.empty(BLOCK, np.uint16), np.empty(BLOCK, np.uint32)
    blocks = patterns.size // BLOCK
    for number in range(blocks):
        block = patterns[number * BLOCK : (number + 1) * BLOCK]
        _extremes(block, extremes)
        if _zeros(block) > BLOCK // MANY_ZEROS:
            left = _without_zeros(block, nonzero)
            counts[ZERO_CELL] += BLOCK - left
            _add(nonzero[:left], index, table, squares)
        else:
            _add_lanes(block, BLOCK, index, table, squares)
        if (number + 1) % BLOCKS_PER_SQUARES == 0:
            _drain_squares(squares, totals)
        if (number + 1) % BLOCKS_PER_TABLE == 0:
            _drain_table(table, counts, totals)
    rest = patterns[blocks * BLOCK :]
    _add(rest, index, table, squares)
    _extremes(rest, extremes)
    _drain_squares(squares, totals)
    _drain_table(table, counts, totals)


@compiled
def count_float32_cells(patterns: Any, table: Any, counts: Any) -> None:
    """Add patterns to ``counts`` alone, without sums and extremes: what the counts of types need and no more.

    ``table`` uint32[LANES, CELLS] is scratch, zero before and after; at most 2^32 patterns.
    """
    index = np.empty(BLOCK, np.uint16)
    blocks = patterns.size // BLOCK
    for number in range(blocks):
        block = patterns[number * BLOCK : (number + 1) * BLOCK]
        for i in range(BLOCK):
            index[i] = cell_index(block[i])
        for i in range(0, BLOCK, LANES):
            for lane in range(LANES):
                table[lane, index[i + lane]] += u32(1)
    for i in range(blocks * BLOCK, patterns.size):
        table[0, cell_index(patterns[i])] += u32(1)
    for lane in range(LANES):
        for cell in range(CELLS):
            counts[cell] += np.int64(table[lane, cell])
            table[lane, cell] = 0


@compiled
def count_patterns16(patterns: Any, table: Any) -> None:
    """Add a contiguous uint16 array of patterns to ``table`` int64[LANES, 65536]."""
    whole = patterns.size - patterns.size % LANES
    for i in range(0, whole, LANES):
        for lane in range(LANES):
            table[lane, patterns[i + lane]] += 1
    for i in range(whole, patterns.size):
        table[0, patterns[i]] += 1


@compiled
def denormals_in(patterns: Any, out: Any) -> Any:
    """Copy the denormal patterns to ``out`` as far as it reaches; return how many there are."""
    found = 0
    for i in range(patterns.size):
        magnitude = patterns[i] & u32(0x7FFFFFFF)
        if u32(0) < magnitude < u32(0x00800000):
            if found < out.size:
                out[found] = patterns[i]
            found += 1
    return found
