"""ONNX's element types as NumPy dtypes, and the ones that JAX has no arrays of."""

from __future__ import annotations

from typing import Any

import jax
import ml_dtypes
import numpy as np

from bitwindow.errors import ModelError

# The numbers are those of onnx.TensorProto.DataType, which may never change.
_NAMES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8_e4m3fn",
    18: "float8_e4m3fnuz",
    19: "float8_e5m2",
    20: "float8_e5m2fnuz",
    21: "uint4",
    22: "int4",
    23: "float4_e2m1fn",
    24: "float8_e8m0fnu",
    25: "uint2",
    26: "int2",
}
BITS = {"uint4": 4, "int4": 4, "float4_e2m1fn": 4, "uint2": 2, "int2": 2}
"""Of the dtypes of which several elements share one byte."""


def numpy_dtype(code: int, where: str) -> np.dtype[Any]:
    """Return the dtype of an element type.

    Raises:
        ModelError: If it is unknown, or holds texts.
    """
    name = _NAMES.get(int(code))
    if name is None or name == "string":
        raise ModelError(
            f"{where}: wanted elements that are numbers, got {'texts' if name else f'the element type {code}'}; "
            "take preprocessing of texts out of the graph"
        )
    return np.dtype(getattr(ml_dtypes, name, name))


def element_type(dtype: Any) -> int:
    """Return the ONNX element type of a dtype, 0 when there is none."""
    name = np.dtype(dtype).name
    return next((code for code, known in _NAMES.items() if known == name), 0)


def canonical(dtype: Any) -> np.dtype[Any]:
    """Return the dtype that JAX keeps such values in: 32 bits for 64 where x64 is off."""
    return np.dtype(jax.dtypes.canonicalize_dtype(dtype))


def is_float(dtype: Any) -> bool:
    """Whether a dtype holds floating-point numbers, those of ml_dtypes among them."""
    return bool(jax.numpy.issubdtype(dtype, jax.numpy.floating))
