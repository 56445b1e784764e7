"""How soon a network of 4.4 million parameters on 224 x 224 images answers a change of a window."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import bitwindow as bw
from benchmarks.layer_times import compile_all
from benchmarks.window_changes import Watcher

CHANNELS = (3, 32, 64, 128, 256, 512, 512)
IMAGES = 24
CHANGES = 20
SITES = ("input", "conv0/kernel", "conv0", "conv2/kernel", "conv4", "conv5/kernel", "dense/kernel", "dense")


def forward(params: Any, x: Any) -> Any:
    """Six convolutions of stride 2, the mean over the last 4 x 4 positions, a dense layer to 1,000 classes."""
    for place in range(len(CHANNELS) - 1):
        layer = params[f"conv{place}"]
        y = lax.conv_general_dilated(x, layer["kernel"], (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(y + layer["bias"])
    return jnp.mean(x, axis=(1, 2)) @ params["dense"]["kernel"] + params["dense"]["bias"]


def model() -> bw.Model:
    rng = np.random.default_rng(0)
    params: dict[str, dict[str, Any]] = {}
    for place, (before, after) in enumerate(pairwise(CHANNELS)):
        kernel = rng.normal(0, (2 / (9 * before)) ** 0.5, (3, 3, before, after)).astype(np.float32)
        params[f"conv{place}"] = {"kernel": kernel, "bias": np.zeros(after, np.float32)}
    dense = rng.normal(0, 0.05, (CHANNELS[-1], 1000)).astype(np.float32)
    params["dense"] = {"kernel": dense, "bias": np.zeros(1000, np.float32)}
    return bw.Model(forward, params, np.zeros((2, 224, 224, 3), np.float32))


def test_a_large_network_answers_soon() -> None:
    rng = np.random.default_rng(1)
    images = rng.random((IMAGES, 224, 224, 3), np.float32)
    q = bw.Quantizer(model()).calibrate(images[:8], progress=False).assign("minmax", 8)
    q.look_ahead = False
    q.watch(images, metric="agreement")
    compile_all(q)
    watcher = Watcher(q)
    print(f"\n{q.float_bytes // 4:,} parameters, 224 x 224, chunks of {q.network.batch}")
    for name in SITES:
        print(f"{name:14} {watcher.drag(name, CHANGES).first_in_ms()} of {IMAGES}")
