"""The compiled pass over float32 bit patterns that finds those nearest to zero, on both sides at once."""

from __future__ import annotations

from typing import Any

import numba as nb

from bitwindow.spectrum.compiled import compiled

u32 = nb.uint32


@compiled
def nearest_patterns(patterns: Any, least: Any) -> None:
    """Lower ``least`` uint32[2]: the least pattern above zero, and below zero without its sign, each less one.

    Taken as integers, floats above zero keep their order and wrap below it; zero itself goes to the far end.
    """
    above, below = least[0], least[1]
    for i in range(patterns.size):
        one = u32(patterns[i] - u32(1))
        other = u32(one - u32(0x80000000))
        # Selections vectorize; numba's min and max do not.
        above = min(above, one)
        below = min(below, other)
    least[0], least[1] = above, below
