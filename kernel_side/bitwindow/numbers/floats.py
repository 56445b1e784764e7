"""Floating-point numbers taken apart by their bits, denormals included, with no floating-point arithmetic.

XLA flushes denormals in arithmetic and `jax.numpy.frexp` is wrong on them; an integer view of the bits is neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ml_dtypes
import numpy as np

from bitwindow.errors import DataError

if TYPE_CHECKING:
    from types import ModuleType

    from jax import Array
    from jaxtyping import Bool, Float, Int32, UInt

    from bitwindow.numbers.arrays import AnyArray


class _Layout(NamedTuple):
    """Where a dtype keeps its bits: word, word of the magnitude, fraction bits, exponent bits."""

    word: type[np.unsignedinteger]
    magnitude: type[np.unsignedinteger]
    fraction: int
    exponent: int


LAYOUTS: dict[np.dtype[np.generic], _Layout] = {
    np.dtype(np.float16): _Layout(np.uint16, np.uint32, 10, 5),
    np.dtype(ml_dtypes.bfloat16): _Layout(np.uint16, np.uint32, 7, 8),
    np.dtype(np.float32): _Layout(np.uint32, np.uint32, 23, 8),
    np.dtype(np.float64): _Layout(np.uint64, np.uint64, 52, 11),
}
"""The floating-point dtypes that can be cast."""


class Parts(NamedTuple):
    """Values as (-1)^negative * magnitude * 2^exponent.

    A NaN has magnitude 0; an infinity a magnitude that is not 0 and no meaningful exponent.
    """

    negative: Bool[Array, "*shape"]
    magnitude: UInt[Array, "*shape"]
    exponent: Int32[Array, "*shape"]
    inf: Bool[Array, "*shape"]
    nan: Bool[Array, "*shape"]


def check_float(x: Float[AnyArray, "*shape"], where: str) -> None:
    """Check that an array has a dtype that can be cast.

    Raises:
        DataError: If it is not float16, bfloat16, float32 or float64.
    """
    if np.dtype(x.dtype) not in LAYOUTS:
        message = (
            f"{where}: wanted an array of float16, bfloat16, float32 or float64; got {x.dtype} of shape {x.shape}. "
            "Convert it to a real floating-point dtype first."
        )
        raise DataError(message)


def take_apart(xp: ModuleType, x: Float[Array, "*shape"]) -> Parts:
    """Return signs, integer magnitudes and exponents of finite values, and where the others are."""
    layout = LAYOUTS[np.dtype(x.dtype)]
    unsigned = layout.magnitude
    bits = x.view(layout.word).astype(unsigned)
    top = unsigned((1 << layout.exponent) - 1)
    field = (bits >> unsigned(layout.fraction)) & top
    fraction = bits & unsigned((1 << layout.fraction) - 1)
    special = field == top
    nan = special & (fraction != 0)
    hidden = xp.where(field == 0, unsigned(0), unsigned(1 << layout.fraction))
    magnitude = xp.where(nan, unsigned(0), fraction | hidden)
    bias = (1 << (layout.exponent - 1)) - 1
    exponent = xp.maximum(field, unsigned(1)).astype(np.int32) - np.int32(bias + layout.fraction)
    negative = (bits >> unsigned(layout.fraction + layout.exponent)) != 0
    return Parts(negative, magnitude, exponent, special & (fraction == 0), nan)
