"""A small network with everything that layered execution must get right, and the slow, fresh way to its figures."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

import bitwindow as bw

RNG = np.random.default_rng(11)
N, BATCH = 22, 8
IMAGES = RNG.normal(size=(N, 4, 4, 2)).astype(np.float32)
FEATURES = RNG.normal(size=(N, 3)).astype(np.float32)
INPUTS = {"image": IMAGES, "features": FEATURES}
LABELS = RNG.integers(0, 3, N)


def branched(params: Any, inputs: Any) -> Any:
    """Two inputs; a convolution, a residual sum, a pool, a branch with tanh in float, a concatenation, a dense one."""
    x = _convolve(inputs["image"], params["conv1"])
    x = jax.nn.relu(x + params["conv1"]["bias"])
    x = jax.nn.relu(x + _convolve(x, params["conv2"]))
    x = jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    side = jax.numpy.tanh(inputs["features"] @ params["side"]["kernel"])
    joined = jax.numpy.concatenate([x.reshape(x.shape[0], -1), side], axis=1)
    return joined @ params["dense"]["kernel"] + params["dense"]["bias"]


def _convolve(x: Any, layer: Any) -> Any:
    numbers = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, layer["kernel"], (1, 1), "SAME", dimension_numbers=numbers)


def parameters() -> Any:
    rng = np.random.default_rng(5)

    def normal(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.4, shape).astype(np.float32)

    return {
        "conv1": {"kernel": normal(3, 3, 2, 3), "bias": normal(3)},
        "conv2": {"kernel": normal(3, 3, 3, 3)},
        "side": {"kernel": normal(3, 4)},
        "dense": {"kernel": normal(16, 3), "bias": normal(3)},
    }


def quantizer() -> bw.Quantizer:
    model = bw.Model(branched, parameters(), {name: part[:2] for name, part in INPUTS.items()})
    return bw.Quantizer(model, batch=BATCH).calibrate(INPUTS, progress=False)
