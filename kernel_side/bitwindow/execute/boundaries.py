"""What travels between layers: stored integers in int16 or int32 arrays, by a rule that no change of a window moves.

A site whose type has 16 bits or fewer travels as int16, a wider one as int32: always the low bits of the stored
integers, so that an unsigned type of exactly 16 or 32 bits is a bit pattern. Parameters are int32 whatever their type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from jax import Array
    from jaxtyping import Bool, Int, Int32, Num

NARROW_BITS = 16


def carrier_dtype(fmt: FixedPoint) -> np.dtype[Any]:
    """Return the dtype in which a site of this type travels.

    >>> from bitwindow.numbers.format import FixedPoint
    >>> carrier_dtype(FixedPoint(True, 8, 3)), carrier_dtype(FixedPoint(True, 17, 3))
    (dtype('int16'), dtype('int32'))
    """
    return np.dtype(np.int16 if fmt.word_length <= NARROW_BITS else np.int32)


def bits_of(x: Any) -> int:
    """Return the width of a carrier in bits."""
    return 8 * int(np.dtype(x.dtype).itemsize)


def pattern(fmt: Int32[Array, "3"], bits: int) -> Bool[Array, ""]:
    """Return whether carriers of this width are bit patterns: those of an unsigned type that fills them."""
    filled: Array = (fmt[0] == 0) & (fmt[1] == bits)
    return filled


def stored_as(x: Int[Array, "*shape"], fmt: Int32[Array, "3"], dtype: np.dtype[Any] | type) -> Num[Array, "*shape"]:
    """Return the stored integers of carriers in another dtype: int32 (below 2^31), int64, float32 or float64."""
    if bits_of(x) == NARROW_BITS:
        kept = jnp.where(fmt[0] == 0, np.int32(0xFFFF), np.int32(-1))
        return (x.astype(np.int32) & kept).astype(dtype)
    if np.dtype(dtype) == np.int32:
        return x
    wide = x.astype(dtype)
    return jnp.where(pattern(fmt, 32) & (x < 0), wide + np.asarray(2**32, dtype), wide)


def widened(x: Any, fmt: Any) -> Any:
    """Return a value's carriers as int32; a value without a type is as it was."""
    if not isinstance(fmt, FixedPoint) or x.dtype == np.int32:
        return x
    return _as_int32(x, fmt.as_array())


def narrowed(x: Any, fmt: Any) -> Any:
    """Return int32 carriers in the dtype in which they travel; a value without a type is as it was."""
    if not isinstance(fmt, FixedPoint) or x.dtype == carrier_dtype(fmt):
        return x
    return _as_int16(x)


_as_int32 = jax.jit(lambda x, fmt: stored_as(x, fmt, np.int32))
_as_int16 = jax.jit(lambda x: x.astype(np.int16))
