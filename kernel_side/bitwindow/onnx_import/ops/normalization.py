"""Normalizations: an affine map per channel in inference, or by the input's own mean and spread."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("BatchNormalization", layout="follows")
def _batch_norm(call: Call, x: Array, scale: Array, bias: Array, mean: Array, var: Array) -> Any:
    if call.get("training_mode", 0) or (call.opset < 14 and call.wants(1)):
        raise call.fail("batch-norm in inference form", "its training form", "export the network in evaluation mode")
    if call.opset < 9 and not call.get("spatial", 1):
        raise call.fail("one scale a channel", "spatial = 0", "export the network with a newer opset")
    epsilon = np.asarray(call.get("epsilon", 1e-5), np.float32)
    factor = scale / jnp.sqrt(var + epsilon.astype(var.dtype))
    offset = bias - mean * factor
    if not call.channels_last and x.ndim > 2:
        shape = (-1,) + (1,) * (x.ndim - 2)
        factor, offset = factor.reshape(shape), offset.reshape(shape)
    return (x * factor + offset).astype(x.dtype)


@operator("InstanceNormalization", layout="follows")
def _instance_norm(call: Call, x: Array, scale: Array, bias: Array) -> Array:
    axes = tuple(range(1, x.ndim - 1)) if call.channels_last else tuple(range(2, x.ndim))
    normal = _normalized(x, axes, call.get("epsilon", 1e-5))
    if not call.channels_last:
        shape = (-1,) + (1,) * (x.ndim - 2)
        scale, bias = scale.reshape(shape), bias.reshape(shape)
    return normal * scale + bias


@operator("GroupNormalization")
def _group_norm(call: Call, x: Array, scale: Array, bias: Array) -> Array:
    groups, channels = call.get("num_groups"), x.shape[1]
    if groups < 1 or channels % groups:
        raise call.fail(f"groups that divide {channels} channels", f"{groups}")
    if call.opset < 21 and scale.shape[0] == groups:
        scale, bias = jnp.repeat(scale, channels // groups), jnp.repeat(bias, channels // groups)
    grouped = x.reshape((x.shape[0], groups, channels // groups, *x.shape[2:]))
    normal = _normalized(grouped, tuple(range(2, grouped.ndim)), call.get("epsilon", 1e-5)).reshape(x.shape)
    shape = (-1,) + (1,) * (x.ndim - 2)
    return normal * scale.reshape(shape) + bias.reshape(shape)


@operator("LayerNormalization")
def _layer_norm(call: Call, x: Array, scale: Array, bias: Array | None = None) -> Any:
    axis = call.axis(call.get("axis", -1), x.ndim)
    axes = tuple(range(axis, x.ndim))
    wide = jnp.asarray(x, jnp.promote_types(x.dtype, jnp.float32) if call.get("stash_type", 1) else x.dtype)
    mean = jnp.mean(wide, axis=axes, keepdims=True)
    centred = wide - mean
    inverse = lax.rsqrt(jnp.mean(centred * centred, axis=axes, keepdims=True) + np.float32(call.get("epsilon", 1e-5)))
    result = (centred * inverse).astype(x.dtype) * scale
    result = result if bias is None else result + bias
    return [result.astype(x.dtype), mean, inverse]


@operator("RMSNormalization")
def _rms_norm(call: Call, x: Array, scale: Array) -> Array:
    axes = tuple(range(call.axis(call.get("axis", -1), x.ndim), x.ndim))
    wide = jnp.asarray(x, jnp.promote_types(x.dtype, jnp.float32))
    inverse = lax.rsqrt(jnp.mean(wide * wide, axis=axes, keepdims=True) + np.float32(call.get("epsilon", 1e-5)))
    return ((wide * inverse).astype(x.dtype) * scale).astype(x.dtype)


@operator("MeanVarianceNormalization")
def _mean_variance_norm(call: Call, x: Array) -> Array:
    axes = tuple(call.axis(axis, x.ndim) for axis in call.ints("axes", (0, 2, 3)) or ())
    centred = x - jnp.mean(x, axis=axes, keepdims=True)
    spread = jnp.sqrt(jnp.mean(centred * centred, axis=axes, keepdims=True))
    return centred / (spread + np.asarray(1e-9, x.dtype))


@operator("LRN", layout="enters")
def _lrn(call: Call, x: Array) -> Array:
    size, axis = call.get("size"), x.ndim - 1 if call.channels_last else 1
    if size < 1:
        raise call.fail("a positive size", f"{size}")
    window = tuple(size if at == axis else 1 for at in range(x.ndim))
    padding = [((size - 1) // 2, size // 2) if at == axis else (0, 0) for at in range(x.ndim)]
    squares = lax.reduce_window(x * x, np.zeros((), x.dtype), lax.add, window, (1,) * x.ndim, padding)
    alpha, beta, bias = call.get("alpha", 1e-4), call.get("beta", 0.75), call.get("bias", 1.0)
    return x / (np.asarray(bias, x.dtype) + np.asarray(alpha / size, x.dtype) * squares) ** np.asarray(beta, x.dtype)


@operator("LpNormalization")
def _lp_norm(call: Call, x: Array) -> Array:
    axis, p = call.axis(call.get("axis", -1), x.ndim), call.get("p", 2)
    powers = jnp.abs(x) if p == 1 else x * x
    total = jnp.sum(powers, axis=axis, keepdims=True)
    norm = total if p == 1 else jnp.sqrt(total)
    return jnp.where(norm == 0, np.zeros((), x.dtype), x / jnp.where(norm == 0, np.ones((), x.dtype), norm))


def _normalized(x: Array, axes: tuple[int, ...], epsilon: float) -> Array:
    mean = jnp.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    variance = jnp.mean(jax.lax.square(centred), axis=axes, keepdims=True)
    return centred * lax.rsqrt(variance + np.asarray(epsilon, x.dtype))
