"""The cast of exact sums that are known to be small: one addition, one shift and one clip a value.

A sum k at an LSB 2^-point no coarser than the type's loses r = point - F >= 0 bits, and every deterministic rounding
is a floor after an addition that depends on the sign alone (and, for ties to even, on the last bit kept):

    round(k / 2^r) = floor((k + add(k)) / 2^r)

The additions, the ends of the type and the borders between the verdicts are worked out in Python integers beforehand
and travel as plain numbers, so that one compiled step serves every type and mode. While |k| + 2^r stays below what the
carrier holds (2^31 in int32, 2^53 in float64, 2^63 in int64) all of it is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.numbers.modes import Overflow, Rounding

if TYPE_CHECKING:
    from jax import Array
    from jaxtyping import Bool, Num

    from bitwindow.numbers.format import FixedPoint

OPEN = 2**62
"""Stands for "no end": beyond every sum that the quick cast takes."""
_HALVES = {
    # By mode: what is added to the half above zero and below it; None adds nothing, 0 to a whole LSB.
    Rounding.ROUND: (0, -1),
    Rounding.NEAREST: (0, 0),
    Rounding.CONVERGENT: (-1, -1),
    Rounding.HALF_ZERO: (-1, 0),
    Rounding.HALF_DOWN: (-1, -1),
}


class QuickCast(NamedTuple):
    """The numbers of one quick cast: Python ints in a plan, traced scalars in a step.

    ``right`` is r; ``add`` and ``add_negative`` come before the shift, and ``even`` (0 or 1) adds the last bit kept.
    ``low`` and ``high`` clip, ``keep_low`` and ``keep_high`` let only what lies between them stay (else 0), ``mask``
    and ``sign`` wrap (-1 and 0: not at all). k in [``zero_low``, ``zero_high``] becomes 0, and
    [``in_low``, ``in_high``] is in the type's range.
    """

    right: Any = 0
    add: Any = 0
    add_negative: Any = 0
    even: Any = 0
    low: Any = -OPEN
    high: Any = OPEN
    keep_low: Any = -OPEN
    keep_high: Any = OPEN
    mask: Any = -1
    sign: Any = 0
    zero_low: Any = 0
    zero_high: Any = 0
    in_low: Any = -OPEN
    in_high: Any = OPEN

    @property
    def is_monotonic(self) -> bool:
        """Whether no larger sum becomes a smaller integer: not so where sums wrap, or drop to 0 beyond the range."""
        return bool((self.keep_low, self.keep_high, self.mask) == (-OPEN, OPEN, -1))

    @staticmethod
    def of(fmt: FixedPoint, point: int, rounding: Rounding, overflow: Overflow) -> QuickCast:
        """Return the numbers for sums at LSB 2^-point.

        Args:
            fmt: The type; its fraction length is `point` at most.
            point: Fraction length of the sums, in bits.
            rounding: Any mode but ``stochastic``.
            overflow: Any mode.
        """
        rounds = _Rounds.of(point - fmt.fraction_length, rounding)
        least, largest = fmt.stored_min, fmt.stored_max
        if overflow is Overflow.SATURATE_SYMMETRIC and fmt.signed:
            least = -largest
        wraps, drops = overflow is Overflow.WRAP, overflow is Overflow.SATURATE_ZERO
        return QuickCast(
            right=rounds.right,
            add=rounds.add,
            add_negative=rounds.add_negative,
            even=rounds.even,
            low=-OPEN if wraps or drops else least,
            high=OPEN if wraps or drops else largest,
            keep_low=least if drops else -OPEN,
            keep_high=largest if drops else OPEN,
            mask=(1 << fmt.word_length) - 1 if wraps else -1,
            sign=1 << fmt.word_length - 1 if wraps and fmt.signed else 0,
            zero_low=rounds.first_reaching(0),
            zero_high=rounds.first_reaching(1) - 1,
            in_low=max(rounds.first_reaching(least), -OPEN),
            in_high=min(rounds.first_reaching(largest + 1) - 1, OPEN),
        )


@dataclass(frozen=True, kw_only=True)
class _Rounds:
    """Rounding of k / 2^right in Python integers: floor((k + add) / 2^right)."""

    right: int
    add: int
    add_negative: int
    even: int

    @staticmethod
    def of(right: int, rounding: Rounding) -> _Rounds:
        if right == 0:
            return _Rounds(right=0, add=0, add_negative=0, even=0)
        whole, half = (1 << right) - 1, 1 << right - 1
        directed = {Rounding.FLOOR: (0, 0), Rounding.CEILING: (whole, whole), Rounding.ZERO: (0, whole)}
        add, add_negative = directed.get(rounding) or tuple(half + more for more in _HALVES[rounding])
        return _Rounds(right=right, add=add, add_negative=add_negative, even=int(rounding is Rounding.CONVERGENT))

    def __call__(self, k: int) -> int:
        add = (self.add_negative if k < 0 else self.add) + (self.even & (k >> self.right))
        return (k + add) >> self.right

    def first_reaching(self, q: int) -> int:
        """Return the least k that is rounded to q or more: rounding is monotonic, and only these can be it."""
        whole = 1 << self.right
        candidates = (whole - 1, whole // 2, whole // 2 - 1, 0)
        return next(k for k in ((q << self.right) - less for less in candidates) if self(k) >= q)


def quick_cast(k: Num[Array, "*shape"], cast: QuickCast, dtype: np.dtype[Any] | type) -> Num[Array, "*shape"]:
    """Return the stored integers of exact sums.

    Args:
        k: int32, int64, or float64 that holds integers.
        cast: Its numbers, int64 scalars.
        dtype: int16 or int32: the low bits of the stored integers.
    """
    add = jnp.where(k < 0, _like(cast.add_negative, k), _like(cast.add, k))
    if jnp.issubdtype(k.dtype, jnp.floating):
        return _low_bits(_in_floats(k, add, cast), dtype)
    right = cast.right.astype(k.dtype)
    q = (k + add + ((k >> right) & cast.even.astype(k.dtype))) >> right
    q = jnp.clip(q, _like(cast.low, k), _like(cast.high, k))
    q = jnp.where((q < _like(cast.keep_low, k)) | (q > _like(cast.keep_high, k)), np.asarray(0, k.dtype), q)
    mask, sign = cast.mask.astype(k.dtype), cast.sign.astype(k.dtype)
    stored: Array = (((q & mask) ^ sign) - sign).astype(dtype)
    return stored


def _in_floats(k: Array, add: Array, cast: QuickCast) -> Array:
    """Do the same in float64: products with powers of two are exact, and so are sums below 2^53."""
    down = power_of_two(-cast.right)
    kept = jnp.floor(k * down)
    odd = (kept - 2 * jnp.floor(kept * 0.5)) * cast.even.astype(k.dtype)
    q = jnp.floor((k + add + odd) * down)
    q = jnp.clip(q, _like(cast.low, k), _like(cast.high, k))
    q = jnp.where((q < _like(cast.keep_low, k)) | (q > _like(cast.keep_high, k)), 0.0, q)
    # 2^W, or 0 where nothing wraps; its reciprocal is a power of two as well.
    span, offset = (cast.mask + 1).astype(k.dtype), cast.sign.astype(k.dtype)
    turns = jnp.floor((q + offset) * jnp.where(cast.mask < 0, 0.0, 1 / span))
    wrapped: Array = q - span * turns
    return wrapped


def _low_bits(q: Array, dtype: np.dtype[Any] | type) -> Array:
    """Return the low bits of integers below 2^51: 1.5 * 2^52 + q holds them at the end of its fraction.

    Several times faster than XLA's conversion, which clamps.
    """
    bits: Array = lax.bitcast_convert_type(q + np.float64(1.5 * 2**52), np.int64).astype(dtype)
    return bits


def power_of_two(exponent: Array) -> Array:
    """Return 2^exponent as float64 by its bits (XLA's exp2 is not exact); exponents of normal numbers, int64."""
    bits: Array = lax.bitcast_convert_type((exponent + 1023) << 52, np.float64)
    return bits


def _like(number: Array, k: Array) -> Array:
    """Return a border in the sums' dtype; one beyond its range is beyond every sum."""
    if jnp.issubdtype(k.dtype, jnp.floating):
        return number.astype(k.dtype)
    info = np.iinfo(k.dtype)
    clamped: Array = jnp.clip(number, info.min, info.max).astype(k.dtype)
    return clamped


class Verdicts(NamedTuple):
    """Which sums, in the order of precedence: zeros, outside the range, rounded to zero, and kept as they are."""

    zero: Bool[Array, "*shape"]
    over: Bool[Array, "*shape"]
    under: Bool[Array, "*shape"]
    exact: Bool[Array, "*shape"]


def quick_verdicts(k: Num[Array, "*shape"], cast: QuickCast) -> Verdicts:
    """Say what the cast does to each sum, by its borders alone; a sum may be in several, the first one counts."""
    if jnp.issubdtype(k.dtype, jnp.floating):
        scaled = k * power_of_two(-cast.right)
        exact = scaled == jnp.floor(scaled)
    else:
        below = (np.asarray(1, k.dtype) << cast.right.astype(k.dtype)) - np.asarray(1, k.dtype)
        exact = (k & below) == 0
    return Verdicts(
        zero=k == 0,
        over=(k < _like(cast.in_low, k)) | (k > _like(cast.in_high, k)),
        under=(k >= _like(cast.zero_low, k)) & (k <= _like(cast.zero_high, k)),
        exact=exact,
    )
