"""Conversions between element types."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import ml_dtypes
import numpy as np
from jax import lax

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import is_float
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("Cast", layout="elementwise")
def _cast(call: Call, x: Array) -> Array:
    return convert(call, x, call.dtype(call.get("to")))


@operator("CastLike")
def _cast_like(call: Call, x: Array, like: Array) -> Array:
    return convert(call, x, np.dtype(like.dtype))


@operator("BitCast")
def _bit_cast(call: Call, x: Array) -> Array:
    target = call.dtype(call.get("to"))
    if np.bool_ in {x.dtype.type, target.type}:
        x = x.view(np.uint8) if isinstance(x, np.ndarray) else x.astype(np.uint8)
    if target == np.bool_:
        return x.astype(bool)
    return lax.bitcast_convert_type(jnp.asarray(x), target)


def convert(call: Call, x: Array, target: np.dtype[Any]) -> Array:
    """Return values in another element type, by the rules of ONNX's Cast.

    Float to 8 bits and less saturates where ``saturate`` is 1, the default; float to integer goes towards zero.
    """
    if x.dtype == target:
        return x
    if target == np.bool_:
        return x != np.zeros((), x.dtype)
    if target.name.startswith("float8_e8m0"):
        return _to_exponent(call, x, target)
    if _is_small_float(target) and is_float(x.dtype):
        return _to_small(call, x, target)
    if np.dtype(x.dtype).kind == "V" and not is_float(target):
        # Small dtypes convert to integers through a wider one.
        x = x.astype(np.float32 if is_float(x.dtype) else np.int32)
    if target.name in {"int4", "uint4", "int2", "uint2"}:
        return _to_few_bits(call, x, target)
    return x.astype(target)


def _is_small_float(dtype: np.dtype[Any]) -> bool:
    return dtype.name.startswith(("float8", "float4"))


def _to_small(call: Call, x: Array, target: np.dtype[Any]) -> Array:
    xp, wide = call.xp, x.astype(np.float32)
    limits: Any = ml_dtypes.finfo
    most = float(limits(target).max)
    if target.name == "float4_e2m1fn":
        held = xp.where(xp.isnan(wide), np.float32(-0.0), wide)
        return xp.clip(held, np.float32(-most), np.float32(most)).astype(target)
    if not call.get("saturate", 1):
        return _overflowing(call, wide, target)
    bounded = xp.clip(wide, np.float32(-most), np.float32(most))
    return xp.where(xp.isnan(wide), wide, bounded).astype(target)


def _overflowing(call: Call, wide: Array, target: np.dtype[Any]) -> Array:
    """Beyond the range: infinity where the type has one, else NaN, as ml_dtypes rounds."""
    if call.folding:
        return np.asarray(wide).astype(target)
    return wide.astype(target)


def _to_few_bits(call: Call, x: Array, target: np.dtype[Any]) -> Array:
    bits = 4 if target.name.endswith("4") else 2
    whole = x.astype(np.int32)
    low = whole & np.int32(2**bits - 1)
    if target.name.startswith("int"):
        low = call.xp.where(low >= 2 ** (bits - 1), low - np.int32(2**bits), low)
    return low.astype(target)


def _to_exponent(call: Call, x: Array, target: np.dtype[Any]) -> Array:
    """float8_e8m0: a power of two, rounded as ``round_mode`` says, of the magnitude."""
    xp, mode = call.xp, call.get("round_mode", "up")
    bits = (
        x.astype(np.float32).view(np.uint32)
        if call.folding
        else lax.bitcast_convert_type(x.astype(np.float32), np.uint32)
    )
    exponent = ((bits >> np.uint32(23)) & np.uint32(255)).astype(np.int32)
    rest = bits & np.uint32(0x7FFFFF)
    half = (bits & np.uint32(0x400000)) > 0
    below = rest & np.uint32(0x3FFFFF)
    more = {
        "up": rest > 0,
        "down": xp.zeros(rest.shape, bool),
        "nearest": xp.logical_and(half, xp.logical_or(below > 0, exponent > 0)),
    }[mode]
    limit = 254 if call.get("saturate", 1) else 255
    raised = xp.where(xp.logical_and(more, exponent < limit), exponent + 1, exponent)
    code = xp.where(exponent == 255, 255, raised).astype(np.uint8)
    return code.view(target) if call.folding else lax.bitcast_convert_type(code, target)
