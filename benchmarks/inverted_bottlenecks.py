"""A network for 224 x 224 images in plain JAX, random weights: pointwise and depthwise convolutions with residuals.

The layout is that of MobileNetV2 (Sandler et al., 2018), 4 million parameters with its last layers widened.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.model.record import Model

Weights = dict[str, dict[str, Any]]
# (expansion, channels, repeats, stride)
BLOCKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
LAST, CLASSES = 1696, 1000


def bottleneck_model(seed: int = 0) -> Model:
    """Return the model with He's random weights and small biases."""
    rng = np.random.default_rng(seed)
    params: Weights = {}

    def add(name: str, *shape: int) -> None:
        fan_in = int(np.prod(shape[:-1]))
        kernel = rng.normal(size=shape) * (2 / fan_in) ** 0.5
        bias = rng.normal(size=shape[-1]) * 0.05
        params[name] = {"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)}

    add("stem", 3, 3, 3, 32)
    before = 32
    for name, inner, out, expands in _blocks(before):
        if expands:
            add(f"{name}/expand", 1, 1, before, inner)
        add(f"{name}/depthwise", 3, 3, 1, inner)
        add(f"{name}/project", 1, 1, inner, out)
        before = out
    add("last", 1, 1, before, LAST)
    add("classes", LAST, CLASSES)
    return Model(forward, params, np.zeros((1, 224, 224, 3), np.float32))


def _blocks(before: int) -> list[tuple[str, int, int, bool]]:
    made = []
    for stage, (expansion, out, repeats, _) in enumerate(BLOCKS):
        for repeat in range(repeats):
            made.append((f"block{stage}_{repeat}", before * expansion, out, expansion > 1))
            before = out
    return made


def forward(params: Weights, images: jax.Array) -> jax.Array:
    """Return the logits of images (batch, 224, 224, 3)."""
    x = _relu6(_convolve(images, params["stem"], stride=2))
    for stage, (expansion, _, repeats, stride) in enumerate(BLOCKS):
        for repeat in range(repeats):
            name, step = f"block{stage}_{repeat}", stride if repeat == 0 else 1
            y = _relu6(_convolve(x, params[f"{name}/expand"])) if expansion > 1 else x
            y = _relu6(_convolve(y, params[f"{name}/depthwise"], stride=step, groups=y.shape[-1]))
            y = _convolve(y, params[f"{name}/project"])
            x = x + y if step == 1 and x.shape == y.shape else y
    x = _relu6(_convolve(x, params["last"]))
    logits: jax.Array = jnp.mean(x, axis=(1, 2)) @ params["classes"]["kernel"] + params["classes"]["bias"]
    return logits


def _convolve(x: jax.Array, layer: dict[str, Any], *, stride: int = 1, groups: int = 1) -> jax.Array:
    y = lax.conv_general_dilated(
        x,
        layer["kernel"],
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )
    return jnp.add(y, layer["bias"])


def _relu6(x: jax.Array) -> jax.Array:
    return jnp.clip(x, 0, 6)
