"""Quantization as ONNX writes it: a scale and a zero point, for the whole value, an axis, or blocks of one."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import ml_dtypes
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import element_type, is_float
from bitwindow.onnx_import.ops.arithmetic import exact_divisor
from bitwindow.onnx_import.ops.casts import convert
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("QuantizeLinear")
def _quantize(call: Call, x: Array, scale: Array, zero: Array | None = None) -> Array:
    target = _target(call, zero)
    axis, block = call.get("axis", 1), call.get("block_size", 0)
    step = _spread(call, scale, x, axis, block)
    wide = np.float64 if x.dtype == np.float64 else np.float32
    scaled = x.astype(wide) / exact_divisor(x, step.astype(wide))
    offset = None if zero is None else _spread(call, zero, x, axis, block).astype(np.float32)
    if is_float(target):
        return convert(call, (scaled if offset is None else scaled + offset).astype(wide), target)
    whole = call.xp.rint(scaled)
    return saturated(call, whole if offset is None else whole + offset, target)


def _target(call: Call, zero: Array | None) -> np.dtype[Any]:
    if zero is not None:
        found: np.dtype[Any] = np.dtype(zero.dtype)
        return found
    code: int = call.get("output_dtype", 0) or element_type(np.uint8)
    return call.dtype(code)


def saturated(call: Call, whole: Array, target: np.dtype[Any]) -> Array:
    """Return whole numbers in an integer type, those beyond its range at its ends."""
    info: Any = ml_dtypes.iinfo
    limits = info(target)
    bounded = call.xp.clip(whole, np.asarray(limits.min, whole.dtype), np.asarray(limits.max, whole.dtype))
    return bounded.astype(np.int32).astype(target)


@operator("DequantizeLinear")
def _dequantize(call: Call, x: Array, scale: Array, zero: Array | None = None) -> Array:
    axis, block = call.get("axis", 1), call.get("block_size", 0)
    code = call.get("output_dtype", 0)
    target = call.dtype(code) if code else np.dtype(scale.dtype)
    values = x.astype(np.float32)
    if zero is not None:
        values = values - _spread(call, zero, x, axis, block).astype(np.float32)
    return (values * _spread(call, scale, x, axis, block).astype(np.float32)).astype(target)


def _spread(call: Call, scale: Array, x: Array, axis: int, block: int) -> Array:
    """Return scales (or zero points) in a shape that broadcasts against the value."""
    if scale.ndim == 0 or (scale.size == 1 and scale.ndim == 1):
        return scale.reshape(())
    place = call.axis(axis, x.ndim)
    if scale.ndim == 1 and not block:
        return scale.reshape([-1 if at == place else 1 for at in range(x.ndim)])
    times = block or -(-x.shape[place] // scale.shape[place])
    repeated = call.xp.repeat(scale, times, axis=place)
    return repeated[(slice(None),) * place + (slice(0, x.shape[place]),)]


@operator("DynamicQuantizeLinear")
def _dynamic_quantize(call: Call, x: Array) -> list[Array]:
    zero32 = np.float32(0)
    low, high = jnp.minimum(jnp.min(x), zero32), jnp.maximum(jnp.max(x), zero32)
    scale = (high - low) / np.float32(255)
    safe = jnp.where(scale == 0, np.float32(1), scale)
    zero = jnp.clip(jnp.rint(zero32 - low / safe), 0, 255)
    whole = jnp.clip(jnp.rint(x / exact_divisor(x, safe)) + zero, 0, 255)
    return [whole.astype(np.uint8), scale, zero.astype(np.uint8)]


@operator("QLinearMatMul")
def _qlinear_matmul(
    call: Call,
    a: Array,
    a_scale: Array,
    a_zero: Array,
    b: Array,
    b_scale: Array,
    b_zero: Array,
    y_scale: Array,
    y_zero: Array,
) -> Array:
    left = a.astype(np.int32) - _rows(a_zero.astype(np.int32))
    right = b.astype(np.int32) - b_zero.astype(np.int32)
    total = call.xp.matmul(left, right).astype(np.float32)
    factor = _rows(a_scale.astype(np.float32)) * b_scale.astype(np.float32) / y_scale.astype(np.float32)
    return saturated(call, call.xp.rint(total * factor) + y_zero.astype(np.float32), np.dtype(y_zero.dtype))


def _rows(value: Array) -> Array:
    return value[..., None] if value.ndim == 1 and value.size > 1 else value


@operator("QLinearConv")
def _qlinear_conv(
    call: Call,
    x: Array,
    x_scale: Array,
    x_zero: Array,
    w: Array,
    w_scale: Array,
    w_zero: Array,
    y_scale: Array,
    y_zero: Array,
    b: Array | None = None,
) -> Array:
    from bitwindow.onnx_import.ops.convolution import convolved

    channels = (-1,) + (1,) * (w.ndim - 2)
    left = jnp.asarray(x, jnp.int32) - x_zero.astype(np.int32).reshape(())
    zero = w_zero.astype(np.int32)
    right = jnp.asarray(w, jnp.int32) - (zero.reshape((-1,) + (1,) * (w.ndim - 1)) if zero.size > 1 else zero)
    total = convolved(call, left, right)
    if b is not None:
        total = total + b.reshape(channels)
    step = w_scale.reshape(channels) if w_scale.size > 1 else w_scale.reshape(())
    factor = x_scale.reshape(()) * step / y_scale.reshape(())
    whole = jnp.rint(total.astype(np.float32) * factor) + y_zero.astype(np.float32)
    return saturated(call, whole, np.dtype(y_zero.dtype))
