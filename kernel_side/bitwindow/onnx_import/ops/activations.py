"""Activations; those that JAX has a function for keep its name, by which their layer is recognized."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

_PLAIN: dict[str, Any] = {
    "Relu": jax.nn.relu,
    "Sigmoid": jax.nn.sigmoid,
    "Softplus": jax.nn.softplus,
    "Softsign": jax.nn.soft_sign,
    "Mish": jax.nn.mish,
    "HardSwish": jax.nn.hard_swish,
}


@operator(*_PLAIN, layout="elementwise")
def _plain(call: Call, x: Array) -> Array:
    return _PLAIN[call.node.op](x)


@operator("Gelu", layout="elementwise")
def _gelu(call: Call, x: Array) -> Array:
    return jax.nn.gelu(jnp.asarray(x), approximate=call.get("approximate", "none") == "tanh")


@operator("Swish", layout="elementwise")
def _swish(call: Call, x: Array) -> Array:
    alpha = call.get("alpha", 1.0)
    return jax.nn.silu(x) if alpha == 1.0 else x * jax.nn.sigmoid(_number(alpha, x) * x)


@operator("LeakyRelu", layout="elementwise")
def _leaky_relu(call: Call, x: Array) -> Array:
    return jax.nn.leaky_relu(jnp.asarray(x), call.get("alpha", 0.01))


@operator("Elu", layout="elementwise")
def _elu(call: Call, x: Array) -> Array:
    return jax.nn.elu(jnp.asarray(x), call.get("alpha", 1.0))


@operator("Celu", layout="elementwise")
def _celu(call: Call, x: Array) -> Array:
    return jax.nn.celu(jnp.asarray(x), call.get("alpha", 1.0))


@operator("Selu", layout="elementwise")
def _selu(call: Call, x: Array) -> Array:
    alpha, gamma = call.get("alpha", 1.6732631921768188), call.get("gamma", 1.0507010221481323)
    return _number(gamma, x) * jax.nn.elu(jnp.asarray(x), alpha)


@operator("HardSigmoid", layout="elementwise")
def _hard_sigmoid(call: Call, x: Array) -> Array:
    alpha, beta = call.get("alpha", 0.2), call.get("beta", 0.5)
    return jnp.clip(_number(alpha, x) * x + _number(beta, x), _number(0.0, x), _number(1.0, x))


@operator("ThresholdedRelu", layout="elementwise")
def _thresholded_relu(call: Call, x: Array) -> Array:
    return jnp.where(x > _number(call.get("alpha", 1.0), x), x, _number(0.0, x))


@operator("Shrink", layout="elementwise")
def _shrink(call: Call, x: Array) -> Array:
    bias, limit = _number(call.get("bias", 0.0), x), call.get("lambd", 0.5)
    return jnp.where(x < -limit, x + bias, jnp.where(x > limit, x - bias, _number(0.0, x))).astype(x.dtype)


@operator("PRelu", layout="elementwise")
def _prelu(call: Call, x: Array, slope: Array) -> Array:
    return call.xp.where(x < 0, x * slope, x).astype(x.dtype)


@operator("Dropout", layout="elementwise")
def _dropout(call: Call, x: Array, ratio: Array | None = None, training: Array | None = None) -> list[Array]:
    rate = call.get("ratio", 0.5) if ratio is None else float(np.asarray(ratio))
    if training is not None and bool(np.asarray(training)) and rate > 0.0:
        raise call.fail("dropout in inference form", "training_mode = true", "export the network in evaluation mode")
    return [x, call.xp.ones(x.shape, bool)]


@operator("Softmax", "LogSoftmax", "Hardmax")
def _softmax(call: Call, x: Array) -> Array:
    old = call.opset < 13
    axis = call.axis(call.get("axis", 1 if old else -1), x.ndim)
    if not old:
        return _along(call, x, axis)
    # Up to opset 12 all axes from this one on are one.
    flat = x.reshape(math.prod(x.shape[:axis]), -1) if axis != x.ndim - 1 else x
    return _along(call, flat, -1).reshape(x.shape)


def _along(call: Call, x: Array, axis: int) -> Array:
    if call.node.op == "Softmax":
        return jax.nn.softmax(jnp.asarray(x), axis=axis)
    if call.node.op == "LogSoftmax":
        return jax.nn.log_softmax(jnp.asarray(x), axis=axis)
    largest = jnp.argmax(x, axis=axis)
    return jax.nn.one_hot(largest, x.shape[axis], dtype=x.dtype, axis=axis)


def _number(value: float, like: Array) -> Any:
    return np.asarray(value, like.dtype)
