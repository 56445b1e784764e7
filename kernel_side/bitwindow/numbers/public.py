"""`quantize` and `stored_integer`: the cast as users call it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from bitwindow.errors import FormatError, SettingError
from bitwindow.numbers.cast import cast_floats, stored_to_values
from bitwindow.numbers.floats import check_float
from bitwindow.numbers.format import FixedPoint, as_format
from bitwindow.numbers.modes import Overflow, Rounding

if TYPE_CHECKING:
    from collections.abc import Hashable
    from contextlib import AbstractContextManager

    from jax import Array
    from jaxtyping import Float, Int
    from numpy.typing import ArrayLike, NDArray

    from bitwindow.numbers.arrays import AnyArray

    DType = np.dtype[Any]
    Generator = str | Hashable

_MANTISSAS = {
    np.dtype(np.float16): (11, -24, 15),
    np.dtype(ml_dtypes.bfloat16): (8, -126, 127),
    np.dtype(np.float32): (24, -126, 127),
    np.dtype(np.float64): (53, -1022, 1023),
}
"""Significant bits, the smallest exponent of an LSB, the largest exponent of a value."""

_CHUNK = 1 << 15
"""Elements that NumPy casts at once: the kernel's temporaries stay in the cache."""

_NO_KEY = np.zeros(2, np.uint32)
"""Stands where a key is not needed, so that a call with a key runs the same executable."""


def quantize(
    x: Float[Array, "*shape"] | ArrayLike,
    fmt: FixedPoint | str,
    rounding: str = "round",
    overflow: str = "saturate",
    key: Array | int | None = None,
) -> Float[Array, "*shape"] | NDArray[Any]:
    """Return the values of `x` after a cast to a type: k * 2^-F, k = round(x * 2^F), exact for every input.

    NaN becomes 0; an infinity acts as a finite value beyond the range (0 under ``wrap``). Works under ``jax.jit`` (the
    type and the modes are static there) and ``jax.vmap``; a change of type or mode compiles nothing.

    Args:
        x: float16, bfloat16, float32 or float64, a JAX array or anything that NumPy takes.
        fmt: The type, or its text form.
        rounding: A `Rounding` or its name.
        overflow: An `Overflow` or its name.
        key: For ``stochastic`` alone: a JAX random key, or a seed.

    Returns:
        An array of x's shape and kind (JAX or NumPy) with the first of x's dtype, float32 and float64 that holds every
        value of the type. Without x64 mode JAX has no float64: the result is a NumPy array then.

    Raises:
        FormatError: If the type cannot exist, or needs float64 inside ``jax.jit`` without x64 mode.
        DataError: If `x` is not floating point.
        SettingError: If a mode does not exist, or ``stochastic`` has no key.

    >>> quantize(np.float32([2.1, 15.99, -100.0]), "sfix8_En3")
    array([  2.125,  15.875, -16.   ], dtype=float32)
    """
    fmt, array = as_format(fmt), x if isinstance(x, jax.Array) else np.asarray(x)
    stored = _stored(array, fmt, rounding, overflow, key, "quantize")
    dtype = value_dtype(fmt, np.dtype(array.dtype))
    with _x64_for(array):
        if isinstance(stored, jax.Array) and (dtype != np.float64 or _has_x64()):
            on_device: Array = _values(stored, fmt.as_array(), dtype)
            return on_device
    if isinstance(stored, jax.core.Tracer):
        message = (
            f"quantize: wanted a type whose values float32 holds, as JAX has no float64 here; got {fmt}. "
            "Use stored_integer, turn on x64 mode, or call quantize outside jax.jit."
        )
        raise FormatError(message)
    values: NDArray[Any] = np.asarray(stored_to_values(np.asarray(stored), fmt.as_array(), dtype))
    return values


def stored_integer(
    x: Float[Array, "*shape"] | ArrayLike,
    fmt: FixedPoint | str,
    rounding: str = "round",
    overflow: str = "saturate",
    key: Array | int | None = None,
) -> Int[Array, "*shape"] | NDArray[np.integer[Any]]:
    """Return the stored integers k of `x` after a cast to a type.

    The arguments and errors are those of `quantize`.

    Returns:
        An array of x's shape and kind (JAX or NumPy): int32, or uint32 for an unsigned type of 32 bits.

    >>> stored_integer(np.float32([2.1, 15.99, -100.0]), "sfix8_En3")
    array([  17,  127, -128], dtype=int32)
    """
    fmt, array = as_format(fmt), x if isinstance(x, jax.Array) else np.asarray(x)
    stored = _stored(array, fmt, rounding, overflow, key, "stored_integer")
    wants_unsigned = fmt.stored_max > np.iinfo(np.int32).max
    return stored.view(np.uint32) if wants_unsigned else stored


def value_dtype(fmt: FixedPoint, dtype: DType) -> DType:
    """Return the first of `dtype`, float32 and float64 that holds every value of the type.

    >>> value_dtype(FixedPoint(True, 8, 3), np.dtype(np.float16)).name
    'float16'
    >>> value_dtype(FixedPoint(True, 32, 0), np.dtype(np.float16)).name
    'float64'
    """
    choices = (np.dtype(dtype), np.dtype(np.float32), np.dtype(np.float64))
    return next(choice for choice in choices if _holds(choice, fmt))


def _holds(dtype: DType, fmt: FixedPoint) -> bool:
    bits, least, most = _MANTISSAS[dtype]
    # A signed type's smallest value is a power of two, one position above the window.
    top = fmt.msb_exponent + fmt.signed
    return fmt.magnitude_bits <= bits and fmt.lsb_exponent >= least and top <= most


def _stored(
    x: AnyArray, fmt: FixedPoint, rounding: str, overflow: str, key: Array | int | None, where: str
) -> Array | NDArray[np.int32]:
    check_float(x, where)
    rounding_mode, overflow_mode = Rounding.parse(rounding), Overflow.parse(overflow)
    words, generator = _given_key(rounding_mode, key, where)
    if isinstance(x, jax.Array):
        codes = np.int32(rounding_mode.code), np.int32(overflow_mode.code)
        with _x64_for(x):
            stored: Array = _stored_by_jax(x, fmt.as_array(), *codes, words, generator)
        return stored
    bits = np.asarray(_words(x.shape, words, generator)) if rounding_mode is Rounding.STOCHASTIC else None
    return _stored_by_numpy(x, fmt.as_array(), rounding_mode.code, overflow_mode.code, bits)


class _Key(NamedTuple):
    """A random key as plain words, with the name of its generator."""

    words: Array | NDArray[np.uint32]
    generator: Generator


def _given_key(rounding: Rounding, key: Array | int | None, where: str) -> _Key:
    if rounding is not Rounding.STOCHASTIC:
        return _Key(_NO_KEY, "threefry2x32")
    if key is None:
        message = f"{where}: wanted a key for stochastic rounding; got None. Pass key=jax.random.key(0) or a seed."
        raise SettingError(message)
    if isinstance(key, int):
        key = jax.random.key(key)
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return _Key(jax.random.key_data(key), jax.random.key_impl(key))
    return _Key(key, "threefry2x32")


# Types and modes are traced, so that one executable serves them all.
@partial(jax.jit, static_argnames=("generator",))
def _stored_by_jax(x: Array, fmt: Array, rounding: Array, overflow: Array, words: Array, generator: Generator) -> Array:
    key = jax.random.wrap_key_data(words, impl=generator)
    return cast_floats(x, fmt, rounding, overflow, key).stored


@partial(jax.jit, static_argnames=("shape", "generator"))
def _words(shape: tuple[int, ...], words: Array, generator: Generator) -> Array:
    return jax.random.bits(jax.random.wrap_key_data(words, impl=generator), shape, np.uint32)


_values = jax.jit(stored_to_values, static_argnames=("dtype",))


def _stored_by_numpy(
    x: NDArray[Any], fmt: NDArray[np.int32], rounding: int, overflow: int, words: NDArray[np.uint32] | None
) -> NDArray[np.int32]:
    flat = np.ascontiguousarray(x).reshape(-1)
    stored = np.empty(flat.shape, np.int32)
    for start in range(0, flat.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        bits = None if words is None else words.reshape(-1)[part]
        stored[part] = cast_floats(flat[part], fmt, rounding, overflow, random_bits=bits).stored
    return stored.reshape(x.shape)


def _x64_for(x: Array | NDArray[Any]) -> AbstractContextManager[None]:
    """Turn x64 mode on for a JAX array that was made under it and outlived it."""
    mode: AbstractContextManager[None] = jax.enable_x64(_has_x64() or np.dtype(x.dtype) == np.float64)
    return mode


def _has_x64() -> bool:
    return bool(jax.dtypes.canonicalize_dtype(np.float64) == np.float64)
