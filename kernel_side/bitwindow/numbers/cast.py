"""Casts of floats, integers and ratios to a fixed-point type: pure functions for NumPy, and for JAX under jit and vmap.

Each computes k = round(x * 2^F) exactly, as in real arithmetic, then applies the overflow rule. The type is an
int32[3] array (`FixedPoint.as_array`), the modes are integer codes (`Rounding.code`, `Overflow.code`): all may be
traced, so that one compiled step serves every type and mode.

Stochastic rounding takes one 32-bit word b a value and returns floor(x * 2^F + b / 2^32): values on the grid stay, a
fraction of up to 32 bits goes up with exactly its own probability, a finer one with a probability less than 2^-32 off.
The words are ``jax.random.bits(key, x.shape, uint32)``: the same key and shape give the same result, on any device.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.errors import DataError, SettingError
from bitwindow.numbers.floats import check_float, take_apart
from bitwindow.numbers.kernel import Cast, Verdict, cast_magnitudes
from bitwindow.numbers.modes import Rounding

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from jax import Array
    from jaxtyping import Bool, Float, Int, Int32, UInt32, UInt64

__all__ = ["Cast", "Verdict", "cast_floats", "cast_integers", "cast_ratio", "stored_to_values"]

_FAR = np.int32(1 << 16)
"""A left shift that takes any magnitude beyond every type and leaves no bit of it."""


def cast_floats(
    x: Float[Array, "*shape"],
    fmt: Int32[Array, "fields=3"],
    rounding: Int[Array, ""] | int,
    overflow: Int[Array, ""] | int,
    key: Array | None = None,
    random_bits: UInt32[Array, "*shape"] | None = None,
) -> Cast:
    """Cast floats to a type.

    NaN becomes 0; an infinity acts as a finite value beyond the range, 0 under ``wrap``; -0.0 is a zero.

    Args:
        x: float16, bfloat16, float32 or float64; JAX float64 needs x64 mode.
        fmt: (signed, W, F).
        rounding: Code of the rounding mode; ``stochastic`` without `key` and `random_bits` is ``floor``.
        overflow: Code of the overflow mode.
        key: Random key, used by ``stochastic`` alone.
        random_bits: Random words in place of `key`.

    Raises:
        DataError: If `x` has another dtype.
    """
    xp = _namespace(x)
    check_float(x, "cast_floats")

    def run(words: Array | None) -> Cast:
        parts = take_apart(xp, x)
        shift = xp.where(parts.inf, _FAR, parts.exponent + fmt[2])
        codes = (xp.asarray(fmt), xp.asarray(rounding), xp.asarray(overflow))
        cast = cast_magnitudes(xp, parts.negative, parts.magnitude, shift, *codes, words)
        special = xp.where(parts.nan, np.uint8(Verdict.NAN), np.uint8(Verdict.INF))
        return Cast(cast.stored, xp.where(parts.nan | parts.inf, special, cast.verdict))

    return _with_words(xp, run, rounding, x.shape, key, random_bits)


def cast_integers(
    k: Int[Array, "*shape"],
    point: Int32[Array, "*#shape"] | int,
    fmt: Int32[Array, "fields=3"],
    rounding: Int[Array, ""] | int,
    overflow: Int[Array, ""] | int,
    key: Array | None = None,
    random_bits: UInt32[Array, "*shape"] | None = None,
) -> Cast:
    """Cast the exact values k * 2^-point to a type.

    Args:
        k: int32, or int64 (for JAX under ``jax.enable_x64(True)``).
        point: Fraction length of `k`, in bits; a scalar is the fast path.
        fmt: (signed, W, F).
        rounding: Code of the rounding mode; ``stochastic`` without `key` and `random_bits` is ``floor``.
        overflow: Code of the overflow mode.
        key: Random key, used by ``stochastic`` alone.
        random_bits: Random words in place of `key`.

    Raises:
        DataError: If `k` has another dtype.
    """
    xp = _namespace(k)
    _check_integer(k, "cast_integers")

    def run(words: Array | None) -> Cast:
        shift = (fmt[2] - xp.asarray(point)).astype(np.int32)
        codes = (xp.asarray(fmt), xp.asarray(rounding), xp.asarray(overflow))
        return cast_magnitudes(xp, k < 0, _magnitude(xp, k), shift, *codes, words)

    return _with_words(xp, run, rounding, k.shape, key, random_bits)


def cast_ratio(
    k: Int[Array, "*shape"],
    divisor: Int[Array, "*#shape"] | int,
    point: Int32[Array, ""] | int,
    fmt: Int32[Array, "fields=3"],
    rounding: Int[Array, ""] | int,
    overflow: Int[Array, ""] | int,
    key: Array | None = None,
    random_bits: UInt32[Array, "*shape"] | None = None,
) -> Cast:
    """Cast the exact rational values k / divisor * 2^-point to a type, rounding once (average pooling).

    A ratio without a finite binary expansion is rounded as the real number it is.

    Args:
        k: int32 or int64; JAX needs ``jax.enable_x64(True)`` for both.
        divisor: 1 to 2^31 - 1, a scalar or one each.
        point: Fraction length of `k`, in bits, a scalar.
        fmt: (signed, W, F).
        rounding: Code of the rounding mode; ``stochastic`` without `key` and `random_bits` is ``floor``.
        overflow: Code of the overflow mode.
        key: Random key, used by ``stochastic`` alone.
        random_bits: Random words in place of `key`.

    Raises:
        DataError: If `k` has another dtype.
    """
    xp = _namespace(k)
    _check_integer(k, "cast_ratio")
    if xp is jnp:
        _check_x64("cast_ratio")

    def run(words: Array | None) -> Cast:
        shift = (fmt[2] - xp.asarray(point)).astype(np.int32)
        right, left = xp.maximum(-shift, 0), xp.maximum(shift, 0)
        exact = _divide(xp, _magnitude(xp, k.astype(np.int64)), xp.asarray(divisor).astype(np.uint64), left)
        beyond = exact.whole >> xp.minimum(right, 32).astype(np.uint64) >> np.uint64(32) != 0
        # 32 bits behind the point are what chance asks for; that the bits above them fall off at the top does no harm.
        more = xp.maximum(32 - right, 0).astype(np.uint64)
        finer = _extend(exact, more)
        codes = (xp.asarray(fmt), xp.asarray(rounding), xp.asarray(overflow))
        place = -xp.maximum(right, 32)
        return cast_magnitudes(xp, k < 0, finer.whole, place, *codes, words, exact.beyond | beyond, finer.rest != 0)

    return _with_words(xp, run, rounding, k.shape, key, random_bits)


def stored_to_values(
    stored: Int32[Array, "*shape"], fmt: Int32[Array, "fields=3"], dtype: np.dtype[np.generic] | type = np.float32
) -> Float[Array, "*shape"]:
    """Return the values k * 2^-F of stored integers, exact where `dtype` holds them.

    Args:
        stored: int32; the bit pattern of the stored integer for an unsigned type of 32 bits.
        fmt: (signed, W, F).
        dtype: float16, bfloat16, float32 or float64.
    """
    xp = _namespace(stored)
    wide = np.float64 if np.dtype(dtype) == np.float64 else np.float32
    fmt = xp.asarray(fmt)
    number = xp.where(fmt[0] != 0, stored.astype(wide), stored.view(np.uint32).astype(wide))
    # 2^-F by its bits: XLA's exp2 is not exact.
    scale = ((np.int32(127) - fmt[2]) << 23).astype(np.int32).view(np.float32).astype(wide)
    values: Array = (number * scale).astype(dtype)
    return values


class _Quotient(NamedTuple):
    """whole + rest / divisor, rest < divisor < 2^31; `beyond` says where `whole` lost bits at the top."""

    whole: UInt64[Array, "*shape"]
    rest: UInt64[Array, "*shape"]
    divisor: UInt64[Array, "*#shape"]
    beyond: Bool[Array, "*shape"]


def _extend(quotient: _Quotient, bits: UInt64[Array, ""]) -> _Quotient:
    """Return the quotient times 2^bits, bits <= 32, by one step of a long division."""
    dividend = quotient.rest << bits
    digit = dividend // quotient.divisor
    beyond = quotient.beyond | (quotient.whole >> np.uint64(32) != 0)
    return _Quotient((quotient.whole << bits) + digit, dividend - digit * quotient.divisor, quotient.divisor, beyond)


def _divide(
    xp: ModuleType, magnitude: UInt64[Array, "*shape"], divisor: UInt64[Array, "*#shape"], left: Int32[Array, ""]
) -> _Quotient:
    """Return magnitude * 2^left / divisor, up to 31 bits a step: mostly none, one where the target is the finer."""
    whole = magnitude // divisor
    start = _Quotient(whole, magnitude - whole * divisor, divisor, magnitude < 0)
    step = np.int32(31)

    def extend(i: Array | int, quotient: _Quotient) -> _Quotient:
        bits = xp.minimum(left - step * np.int32(i) if xp is np else left - step * i, step).astype(np.uint64)
        return _extend(quotient, bits)

    steps = (left + (step - 1)) // step
    if xp is np:
        return reduce(lambda quotient, i: extend(i, quotient), range(int(steps)), start)
    quotient: _Quotient = lax.fori_loop(np.int32(0), steps, extend, start)
    return quotient


def _namespace(x: object) -> ModuleType:
    return np if isinstance(x, np.ndarray | np.generic) else jnp


def _check_integer(k: Int[Array, "*shape"], where: str) -> None:
    if np.dtype(k.dtype) not in (np.int32, np.int64):
        message = f"{where}: wanted an array of int32 or int64; got {k.dtype} of shape {k.shape}. Convert it first."
        raise DataError(message)
    if np.dtype(k.dtype) == np.int64 and _namespace(k) is jnp:
        _check_x64(where)


def _check_x64(where: str) -> None:
    if jax.dtypes.canonicalize_dtype(np.int64) != np.int64:
        message = f"{where}: wanted JAX's x64 mode; got it off. Trace the step under jax.enable_x64(True)."
        raise SettingError(message)


def _magnitude(xp: ModuleType, k: Int[Array, "*shape"]) -> Array:
    unsigned = np.uint64 if k.dtype == np.int64 else np.uint32
    bits = k.view(unsigned)
    magnitude: Array = xp.where(k < 0, unsigned(0) - bits, bits)
    return magnitude


def _with_words(
    xp: ModuleType,
    run: Callable[[Array | None], Cast],
    rounding: Int[Array, ""] | int,
    shape: tuple[int, ...],
    key: Array | None,
    random_bits: UInt32[Array, "*shape"] | None,
) -> Cast:
    """Run a cast, with random words only where the mode is stochastic: the other modes shall not pay for them."""
    if xp is np:
        # NumPy warns of a wrapped unsigned scalar, though not of a wrapped array.
        run = np.errstate(over="ignore")(run)
    if key is None and random_bits is None:
        return run(None)

    def by_chance() -> Cast:
        return run(xp.asarray(random_bits if key is None else jax.random.bits(key, shape, np.uint32)))

    stochastic = rounding == Rounding.STOCHASTIC.code
    if xp is np:
        return by_chance() if stochastic else run(None)
    cast: Cast = lax.cond(stochastic, by_chance, lambda: run(None))
    return cast
