"""Flax NNX modules."""

from __future__ import annotations

from typing import Any

import numpy as np
from flax import nnx

import bitwindow as bw
from tests.model.case import Case

RNG = np.random.default_rng(8)
IMAGES = RNG.normal(size=(16, 8, 8, 2)).astype(np.float32)
TOKENS = RNG.integers(0, 11, (16, 6)).astype(np.int32)
SERIES = RNG.normal(size=(16, 5, 3)).astype(np.float32)


class Residual(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.stem = nnx.Conv(2, 4, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.blocks = nnx.List([nnx.Conv(4, 4, (3, 3), feature_group_count=4, rngs=rngs)])
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.head = nnx.Linear(4, 5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        x = nnx.relu(self.norm(self.stem(x)))
        x = nnx.relu(x + self.blocks[0](x))
        return self.head(self.drop(x.mean(axis=(1, 2))))


class Recurrent(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.rnn = nnx.RNN(nnx.OptimizedLSTMCell(3, 6, rngs=rngs))
        self.head = nnx.Linear(6, 2, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.head(self.rnn(x)[:, -1])


class Attention(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.embed = nnx.Embed(11, 8, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(2, 8, decode=False, rngs=rngs)
        self.norm = nnx.LayerNorm(8, rngs=rngs)
        self.head = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, tokens: Any) -> Any:
        x = self.embed(tokens)
        return self.head(self.norm(x + self.attention(x)).mean(axis=1))


def case(module: Any, inputs: Any, names: tuple[str, ...]) -> Case:
    def reference() -> Any:
        copy = nnx.clone(module)
        copy.eval()
        return copy(inputs)

    return Case(make=lambda: bw.load(module, example=inputs[:2]), inputs=inputs, reference=reference, names=names)


def residual() -> Case:
    module = Residual(nnx.Rngs(0))
    module(IMAGES * 3 + 1)  # moves the running statistics away from their first values
    return case(module, IMAGES, ("stem/kernel", "blocks/0/kernel", "head/bias"))


CASES = {
    "residual": residual,
    "recurrent": lambda: case(Recurrent(nnx.Rngs(1)), SERIES, ("head/kernel",)),
    "attention": lambda: case(Attention(nnx.Rngs(2)), TOKENS, ("embed/embedding", "attention/query/kernel", "head")),
}
