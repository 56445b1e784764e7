"""Exact sums of significands and of their squares, as arrays of 32-bit limbs.

For each octave of each sign and channel the spectrum keeps S1 = sum(s) and S2 = sum(s^2) of the significands
s = |x| 2^(52 - e), integers in [2^52, 2^53). Integer sums merge bit for bit in any order; float sums do not. Columns 0
to 3 are the limbs of S1 (little end first), 4 to 9 those of S2: room for 2^63 values of 53 bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FIRST, SECOND = slice(0, 4), slice(4, 10)
"""The columns of S1 and of S2."""
COLUMNS = 10

Terms = Sequence[tuple[NDArray[np.int64] | NDArray[np.uint64], int]]
"""Nonnegative integers, each array with the power of two that it is multiplied by."""


def limbs(terms: Terms, columns: int) -> NDArray[np.int64]:
    """Return sum(term * 2^shift) as normalized limbs [row, column]."""
    from bitwindow.spectrum.limbs_kernel import add_term, carry

    out = np.zeros((len(terms[0][0]), columns), np.int64)
    for value, shift in terms:
        add_term(np.ascontiguousarray(value).view(np.uint64), shift, out)
    carry(out)
    return out


def carried(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bring every limb below 2^32 by carrying to the next one."""
    from bitwindow.spectrum.limbs_kernel import carry

    out = np.array(values, np.int64, order="C")
    carry(out)
    return out


def normalized(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Carry S1 and S2 apart from each other."""
    return np.concatenate([carried(values[:, FIRST]), carried(values[:, SECOND])], axis=1)


def integers(values: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (S1, S2) of each row as Python ints."""
    return [(_join(row[FIRST]), _join(row[SECOND])) for row in values.tolist()]


def _join(row: list[int]) -> int:
    return sum(limb << (32 * place) for place, limb in enumerate(row))
