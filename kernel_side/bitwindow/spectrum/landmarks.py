"""The landmarks: the magnitudes at which rounding and overflow decide, and the order of everything between them.

Within one octave [2^e, 2^(e+1)) write |x| = 2^e (1 + f). Every border of every fixed-point type falls on one of the
*landmarks* f = 0, f = 2^-m or f = 1 - 2^-m, m = 1 ... 32. They cut the octave into 128 *ranks* in the order of f: an
even rank is a landmark itself, an odd rank the open interval above it.

    rank 0            f = 0                rank 64 + 2(m - 1)   f = 1 - 2^-m
    rank 1            0 < f < 2^-32        rank 127             f > 1 - 2^-32
    rank 66 - 2m      f = 2^-m

``position = 128 * e + rank`` orders all magnitudes, so |x| >= landmark is position >= its position and |x| > landmark
is position >= its position + 1. In bits: the rank holds whether ones or zeros follow the leading one, how many, and
whether all bits after that run are zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RANKS = 128
"""Ranks in an octave."""
DEEPEST = 32
"""The largest m with a landmark: 2^M - 1/2 for M = 32 bits lies at f = 1 - 2^-32, 2^M + 1/2 for M = 31 at f = 2^-32."""
LEAST_EXPONENT, GREATEST_EXPONENT = -1074, 1023
"""The MSB exponents of float64; those of the smaller dtypes lie inside."""
CELL_BITS = 20
"""A cell is ``(2 * channel + negative) << CELL_BITS | position + POSITION_ZERO``: one sorted int64 for all three."""
POSITION_ZERO = -RANKS * LEAST_EXPONENT
"""What makes the smallest position 0."""
OCTAVES = 1 << (CELL_BITS - 7)
"""Octaves that a sign of a channel has room for in a cell."""


def power(exponent: int) -> int:
    """Return the position of 2^exponent.

    >>> power(3) - power(2)
    128
    """
    return RANKS * exponent


def above_power(exponent: int, m: int) -> int:
    """Return the position of 2^exponent (1 + 2^-m), 1 <= m <= 32."""
    return RANKS * exponent + 66 - 2 * m


def below_next_power(exponent: int, m: int) -> int:
    """Return the position of 2^exponent (2 - 2^-m), 0 <= m <= 32.

    >>> below_next_power(5, 0) == power(5), below_next_power(5, 1) == above_power(5, 1)
    (True, True)
    """
    return RANKS * exponent + (64 + 2 * (m - 1) if m > 0 else 0)


def fraction_of_rank(rank: int) -> tuple[int, int]:
    """Return f of an even rank as (numerator, power of two it is divided by).

    >>> fraction_of_rank(62), fraction_of_rank(66)
    ((1, 2), (3, 2))
    """
    if rank == 0:
        return 0, 0
    if rank <= 64:
        return 1, (66 - rank) // 2
    m = (rank - 64) // 2 + 1
    return (1 << m) - 1, m


def runs_of_ranks() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for each rank, the signed run length and whether all bits after the run are zero.

    A run of n > 0 ones is n, of n > 0 zeros is -n; the bit that ends the run belongs to it. A power of two is run -33.

    >>> run, tail = runs_of_ranks()
    >>> run[[0, 1, 62, 63, 64, 65, 66]], tail[[0, 1, 62, 63, 64, 65, 66]]
    (array([-33, -32,  -1,  -1,   1,   1,   2]), array([1, 0, 1, 0, 1, 0, 1]))
    """
    rank = np.arange(RANKS)
    run = np.where(rank < 64, -((65 - rank) // 2), (rank - 62) // 2)
    run[:2] = -33, -32
    return run, 1 - rank % 2
