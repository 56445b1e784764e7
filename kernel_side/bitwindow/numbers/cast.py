"""Casts of floats, integers and ratios to a fixed-point type: pure functions for NumPy, and for JAX under jit and vmap.

Each computes k = round(x * 2^F) exactly, as in real arithmetic, then applies the overflow rule. The type is an
int32[3] array (`FixedPoint.as_array`), the modes are integer codes (`Rounding.code`, `Overflow.code`): all may be
traced, so that one compiled step serves every type and mode.

Stochastic rounding takes one 32-bit word b a value and returns floor(x * 2^F + b / 2^32): values on the grid stay, a
fraction of up to 32 bits goes up with exactly its own probability, a finer one with a probability less than 2^-32 off.
The words are ``jax.random.bits(key, x.shape, uint32)``: the same key and shape give the same result, on any device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.errors import DataError, SettingError
from bitwindow.numbers.divide import divide, extend
from bitwindow.numbers.floats import check_float, take_apart
from bitwindow.numbers.kernel import Cast, Verdict, cast_magnitudes
from bitwindow.numbers.modes import Rounding

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from jax import Array
    from jaxtyping import Float, Int, Int32, UInt32

    from bitwindow.numbers.arrays import AnyArray, Scalar

__all__ = ["Cast", "Verdict", "cast_floats", "cast_integers", "cast_ratio", "stored_to_values"]

_FAR = np.int32(1 << 16)
"""A left shift that takes any magnitude beyond every type and leaves no bit of it."""


def cast_floats(
    x: Float[AnyArray, "*shape"],
    fmt: Int32[AnyArray, "fields=3"],
    rounding: Scalar,
    overflow: Scalar,
    key: Array | None = None,
    random_bits: UInt32[AnyArray, "*shape"] | None = None,
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
        SettingError: If JAX float64 comes without x64 mode.
    """
    check_float(x, "cast_floats")
    xp, rule = _rule(fmt, rounding, overflow, x, random_bits)
    if xp is jnp and x.dtype == np.float64:
        _check_x64("cast_floats")

    def run(words: Array | None) -> Cast:
        parts = take_apart(xp, xp.asarray(x))
        shift = xp.where(parts.inf, _FAR, parts.exponent + rule.fmt[2])
        cast = cast_magnitudes(xp, parts.negative, parts.magnitude, shift, *rule, words)
        special = xp.where(parts.nan, np.uint8(Verdict.NAN), np.uint8(Verdict.INF))
        return Cast(cast.stored, xp.where(parts.nan | parts.inf, special, cast.verdict))

    return _with_words(xp, run, rounding, x.shape, key, random_bits)


def cast_integers(
    k: Int[AnyArray, "*shape"],
    point: Int32[AnyArray, "*#shape"] | Scalar,
    fmt: Int32[AnyArray, "fields=3"],
    rounding: Scalar,
    overflow: Scalar,
    key: Array | None = None,
    random_bits: UInt32[AnyArray, "*shape"] | None = None,
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
        SettingError: If JAX needs x64 mode and it is off.
    """
    _check_integer(k, "cast_integers")
    xp, rule = _rule(fmt, rounding, overflow, k, point, random_bits)
    if xp is jnp and k.dtype == np.int64:
        _check_x64("cast_integers")

    def run(words: Array | None) -> Cast:
        integers = xp.asarray(k)
        shift = (rule.fmt[2] - xp.asarray(point)).astype(np.int32)
        return cast_magnitudes(xp, integers < 0, _magnitude(xp, integers), shift, *rule, words)

    return _with_words(xp, run, rounding, k.shape, key, random_bits)


def cast_ratio(
    k: Int[AnyArray, "*shape"],
    divisor: Int[AnyArray, "*#shape"] | Scalar,
    point: Scalar,
    fmt: Int32[AnyArray, "fields=3"],
    rounding: Scalar,
    overflow: Scalar,
    key: Array | None = None,
    random_bits: UInt32[AnyArray, "*shape"] | None = None,
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
        SettingError: If JAX needs x64 mode and it is off.
    """
    _check_integer(k, "cast_ratio")
    xp, rule = _rule(fmt, rounding, overflow, k, divisor, point, random_bits)
    if xp is jnp:
        _check_x64("cast_ratio")

    def run(words: Array | None) -> Cast:
        integers = xp.asarray(k).astype(np.int64)
        shift = (rule.fmt[2] - xp.asarray(point)).astype(np.int32)
        right, left = xp.maximum(-shift, 0), xp.maximum(shift, 0)
        exact = divide(xp, _magnitude(xp, integers), xp.asarray(divisor).astype(np.uint64), left)
        beyond = exact.whole >> xp.minimum(right, 32).astype(np.uint64) >> np.uint64(32) != 0
        # Chance asks for 32 bits behind the point; the bits that they push off the top are in `beyond`.
        finer = extend(exact, xp.maximum(32 - right, 0).astype(np.uint64))
        place = -xp.maximum(right, 32)
        more = finer.rest != 0
        return cast_magnitudes(xp, integers < 0, finer.whole, place, *rule, words, exact.beyond | beyond, more)

    return _with_words(xp, run, rounding, k.shape, key, random_bits)


def stored_to_values(
    stored: Int[AnyArray, "*shape"], fmt: Int32[AnyArray, "fields=3"], dtype: np.dtype[np.generic] | type = np.float32
) -> Float[Array, "*shape"]:
    """Return the values k * 2^-F of stored integers, exact where `dtype` holds them.

    Args:
        stored: int16 or int32; bit patterns for an unsigned type that fills the dtype.
        fmt: (signed, W, F).
        dtype: float16, bfloat16, float32 or float64.
    """
    xp = _namespace(stored, fmt)
    wide = np.float64 if np.dtype(dtype) == np.float64 else np.float32
    integers, (signed, _, fraction_length) = xp.asarray(stored), xp.asarray(fmt)
    unsigned = np.uint16 if integers.dtype == np.int16 else np.uint32
    number = xp.where(signed != 0, integers.astype(wide), integers.view(unsigned).astype(wide))
    # 2^-F by its bits: XLA's exp2 is not exact.
    scale = ((127 - fraction_length) << 23).astype(np.int32).view(np.float32).astype(wide)
    values: Array = (number * scale).astype(dtype)
    return values


class _Rule(NamedTuple):
    """The type and the modes of a cast, as arrays of one namespace."""

    fmt: Int32[Array, "fields=3"]
    rounding: Int[Array, ""]
    overflow: Int[Array, ""]


def _rule(
    fmt: Int32[AnyArray, "fields=3"], rounding: Scalar, overflow: Scalar, *operands: object
) -> tuple[ModuleType, _Rule]:
    xp = _namespace(fmt, rounding, overflow, *operands)
    return xp, _Rule(xp.asarray(fmt), xp.asarray(rounding), xp.asarray(overflow))


def _namespace(*operands: object) -> ModuleType:
    return jnp if any(isinstance(operand, jax.Array) for operand in operands) else np


def _check_integer(k: Int[AnyArray, "*shape"], where: str) -> None:
    if np.dtype(k.dtype) not in (np.int32, np.int64):
        message = f"{where}: wanted an array of int32 or int64; got {k.dtype} of shape {k.shape}. Convert it first."
        raise DataError(message)


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
    rounding: Scalar,
    shape: tuple[int, ...],
    key: Array | None,
    random_bits: UInt32[AnyArray, "*shape"] | None,
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
