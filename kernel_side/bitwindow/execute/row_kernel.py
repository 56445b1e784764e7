"""The compiled cast of chosen rows of floats, in float64, where it is exact.

A float32 number times a power of two is exact in float64. Adding a half is exact from 2^-28 to 2^52; below, the sum
stays on its side of every integer; above, the number is an integer already.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bitwindow.spectrum.compiled import compiled

ROUND, NEAREST, CONVERGENT, HALF_ZERO, HALF_DOWN, FLOOR, CEILING, ZERO = range(8)
SATURATE, WRAP, SATURATE_SYMMETRIC, SATURATE_ZERO = range(4)


@compiled
def _directed(v: Any, mode: Any) -> Any:
    if mode == FLOOR:
        return np.floor(v)
    return np.ceil(v) if mode == CEILING else np.trunc(v)


@compiled
def rounded(v: Any, mode: Any) -> Any:
    """Return a float64 rounded to an integer by a mode's code."""
    if mode >= FLOOR:
        return _directed(v, mode)
    if mode == NEAREST:
        return np.floor(v + 0.5)
    if mode == CONVERGENT:
        return np.rint(v)
    if mode == HALF_ZERO:
        return np.copysign(np.ceil(abs(v) - 0.5), v)
    return np.ceil(v - 0.5) if mode == HALF_DOWN else np.trunc(v + np.copysign(0.5, v))


@compiled
def cast_rows(x: Any, rows: Any, scale: Any, mode: Any, overflow: Any, least: Any, largest: Any, out: Any) -> None:
    """Cast x[rows] to int16 carriers ``out``.

    Args:
        x: float32[samples, values].
        rows: int64[rows].
        scale: 2^F, float64.
        mode: The rounding's code, any but stochastic.
        overflow: The overflow's code.
        least: The type's least stored integer (that of the symmetric range where it is asked for), float64.
        largest: Its largest, float64.
        out: int16[rows, values].
    """
    plain = mode == ROUND and overflow in (SATURATE, SATURATE_SYMMETRIC)
    for place in range(rows.size):
        source, made = x[rows[place]], out[place]
        if plain:
            for i in range(source.size):
                v = np.float64(source[i]) * scale
                q = np.trunc(v + np.copysign(0.5, v))
                q = max(least, q)
                q = min(largest, q)
                made[i] = np.int16(np.int32(q if v == v else 0.0))  # noqa: PLR0124  (NaN is no number)
        else:
            for i in range(source.size):
                v = np.float64(source[i]) * scale
                made[i] = np.int16(np.int32(_fitted(rounded(v, mode), overflow, least, largest)))


@compiled
def _fitted(q: Any, overflow: Any, least: Any, largest: Any) -> Any:
    """Return a rounded number as the type holds it; NaN becomes 0."""
    if q != q:  # noqa: PLR0124
        return 0.0
    if overflow == WRAP:
        if abs(q) == np.inf:
            return 0.0
        span = largest - least + 1.0
        q -= span * np.floor(q / span)
        return q - span if q > largest else q
    if overflow == SATURATE_ZERO:
        return q if least <= q <= largest else 0.0
    return min(max(q, least), largest)
