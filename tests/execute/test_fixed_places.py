"""Updates at fixed places, fixed masks, zeros around, sums over fixed edges: against exact rational arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bitwindow.execute.modes import Modes
from bitwindow.network.records import FloatComputation
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS
from tests.execute.agree import check
from tests.execute.traced import random_types, traced

RNG = np.random.default_rng(6)
PARAMS = {"w": RNG.normal(size=(3, 3)).astype(np.float32)}
X = RNG.normal(size=(2, 4, 3)).astype(np.float32)
EDGES = np.array([[0, 1], [2, 1], [3, 1], [3, 0]])
COUNTS = np.array([1.0, 3.0, 1.0, 1.0], np.float32)[:, None]
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "written": lambda x, y: x.at[:, 0].set(y[:, 2]),
    "written here and there": lambda x, y: x.at[:, ::2, jnp.array([2, 0])].set(y[:, :2, :2]),
    "added": lambda x, y: jax.nn.relu(x.at[:, 1:3].add(y[:, :2])),
    "subtracted": lambda x, y: x.at[..., -1].subtract(y[..., 0]),
    "along edges": lambda _, y: jnp.zeros_like(y).at[:, EDGES[:, 1]].add(y[:, EDGES[:, 0]]),
    "segments": lambda x, y: x + jax.vmap(lambda one: jax.ops.segment_sum(one, np.array([0, 2, 2, 3]), 4))(y),
    "mean along edges": lambda _, y: y + jnp.zeros_like(y).at[:, EDGES[:, 1]].add(y[:, EDGES[:, 0]]) / COUNTS,
    "largest of segments": lambda _, y: jax.vmap(lambda one: jax.ops.segment_max(one, np.array([0, 1, 1, 0]), 2))(y),
    "masked": lambda _, y: jnp.tril(y @ PARAMS["w"].T)[:, :3] @ y[:, :3],
    "one or the other": lambda x, y: jnp.where(np.array([True, False, True]), jax.nn.relu(y), x),
    "shifted": lambda x, y: jnp.concatenate([jnp.zeros_like(x[:, :1]), y[:, :-1]], 1),
}
NET = traced(lambda p, x: [function(x, x @ p["w"]) for function in FUNCTIONS.values()], PARAMS, X)
# With random words a compilation takes seconds: some of the kinds stand for all.
SOME = traced(
    lambda p, x: [FUNCTIONS[name](x, x @ p["w"]) for name in ("written", "along edges", "one or the other")], PARAMS, X
)
MODES = [Modes(rounding=rounding) for rounding in ROUNDINGS] + [Modes(overflow=overflow) for overflow in OVERFLOWS[1:]]


def test_no_layer_is_float() -> None:
    assert not [layer.note for layer in NET.layers if isinstance(layer.operation, FloatComputation)]


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: f"{modes.rounding}-{modes.overflow}")
def test_every_mode_agrees(modes: Modes) -> None:
    net = SOME if modes.rounding == "stochastic" else NET
    for seed, widths in enumerate([(4, 9), (16, 17)]):
        x = RNG.normal(size=X.shape).astype(np.float32)
        check(net, random_types(net, seed, widths), modes, (x,), paths=("convolution",))
