"""Equinox modules, written for one sample."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

import bitwindow as bw
from tests.model.case import Case

RNG = np.random.default_rng(9)
IMAGES = RNG.normal(size=(16, 2, 8, 8)).astype(np.float32)
VECTORS = RNG.normal(size=(16, 6)).astype(np.float32)
SERIES = RNG.normal(size=(16, 5, 3)).astype(np.float32)
TOKENS = RNG.integers(0, 11, (16, 6)).astype(np.int32)


class Residual(eqx.Module):
    stem: eqx.nn.Conv2d
    norm: eqx.nn.BatchNorm
    depthwise: eqx.nn.Conv2d
    drop: eqx.nn.Dropout
    head: eqx.nn.Linear

    def __init__(self, key: Any) -> None:
        keys = jax.random.split(key, 3)
        self.stem = eqx.nn.Conv2d(2, 4, 3, padding=1, use_bias=False, key=keys[0])
        self.norm = eqx.nn.BatchNorm(4, "batch", mode="ema")
        self.depthwise = eqx.nn.Conv2d(4, 4, 3, padding=1, groups=4, key=keys[1])
        self.drop = eqx.nn.Dropout(0.5)
        self.head = eqx.nn.Linear(4, 5, key=keys[2])

    def __call__(self, x: Any, state: Any, key: Any = None) -> Any:
        x, state = self.norm(self.stem(x), state)
        x = jax.nn.relu(x)
        x = jax.nn.relu(x + self.depthwise(x))
        return self.head(self.drop(x.mean(axis=(1, 2)), key=key)), state


class Recurrent(eqx.Module):
    cell: eqx.nn.GRUCell
    head: eqx.nn.Linear

    def __init__(self, key: Any) -> None:
        self.cell = eqx.nn.GRUCell(3, 6, key=key)
        self.head = eqx.nn.Linear(6, 2, key=key)

    def __call__(self, series: Any) -> Any:
        last, _ = jax.lax.scan(lambda h, x: (self.cell(x, h), None), jax.numpy.zeros(6), series)
        return self.head(last)


class Attention(eqx.Module):
    embed: eqx.nn.Embedding
    attention: eqx.nn.MultiheadAttention
    norm: eqx.nn.LayerNorm
    head: eqx.nn.Linear

    def __init__(self, key: Any) -> None:
        self.embed = eqx.nn.Embedding(11, 8, key=key)
        self.attention = eqx.nn.MultiheadAttention(2, 8, key=key)
        self.norm = eqx.nn.LayerNorm(8)
        self.head = eqx.nn.Linear(8, 3, key=key)

    def __call__(self, tokens: Any) -> Any:
        x = jax.vmap(self.embed)(tokens)
        return self.head(jax.vmap(self.norm)(x + self.attention(x, x, x)).mean(axis=0))


def case(module: Any, inputs: Any, names: tuple[str, ...]) -> Case:
    reference = jax.vmap(module)
    return Case(
        make=lambda: bw.load(module, example=inputs[:2]),
        inputs=inputs,
        reference=lambda: reference(inputs),
        names=names,
    )


def residual() -> Case:
    module, state = eqx.nn.make_with_state(Residual)(jax.random.key(0))
    train = jax.vmap(module, axis_name="batch", in_axes=(0, None, 0), out_axes=(0, None))
    _, state = train(IMAGES * 3 + 1, state, jax.random.split(jax.random.key(1), len(IMAGES)))
    quiet = eqx.nn.inference_mode(module)
    return Case(
        make=lambda: bw.load((module, state), example=IMAGES[:2]),
        inputs=IMAGES,
        reference=lambda: jax.vmap(lambda x: quiet(x, state)[0])(IMAGES),
        names=("stem/weight", "norm/ema_state_index/0", "depthwise/bias", "head/weight"),
    )


CASES = {
    "residual": residual,
    "mlp": lambda: case(eqx.nn.MLP(6, 3, 8, 2, key=jax.random.key(0)), VECTORS, ("layers/0/weight", "layers/2/bias")),
    "recurrent": lambda: case(Recurrent(jax.random.key(0)), SERIES, ("head/weight",)),
    "attention": lambda: case(
        Attention(jax.random.key(0)), TOKENS, ("embed/weight", "attention/query_proj/weight", "head/bias")
    ),
}
