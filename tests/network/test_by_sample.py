"""A function that is read sample by sample: only where that is the same, and where nothing else runs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.errors import ModelError
from bitwindow.model.record import Model
from bitwindow.network.trace import trace
from tests.network.networks import normal

X = np.random.default_rng(0).normal(size=(6, 4, 3)).astype(np.float32)


def test_what_mixes_the_samples_inside_a_merged_axis_stays_as_it_is_written() -> None:
    def forward(p: Any, x: Any) -> Any:
        return jnp.cumsum(x.reshape((-1, 3)) @ p["w"], axis=0).reshape((x.shape[0], -1))

    (layer,) = [layer for layer in trace(Model(forward, {"w": normal(3, 2)}, X), 4).layers if "float" in layer.note]
    assert "the batch is no axis of its own" in layer.note


def test_a_function_of_one_sample_runs_at_every_batch() -> None:
    def forward(p: Any, x: Any) -> Any:
        return (jax.nn.relu(x.reshape((1, 12)) @ p["a"]) @ p["b"]).reshape((1, 2))

    params = {"a": normal(12, 5), "b": normal(5, 2)}
    q = bw.Quantizer(Model(forward, params, X[:1]), batch=4).calibrate(X, progress=False)
    q.assign("minmax", 16)
    wanted = np.concatenate([forward(params, sample[None]) for sample in X])
    np.testing.assert_allclose(q(X), wanted, atol=2e-3 * np.abs(wanted).max())
    assert not q.prepare().refused
    with pytest.raises(ModelError, match=r"wanted a function that runs at every batch size, got TypeError"):
        trace(Model(lambda p, x: x.reshape((2, 12)) @ p["a"], params, X[:2]), 4)


def test_noise_drawn_for_a_batch_is_refused() -> None:
    def forward(p: Any, x: Any) -> Any:
        return x @ p["w"] + jax.random.normal(jax.random.key(0), (*x.shape[:2], 2))

    with pytest.raises(
        ModelError, match=r"operation 'add' reads a constant of shape \(5, 4, 2\) that differs from sample"
    ):
        trace(Model(forward, {"w": normal(3, 2)}, X), 5)
