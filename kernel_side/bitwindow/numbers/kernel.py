"""The one place that rounds, saturates and wraps: a branchless kernel on signs and magnitudes.

A value is (-1)^negative * magnitude * 2^shift, counted in LSBs of the target type. With r = max(-shift, 0) the
magnitude splits into ``magnitude >> r`` and a rest of r bits; rounding adds 1 when the rest is greater than a threshold
that depends on the mode, the sign and (ties to even) the last bit kept. It only follows a right shift, so it never
carries past the word. A left shift is exact: the magnitude is compared with ``limit >> left`` before it is made.

The same code runs on NumPy and on JAX arrays (`xp`), on uint32 or uint64 magnitudes. Types and modes are plain integers
or traced scalars; with a scalar shift everything but a dozen operations an element is scalar.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bitwindow.numbers.modes import Overflow, Rounding

if TYPE_CHECKING:
    from types import ModuleType

    from jax import Array
    from jaxtyping import Bool, Int, Int32, UInt, UInt8, UInt32


class Verdict(IntEnum):
    """What a cast did to a value. Each value has one; precedence nan, inf, zero, overflow, underflow, rounded/exact.

    Attributes:
        EXACT: The value is unchanged.
        ROUNDED: The value changed, and none of the others holds.
        UNDERFLOW: A nonzero value became 0 by rounding.
        OVERFLOW: The rounded integer lay outside the type's range before the overflow rule.
        ZERO: The value was 0 or -0.
        INF: The value was infinite.
        NAN: The value was not a number.
    """

    EXACT = 0
    ROUNDED = 1
    UNDERFLOW = 2
    OVERFLOW = 3
    ZERO = 4
    INF = 5
    NAN = 6


class Cast(NamedTuple):
    """Stored integers and what became of each value.

    Attributes:
        stored: int32, the low 32 bits of the stored integers: an unsigned type of 32 bits is a bit pattern.
        verdict: uint8, a `Verdict` each.
    """

    stored: Int32[Array, "*shape"]
    verdict: UInt8[Array, "*shape"]


class _Range(NamedTuple):
    """The limits of a type as uint32 scalars: magnitudes of the largest and the smallest stored integer."""

    top: UInt32[Array, ""]
    bottom: UInt32[Array, ""]


# Columns: the thresholds as (subtract 1 from the half, use the half, never round up), one row a mode, for both signs.
# "rest > half - 1" takes ties up, "rest > half" leaves them, "rest > 0" takes every rest up. Stochastic without random
# bits is u = 0, the floor.
_TIES_UP, _TIES_DOWN, _ALWAYS, _NEVER = (1, 1, 0), (0, 1, 0), (0, 0, 0), (0, 0, 1)
_POSITIVE = np.array(
    [_TIES_UP, _TIES_UP, _TIES_DOWN, _TIES_DOWN, _TIES_DOWN, _NEVER, _ALWAYS, _NEVER, _NEVER], np.uint32
)
_NEGATIVE = np.array(
    [_TIES_UP, _TIES_DOWN, _TIES_DOWN, _TIES_DOWN, _TIES_UP, _ALWAYS, _NEVER, _NEVER, _ALWAYS], np.uint32
)
_ONES = np.uint32(0xFFFFFFFF)


def cast_magnitudes(
    xp: ModuleType,
    negative: Bool[Array, "*shape"],
    magnitude: UInt[Array, "*shape"],
    shift: Int32[Array, "*#shape"],
    fmt: Int32[Array, "fields=3"],
    rounding: Int[Array, ""],
    overflow: Int[Array, ""],
    words: UInt32[Array, "*shape"] | None = None,
    beyond: Bool[Array, "*shape"] | None = None,
    tail: Bool[Array, "*shape"] | None = None,
) -> Cast:
    """Cast (-1)^negative * magnitude * 2^shift LSBs to a type.

    Args:
        xp: ``numpy`` or ``jax.numpy``, the arrays' own.
        negative: The signs.
        magnitude: uint32 below 2^31 + 1, or uint64 below 2^63 + 1.
        shift: Any int32, a scalar or one each.
        fmt: (signed, W, F), F already part of `shift`.
        rounding: The mode's code.
        overflow: The mode's code.
        words: Random words for stochastic rounding; where given, the rounding is stochastic whatever the code.
        beyond: Values known to lie beyond every type, of which `magnitude` holds the low bits.
        tail: Values a little larger than their magnitude says, by less than its last bit; `shift` is below -1 then.
    """
    unsigned, width = magnitude.dtype, magnitude.dtype.itemsize * 8
    ones = np.array(-1, np.int64).astype(unsigned)[()]
    right = xp.minimum(xp.maximum(-shift, 0), 4 * width)
    left = xp.minimum(xp.maximum(shift, 0), 4 * width)
    kept_bits = xp.minimum(right, width - 1).astype(unsigned)
    some_kept = xp.where(right < width, ones, unsigned.type(0))
    whole = (magnitude >> kept_bits) & some_kept
    rest = magnitude & (((unsigned.type(1) << kept_bits) - unsigned.type(1)) | ~some_kept)
    if tail is not None:
        # Below the half a last bit can stand for all that follow it; chance alone asks how much that is.
        rest = rest | tail.astype(unsigned) if words is None else rest
    if words is None:
        up = rest > _threshold(xp, negative, whole, right, rounding)
    else:
        up = _rounds_up_by_chance(xp, negative, rest, right, words, tail)
    rounded = whole + up.astype(unsigned)

    span = _range(xp, fmt, overflow)
    left_bits = xp.minimum(left, width - 1).astype(unsigned)
    some_left = xp.where(left < width, ones, unsigned.type(0))
    limit = xp.where(
        negative,
        (span.bottom.astype(unsigned) >> left_bits) & some_left,
        (span.top.astype(unsigned) >> left_bits) & some_left,
    )
    over = rounded > limit
    if beyond is not None:
        over = over | beyond
    low = ((rounded << left_bits) & some_left).astype(np.uint32)
    stored = _overflowed(xp, xp.where(negative, np.uint32(0) - low, low), negative, over, span, fmt, overflow)

    inexact = rest != 0 if tail is None else (rest != 0) | tail
    changed = xp.where(inexact, np.uint8(Verdict.ROUNDED), np.uint8(Verdict.EXACT))
    nonzero = magnitude != 0 if tail is None else (magnitude != 0) | tail
    vanished = xp.where(nonzero, np.uint8(Verdict.UNDERFLOW), np.uint8(Verdict.ZERO))
    verdict = xp.where(over, np.uint8(Verdict.OVERFLOW), xp.where(rounded == 0, vanished, changed))
    return Cast(stored, verdict)


def _threshold(
    xp: ModuleType,
    negative: Bool[Array, "*shape"],
    whole: UInt[Array, "*shape"],
    right: Int32[Array, "*#shape"],
    rounding: Int[Array, ""],
) -> UInt[Array, "*shape"]:
    """Return what the rest must exceed to round the magnitude up."""
    unsigned, width = whole.dtype, whole.dtype.itemsize * 8
    one = unsigned.type(1)
    half = one << (xp.minimum(xp.maximum(right, 1), width) - 1).astype(unsigned)
    # The half of a rest of more than `width` bits is greater than any magnitude.
    unreachable = xp.where(right > width, one, unsigned.type(0))

    def one_sign(table: np.ndarray[tuple[int, int], np.dtype[np.uint32]]) -> UInt[Array, "*#shape"]:
        minus, use_half, never = (xp.asarray(table)[rounding, i].astype(unsigned) for i in range(3))
        threshold: Array = ((half - minus) & ~(use_half - one)) | ~((never | (use_half & unreachable)) - one)
        return threshold

    odd = whole & xp.where(rounding == Rounding.CONVERGENT.code, one, unsigned.type(0))
    threshold: Array = xp.where(negative, one_sign(_NEGATIVE), one_sign(_POSITIVE)) - odd
    return threshold


def _rounds_up_by_chance(
    xp: ModuleType,
    negative: Bool[Array, "*shape"],
    rest: UInt[Array, "*shape"],
    right: Int32[Array, "*#shape"],
    words: UInt32[Array, "*shape"],
    more: Bool[Array, "*shape"] | None,
) -> Bool[Array, "*shape"]:
    """Say where floor(x + u), u = word / 2^32, is the magnitude rounded up: f >= 1 - u above zero, f > u below it.

    With f = (g + t) / 2^32, g an integer and 0 <= t < 1: g > 2^32 - 1 - word, and g > word or (g = word and t > 0).
    """
    unsigned, width = rest.dtype, rest.dtype.itemsize * 8
    drop = xp.minimum(xp.maximum(right - 32, 0), width - 1).astype(unsigned)
    grow = xp.minimum(xp.maximum(32 - right, 0), 31).astype(unsigned)
    near = right - 32 < width
    g = xp.where(near, rest >> drop, unsigned.type(0)) << grow
    tail = xp.where(near, rest & ((unsigned.type(1) << drop) - unsigned.type(1)), rest) != 0
    tail = tail if more is None else tail | more
    bar = xp.where(negative, words, ~words).astype(unsigned)
    up: Array = (g > bar) | (negative & (g == bar) & tail)
    return up


def _range(xp: ModuleType, fmt: Int32[Array, "fields=3"], overflow: Int[Array, ""]) -> _Range:
    signed = fmt[0].astype(np.uint32)
    top = _ONES >> (32 - (fmt[1] - fmt[0])).astype(np.uint32)
    symmetric = xp.where(overflow == Overflow.SATURATE_SYMMETRIC.code, np.uint32(1), np.uint32(0))
    return _Range(top, (top + np.uint32(1) - symmetric) * signed)


def _overflowed(
    xp: ModuleType,
    bits: UInt32[Array, "*shape"],
    negative: Bool[Array, "*shape"],
    over: Bool[Array, "*shape"],
    span: _Range,
    fmt: Int32[Array, "fields=3"],
    overflow: Int[Array, ""],
) -> Int32[Array, "*shape"]:
    """Apply the overflow rule to the low 32 bits of the rounded integers; a wrapped value in range is itself."""
    mask = _ONES >> (32 - fmt[1]).astype(np.uint32)
    sign_bit = fmt[0].astype(np.uint32) << (fmt[1] - 1).astype(np.uint32)
    wrapped = ((bits & mask) ^ sign_bit) - sign_bit
    stays = xp.where(overflow == Overflow.SATURATE_ZERO.code, np.uint32(0), _ONES)
    bound = xp.where(negative, (np.uint32(0) - span.bottom) & stays, span.top & stays)
    stored: Array = xp.where(over & (overflow != Overflow.WRAP.code), bound, wrapped)
    return stored.view(np.int32)
