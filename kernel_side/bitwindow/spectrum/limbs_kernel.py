"""The compiled arithmetic of limbs: NumPy takes a hundred times as long to start its operations as a few rows take."""

from __future__ import annotations

from typing import Any

import numba as nb

from bitwindow.spectrum.compiled import compiled

i64, u64 = nb.int64, nb.uint64
MASK = 0xFFFFFFFF


@compiled
def add_term(values: Any, shift: Any, out: Any) -> None:
    """Add values * 2^shift, uint64[rows], to limbs int64[rows, columns], without carrying; no limb gets near 2^63."""
    start, low = shift // 32, u64(shift % 32)
    for row in range(values.size):
        for part in range(2):
            piece = u64(u64(values[row] >> u64(32 * part)) & u64(MASK)) << low
            column = start + part
            if column < out.shape[1]:
                out[row, column] += i64(piece & u64(MASK))
            if column + 1 < out.shape[1]:
                out[row, column + 1] += i64(piece >> u64(32))


@compiled
def carry(values: Any) -> None:
    """Bring every limb of int64[rows, columns] below 2^32, all but the last, by carrying to the next one."""
    for row in range(values.shape[0]):
        for column in range(values.shape[1] - 1):
            values[row, column + 1] += values[row, column] >> i64(32)
            values[row, column] &= i64(MASK)
