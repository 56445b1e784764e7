"""The loop for everything but long float32 tensors: float64 patterns with weights and channels, into hash tables.

It is exact for every float64 value, denormals included, and takes the smaller dtypes after a (lossless) widening.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from bitwindow.spectrum.compiled import compiled, leading_zeros
from bitwindow.spectrum.landmarks import CELL_BITS, POSITION_ZERO

u64, i64 = nb.uint64, nb.int64
SUMS = 8
"""32-bit pieces of the sums of f, a^2, a b and b^2, where f = 2^26 a + b are the 52 fraction bits."""
FRACTION = (1 << 52) - 1
HALF = (1 << 26) - 1
EMPTY = -1


@compiled
def rank_of_fraction(fraction: Any) -> Any:
    """Return the rank of a 52-bit fraction."""
    if fraction == u64(0):
        return i64(0)
    top = u64(fraction << u64(12))
    if top >> u64(63):
        run = i64(leading_zeros(u64(~top)))
        if run > 32:
            return i64(127)
        return i64(62 + 2 * run + (1 if u64(top << u64(run)) != u64(0) else 0))
    m = i64(leading_zeros(top)) + 1
    if m > 32:
        return i64(1)
    return i64(66 - 2 * m + (1 if u64(top << u64(m)) != u64(0) else 0))


@compiled
def _slot(keys: Any, key: Any) -> Any:
    mask = u64(keys.size - 1)
    slot = u64(u64(key) * u64(0x9E3779B97F4A7C15)) >> u64(20) & mask
    while keys[slot] != key and keys[slot] != EMPTY:
        slot = u64(slot + u64(1)) & mask
    return slot


@compiled
def _add_sums(sums: Any, slot: Any, fraction: Any, weight: Any) -> None:
    a, b = u64(fraction >> u64(26)), u64(fraction & u64(HALF))
    low = u64(0xFFFFFFFF)
    for piece, value in enumerate((fraction, u64(a * a), u64(a * b), u64(b * b))):
        sums[slot, 2 * piece] += weight * (value & low)
        sums[slot, 2 * piece + 1] += weight * (value >> u64(32))


@compiled
def count_float64(
    patterns: Any,
    weights: Any,
    first: Any,
    inner: Any,
    special: Any,
    extremes: Any,
    cells: Any,
    counts: Any,
    octaves: Any,
    sums: Any,
    used: Any,
) -> Any:
    """Add patterns until a hash table is half full; return how many were added.

    Value ``i`` is the ``first + i``-th of its array and belongs to channel ``(first + i) // inner % channels``.
    ``special`` int64[channels, 4]: zeros, NaNs, infinities, fraction bits needed. ``extremes`` float64[channels, 2].
    ``cells``/``counts`` and ``octaves``/``sums`` are the tables, ``used`` int64[2] their fill. ``weights`` is int64, of
    length 1 for all alike; the weights of one table add up to less than 2^32.
    """
    channels = special.shape[0]
    same = weights.size == 1
    for i in range(patterns.size):
        if 2 * used[0] >= cells.size or 2 * used[1] >= octaves.size:
            return i
        weight = weights[0] if same else weights[i]
        channel = (first + i) // inner % channels
        pattern = patterns[i]
        negative = i64(pattern >> u64(63))
        magnitude = u64(pattern & u64(0x7FFFFFFFFFFFFFFF))
        field = i64(magnitude >> u64(52))
        fraction = u64(magnitude & u64(FRACTION))
        if field == 2047:
            special[channel, 1 if fraction != u64(0) else 2] += weight
            continue
        value = 0.0
        if magnitude == u64(0):
            special[channel, 0] += weight
        else:
            exponent = field - 1023
            if field == 0:
                shift = i64(leading_zeros(fraction)) - 11
                exponent = -1022 - shift
                fraction = u64(u64(fraction << u64(shift)) & u64(FRACTION))
            position = 128 * exponent + rank_of_fraction(fraction) + POSITION_ZERO
            cell = ((2 * channel + negative) << CELL_BITS) | position
            slot = _slot(cells, cell)
            if cells[slot] == EMPTY:
                cells[slot] = cell
                used[0] += 1
            counts[slot, 0] += weight
            octave = cell >> 7
            slot = _slot(octaves, octave)
            if octaves[slot] == EMPTY:
                octaves[slot] = octave
                used[1] += 1
            _add_sums(sums, slot, fraction, u64(weight))
            while special[channel, 3] < 52 and u64(fraction << u64(12 + special[channel, 3])) != u64(0):
                special[channel, 3] += 1
            value = patterns[i : i + 1].view(np.float64)[0]
        extremes[channel, 0] = min(extremes[channel, 0], value)
        extremes[channel, 1] = max(extremes[channel, 1], value)
    return patterns.size


@compiled
def move_table(keys: Any, values: Any, new_keys: Any, new_values: Any) -> None:
    """Copy a hash table into a larger, empty one; ``values`` has two axes."""
    for i in range(keys.size):
        if keys[i] != EMPTY:
            slot = _slot(new_keys, keys[i])
            new_keys[slot] = keys[i]
            new_values[slot, :] = values[i, :]
