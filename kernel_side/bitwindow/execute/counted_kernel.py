"""The compiled loop that casts parameters and counts what became of each value, in one pass over the memory.

Values are scaled by a power of two and taken apart into a whole part and a rest as float64, both without an error: the
rest of a number has no more bits than the number. Where the scaled value lies below or beyond float64, it is far below
the least half or far beyond every type, and is treated as such. Tests hold the loop to the cast in ``numbers``.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from bitwindow.spectrum.compiled import compiled

ROUND, NEAREST, CONVERGENT, HALF_ZERO, HALF_DOWN, FLOOR, CEILING = range(7)
SATURATE, WRAP, _SYMMETRIC, SATURATE_ZERO = range(4)
EXACT, ROUNDED, UNDERFLOW, OVERFLOW, ZERO, INF, NAN = range(7)
_TINY = 2.0**-1000
_WORD = 2.0**32

i64 = nb.int64


@compiled
def _rounds_up(whole: Any, rest: Any, negative: Any, mode: Any) -> Any:
    """Return whether the magnitude whole + rest, 0 <= rest < 1, goes up to whole + 1."""
    if mode == FLOOR:
        return negative and rest > 0.0
    if mode == CEILING:
        return not negative and rest > 0.0
    if mode == CONVERGENT:
        return rest > 0.5 or (rest == 0.5 and whole - 2.0 * np.floor(whole * 0.5) != 0.0)
    up = mode == ROUND or (mode == NEAREST and not negative) or (mode == HALF_DOWN and negative)
    return mode <= HALF_DOWN and (rest > 0.5 or (up and rest == 0.5))


@compiled
def _wrapped(magnitude: Any, negative: Any, width: Any, signed: Any) -> Any:
    """Return a whole number modulo 2^width in the type's range, int64; 0 for what lies beyond float64."""
    if magnitude == np.inf:
        return i64(0)
    low = i64(magnitude - _WORD * np.floor(magnitude / _WORD))
    low = (-low if negative else low) & ((i64(1) << width) - i64(1))
    sign = i64(signed) << (width - i64(1))
    return (low ^ sign) - sign


@compiled
def cast_counted(x: Any, scales: Any, mode: Any, overflow: Any, signed: Any, width: Any, out: Any, counts: Any) -> None:
    """Cast values to the low 32 bits of their stored integers, and count the verdicts.

    Args:
        x: float32 or float64 [channels, values].
        scales: 2^F of each channel, float64.
        mode: The rounding's code, any but stochastic.
        overflow: The overflow's code.
        signed: 1 for a signed type, 0 for another.
        width: The word length.
        out: int32, shaped as ``x``.
        counts: int64[7], to which the number of each verdict is added.
    """
    top = 2.0 ** (width - signed) - 1.0
    bottom = (top + (0.0 if overflow == _SYMMETRIC else 1.0)) * signed
    plain = mode == ROUND and (overflow in (SATURATE, _SYMMETRIC)) and width < i64(32)
    for channel in range(x.shape[0]):
        source, made = x[channel], out[channel]
        if plain:
            _cast_plainly(source, scales[channel], top, bottom, made, counts)
        else:
            for i in range(source.size):
                value = np.float64(source[i])
                stored, verdict = _cast_one(
                    value, scales[channel], top, bottom, mode, overflow, i64(signed), i64(width)
                )
                made[i] = np.int32(stored)
                counts[verdict] += 1


@compiled
def _cast_one(value: Any, scale: Any, top: Any, bottom: Any, mode: Any, overflow: Any, signed: Any, width: Any) -> Any:
    if value != value:  # noqa: PLR0124  (NaN is no number)
        return i64(0), NAN
    negative, infinite = value < 0.0, abs(value) == np.inf
    magnitude = abs(value) * scale
    if value != 0.0:
        magnitude = max(magnitude, _TINY)
    whole = np.floor(magnitude)
    # Beyond float64 there is no rest, and inf - inf is no number.
    rest = magnitude - whole if magnitude < np.inf else 0.0
    if _rounds_up(whole, rest, negative, mode):
        whole += 1.0
    over = whole > (bottom if negative else top)
    if over and overflow == SATURATE_ZERO:
        stored = i64(0)
    elif over and overflow != WRAP:
        stored = i64(-bottom) if negative else i64(top)
    else:
        stored = _wrapped(whole, negative, width, signed)
    if infinite:
        return stored, INF
    if over:
        return stored, OVERFLOW
    if whole == 0.0:
        return stored, ZERO if value == 0.0 else UNDERFLOW
    return stored, EXACT if rest == 0.0 else ROUNDED


@compiled
def _cast_plainly(x: Any, scale: Any, top: Any, bottom: Any, out: Any, counts: Any) -> None:
    """Cast by the default modes, without a branch, so that a machine casts several values at once."""
    nans, infs, zeros, overs, vanished, kept = i64(0), i64(0), i64(0), i64(0), i64(0), i64(0)
    for i in range(x.size):
        value = np.float64(x[i])
        scaled = value * scale
        magnitude = abs(scaled)
        whole = np.floor(magnitude)
        rest = magnitude - whole
        rounded = whole + (1.0 if rest >= 0.5 else 0.0)
        limit = bottom if scaled < 0.0 else top
        finite = abs(value) < np.inf
        held = min(rounded, limit)
        held = held if value == value else 0.0  # noqa: PLR0124  (NaN is no number)
        out[i] = np.int32(np.copysign(held, scaled))
        nans += value != value  # noqa: PLR0124
        infs += abs(value) == np.inf
        zeros += value == 0.0
        overs += finite & (rounded > limit)
        vanished += finite & (value != 0.0) & (rounded <= limit) & (rounded == 0.0)
        kept += finite & (value != 0.0) & (rounded <= limit) & (rounded != 0.0) & (rounded == magnitude)
    counts[NAN] += nans
    counts[INF] += infs
    counts[ZERO] += zeros
    counts[OVERFLOW] += overs
    counts[UNDERFLOW] += vanished
    counts[EXACT] += kept
    counts[ROUNDED] += i64(x.size) - nans - infs - zeros - overs - vanished - kept
