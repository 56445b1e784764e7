"""The demo's convolutional network: 105,866 parameters in plain JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Parameters = dict[str, dict[str, Any]]

SHAPES: dict[str, tuple[int, ...]] = {
    "conv1": (3, 3, 1, 16),
    "conv2": (3, 3, 16, 32),
    "dense1": (7 * 7 * 32, 64),
    "dense2": (64, 10),
}
"""The shape of each layer's kernel; its bias has the length of the last axis."""


def forward(params: Parameters, images: jax.Array) -> jax.Array:
    """Return the logits of the ten digits.

    Two convolutions with ReLU and 2 x 2 max-pooling, a dense layer with ReLU, a dense layer.

    Args:
        params: ``{"conv1": {"kernel", "bias"}, "conv2": ..., "dense1": ..., "dense2": ...}``, float32, shapes as in
            ``SHAPES``.
        images: float32 array of shape (batch, 28, 28, 1), in [0, 1].

    Returns:
        float32 array of shape (batch, 10).
    """
    x = _halve(jax.nn.relu(_convolve(images, params["conv1"])))
    x = _halve(jax.nn.relu(_convolve(x, params["conv2"])))
    x = jnp.reshape(x, (x.shape[0], -1))
    x = jax.nn.relu(x @ params["dense1"]["kernel"] + params["dense1"]["bias"])
    return jnp.add(x @ params["dense2"]["kernel"], params["dense2"]["bias"])


def initial_parameters(seed: int) -> Parameters:
    """Return random parameters to train from: He's normal initialization for the kernels, zeros for the biases.

    Args:
        seed: of the random numbers.
    """
    keys = jax.random.split(jax.random.key(seed), len(SHAPES))
    params: Parameters = {}
    for key, (name, shape) in zip(keys, SHAPES.items(), strict=True):
        fan_in = 1
        for size in shape[:-1]:
            fan_in *= size
        kernel = jax.random.normal(key, shape) * (2.0 / fan_in) ** 0.5
        params[name] = {"kernel": kernel, "bias": jnp.zeros(shape[-1])}
    return params


def _convolve(x: jax.Array, layer: dict[str, Any]) -> jax.Array:
    y = lax.conv_general_dilated(x, layer["kernel"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return jnp.add(y, layer["bias"])


def _halve(x: jax.Array) -> jax.Array:
    halved: jax.Array = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return halved
