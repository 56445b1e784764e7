"""The SQNR of every site of a run, those inside loops over all of their steps."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import bitwindow as bw

RNG = np.random.default_rng(5)
PARAMS = {"cell": RNG.normal(size=(3, 3)).astype(np.float32), "head": RNG.normal(size=(3, 2)).astype(np.float32)}
X = RNG.normal(size=(10, 4, 3)).astype(np.float32)


def states(x: Any, xp: Any = jnp) -> list[Any]:
    h, made = xp.zeros((len(x), 3), np.float32), []
    for step in range(4):
        h = xp.tanh(x[:, step] @ PARAMS["cell"] + h)
        made.append(h)
    return made


def forward(p: Any, x: Any) -> Any:
    def step(h: Any, now: Any) -> tuple[Any, None]:
        return jnp.tanh(now @ p["cell"] + h), None

    h, _ = lax.scan(step, jnp.zeros((x.shape[0], 3)), jnp.swapaxes(x, 0, 1))
    return h @ p["head"]


def test_a_site_inside_a_loop_is_compared_at_every_step_where_only_the_last_is_read() -> None:
    q = bw.Quantizer(bw.Model(forward, PARAMS, X), batch=8).calibrate(X, progress=False).assign("minmax", 16)
    # One LSB of 0.25 after tanh alone: every state is rounded to a quarter, and all else is exact to 16 bits.
    q["tanh"].format = "sfix4_En2"
    found = q.validate(X, metric="mse").sites
    assert set(found) >= {"tanh", "cell", "head", "input"}
    wanted = np.stack(states(X, np), axis=1)
    h, rounded = np.zeros((10, 3)), []
    for step in range(4):
        exact = np.tanh(X[:, step].astype(np.float64) @ PARAMS["cell"] + h)
        h = np.copysign(np.floor(np.abs(exact) * 4 + 0.5) / 4, exact)
        rounded.append(h)
    noise = np.sum((np.stack(rounded, axis=1) - wanted) ** 2)
    assert found["tanh"].sqnr == pytest.approx(10 * np.log10(np.sum(wanted.astype(np.float64) ** 2) / noise), abs=0.05)
