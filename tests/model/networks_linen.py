"""Flax linen modules."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import numpy as np

import bitwindow as bw
from tests.model.case import Case

RNG = np.random.default_rng(7)
IMAGES = RNG.normal(size=(16, 8, 8, 2)).astype(np.float32)
TOKENS = RNG.integers(0, 11, (16, 6)).astype(np.int32)
SERIES = RNG.normal(size=(16, 5, 3)).astype(np.float32)


class Block(nn.Module):
    features: int
    train: bool

    @nn.compact
    def __call__(self, x: Any) -> Any:
        y = nn.Conv(self.features, (3, 3), feature_group_count=self.features, name="depthwise")(x)
        y = nn.relu(nn.BatchNorm(use_running_average=not self.train)(y))
        return nn.relu(x + nn.Conv(self.features, (1, 1), name="pointwise")(y))


class Residual(nn.Module):
    @nn.compact
    def __call__(self, x: Any, *, train: bool = True) -> Any:
        x = nn.Conv(4, (3, 3), name="stem", use_bias=False)(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train, name="norm")(x))
        x = nn.remat(Block)(4, train, name="block")(x)
        x = nn.Dropout(0.5, deterministic=not train)(nn.avg_pool(x, (2, 2), (2, 2)))
        return nn.Dense(5, name="head")(x.reshape(x.shape[0], -1))


class Recurrent(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        states: Any = nn.RNN(nn.GRUCell(6), name="gru")(x)
        return nn.Dense(2, name="head")(states[:, -1])


class Attention(nn.Module):
    @nn.compact
    def __call__(self, tokens: Any) -> Any:
        x = nn.Embed(11, 8, name="embed")(tokens)
        x = nn.LayerNorm(name="norm")(x + nn.MultiHeadDotProductAttention(2, name="attention")(x, x))
        return nn.Dense(3, name="head")(nn.gelu(nn.Dense(16, name="wide")(x)).mean(axis=1))


def case(module: nn.Module, inputs: Any, names: tuple[str, ...], **call: Any) -> Case:
    variables = jax.jit(lambda: module.init(jax.random.key(0), inputs[:2], **call))()
    return Case(
        make=lambda: bw.load(module, variables=variables, example=inputs[:2], **call),
        inputs=inputs,
        reference=lambda: module.apply(variables, inputs, **call),
        names=names,
    )


CASES = {
    "residual": lambda: case(
        Residual(), IMAGES, ("stem/kernel", "block/depthwise/kernel", "block/pointwise/bias", "head/bias"), train=False
    ),
    "recurrent": lambda: case(Recurrent(), SERIES, ("head/kernel",)),
    "attention": lambda: case(
        Attention(), TOKENS, ("embed/embedding", "wide/kernel", "attention/query/kernel", "head")
    ),
}
