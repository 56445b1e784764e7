"""Networks whose batch is a part of another axis for a while, or that are written in the words of newer JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from bitwindow.model.record import Model
from tests.network.networks import BATCH, case, conv, normal, pool

Make = Callable[[], Model]


@case
def merged_steps() -> Model:
    """A dense layer over all steps of all samples at once."""

    def forward(p: Any, x: Any) -> Any:
        batch, steps, features = x.shape
        hidden = jax.nn.relu(x.reshape((batch * steps, features)) @ p["w"] + p["b"])
        return (hidden @ p["head"]).reshape((batch, steps, 2)).mean(1)

    return Model(forward, {"w": normal(3, 4), "b": normal(4), "head": normal(4, 2, seed=1)}, normal(BATCH, 5, 3))


@case
def merged_frames() -> Model:
    """Convolutions and a pool over all frames of all samples at once."""

    def forward(p: Any, x: Any) -> Any:
        batch, frames = x.shape[:2]
        y = pool(jax.nn.relu(conv(x.reshape((-1, *x.shape[2:])), p["conv"]["w"]) + p["conv"]["b"]), "max")
        y = conv(y, p["depthwise"]["w"], strides=(2, 1), feature_group_count=4)
        return y.reshape((batch, frames, -1)).sum(1)

    params = {
        "conv": {"w": normal(3, 3, 2, 4), "b": normal(4, seed=2)},
        "depthwise": {"w": normal(3, 3, 1, 4, seed=1)},
    }
    return Model(forward, params, normal(BATCH, 3, 6, 6, 2))


@case
def sample_after_sample() -> Model:
    """A loop over the samples, each a small network."""

    def forward(p: Any, x: Any) -> Any:
        return lax.map(lambda sample: jax.nn.relu(sample @ p["w"]).mean(0), x)

    return Model(forward, {"w": normal(3, 4)}, normal(BATCH, 5, 3))


@case
def gathered_words() -> Model:
    """Stack, unstack, tile and an update of a slice at a fixed place: each says several operations in one word."""

    def forward(p: Any, x: Any) -> Any:
        first, second = jnp.unstack(x @ p["w"], axis=1)
        both = jnp.tile(jnp.stack([first, -second, x[:, 0]], axis=-1), (1, 2, 1))
        cache = lax.dynamic_update_slice(both, second[:, None], (0, 4, 0))
        return cache, lax.dynamic_update_slice(both, cache[:, :2], (0, 9, 0))

    return Model(forward, {"w": normal(3, 3)}, normal(BATCH, 2, 3))


@case
def side_by_side() -> Model:
    """A cell whose weights lie side by side, and whose sum has a bias behind it."""

    def forward(p: Any, x: Any) -> Any:
        cell = p["cell"]
        return jnp.tanh(x[:, 0] @ cell["w"] + x[:, 1] @ cell["u"] + cell["b"] - cell["c"])

    weights = {"w": normal(3, 4), "u": normal(3, 4, seed=1), "b": normal(4), "c": normal(4, seed=3)}
    return Model(forward, {"cell": weights}, normal(BATCH, 2, 3))
