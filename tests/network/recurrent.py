"""Networks with loops inside: recurrent cells written out and by Flax, stacked layers, counters, nested loops."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.model.record import Model
from tests.network.networks import BATCH, case, flax_model, normal

STEPS, FEATURES, HIDDEN = 4, 3, 5


def lstm_step(p: Any, carry: Any, now: Any) -> Any:
    h, c = carry
    i, f, g, o = jnp.split(now @ p["x"] + h @ p["h"] + p["b"], 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def lstm_params(seed: int = 0) -> dict[str, Any]:
    return {
        "x": normal(FEATURES, 4 * HIDDEN, seed=seed),
        "h": normal(HIDDEN, 4 * HIDDEN, seed=seed),
        "b": normal(4 * HIDDEN, seed=seed),
    }


def run_lstm(p: Any, x: Any, *, reverse: bool = False) -> Any:
    zeros = jnp.zeros((x.shape[0], HIDDEN))
    return lax.scan(lambda carry, now: lstm_step(p, carry, now), (zeros, zeros), jnp.swapaxes(x, 0, 1), reverse=reverse)


@case
def lstm() -> Model:
    params = {"cell": lstm_params(), "out": {"w": normal(HIDDEN, 2)}}

    def forward(p: Any, x: Any) -> Any:
        (h, _), _ = run_lstm(p["cell"], x)
        return h @ p["out"]["w"]

    return Model(forward, params, normal(BATCH, STEPS, FEATURES), name="lstm")


@case
def bidirectional() -> Model:
    params = {"forth": lstm_params(1), "back": lstm_params(2), "out": {"w": normal(2 * HIDDEN, 2)}}

    def forward(p: Any, x: Any) -> Any:
        _, forth = run_lstm(p["forth"], x)
        _, back = run_lstm(p["back"], x, reverse=True)
        return jnp.swapaxes(jnp.concatenate([forth, back], axis=-1) @ p["out"]["w"], 0, 1)

    return Model(forward, params, normal(BATCH, STEPS, FEATURES), name="bidirectional")


@case
def gru_with_learned_start() -> Model:
    params = {"x": normal(FEATURES, 3 * HIDDEN), "h": normal(HIDDEN, 3 * HIDDEN), "start": normal(HIDDEN)}

    def forward(p: Any, x: Any) -> Any:
        def step(h: Any, now: Any) -> Any:
            a, b = now @ p["x"], h @ p["h"]
            z = jax.nn.sigmoid(a[:, :HIDDEN] + b[:, :HIDDEN])
            r = jax.nn.sigmoid(a[:, HIDDEN : 2 * HIDDEN] + b[:, HIDDEN : 2 * HIDDEN])
            n = jnp.tanh(a[:, 2 * HIDDEN :] + r * b[:, 2 * HIDDEN :])
            h = (1 - z) * n + z * h
            return h, h

        start = jnp.broadcast_to(p["start"], (x.shape[0], HIDDEN))
        return jnp.swapaxes(lax.scan(step, start, jnp.swapaxes(x, 0, 1))[1], 0, 1)

    return Model(forward, params, normal(BATCH, STEPS, FEATURES), name="gru")


@case
def stacked_layers() -> Model:
    params = {"layers": {"w": normal(3, 4, 4), "b": normal(3, 4), "norm": np.abs(normal(3, 4))}}

    def forward(p: Any, x: Any) -> Any:
        def layer(y: Any, own: Any) -> Any:
            return jax.nn.relu(y @ (own["w"] / jnp.sqrt(own["norm"])) + own["b"]) + y, None

        return lax.scan(layer, x, p["layers"])[0]

    return Model(forward, params, normal(BATCH, 4))


@case
def counted_loops() -> Model:
    params = {"w": normal(4, 4), "table": normal(3, 4)}

    def forward(p: Any, x: Any) -> Any:
        def add(i: Any, y: Any) -> Any:
            return jax.nn.relu(y @ p["w"]) + lax.dynamic_index_in_dim(p["table"], i, keepdims=False)

        y = lax.fori_loop(0, 3, add, x)
        return lax.while_loop(
            lambda state: state[0] < 2, lambda state: (state[0] + 1, jnp.abs(state[1] @ p["w"])), (0, y)
        )[1]

    return Model(forward, params, normal(BATCH, 4))


@case
def loop_in_a_loop() -> Model:
    params = {"w": normal(4, 4), "u": normal(4, 4)}

    def forward(p: Any, x: Any) -> Any:
        def outer(y: Any, now: Any) -> Any:
            y = lax.fori_loop(0, 2, lambda _, z: jnp.clip(z @ p["w"] + now, -1, 1), y)
            return y @ p["u"], y

        last, kept = lax.scan(outer, jnp.zeros_like(x[:, 0]), jnp.moveaxis(x, 1, 0))
        return last + jnp.sum(kept, axis=0)

    return Model(forward, params, normal(BATCH, 3, 4))


@case
def steps_that_depend_on_the_data() -> Model:
    def forward(p: Any, x: Any) -> Any:
        def halved(row: Any) -> Any:
            return lax.while_loop(lambda y: jnp.max(y) > 1, lambda y: y / 2, row)

        halves: Any = jax.vmap(halved)(x)
        return halves @ p["w"]

    return Model(forward, {"w": normal(4, 2)}, normal(BATCH, 4))


class Recurrent(nn.Module):
    cell: Any

    @nn.compact
    def __call__(self, x: Any) -> Any:
        states: Any = nn.RNN(self.cell(features=HIDDEN), name="rnn")(x)
        return nn.Dense(2)(states.mean(axis=1))


class Both(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        states: Any = nn.Bidirectional(nn.RNN(nn.GRUCell(HIDDEN)), nn.RNN(nn.OptimizedLSTMCell(HIDDEN)))(x)
        return states[:, -1]


@case
def flax_lstm() -> Model:
    return flax_model(Recurrent(nn.LSTMCell), normal(BATCH, STEPS, FEATURES))


@case
def flax_gru() -> Model:
    return flax_model(Recurrent(nn.GRUCell), normal(BATCH, STEPS, FEATURES))


@case
def flax_bidirectional() -> Model:
    return flax_model(Both(), normal(BATCH, STEPS, FEATURES))
