"""Keras models: functional, sequential and subclassed."""

from __future__ import annotations

from typing import Any

import numpy as np

import bitwindow as bw
from bitwindow.model.keras_backend import import_keras
from tests.model.case import Case

keras = import_keras()
layers = keras.layers
RNG = np.random.default_rng(10)
IMAGES = RNG.normal(size=(16, 8, 8, 2)).astype(np.float32)
SERIES = RNG.normal(size=(16, 5, 3)).astype(np.float32)
TOKENS = RNG.integers(0, 11, (16, 6)).astype(np.int32)


def case(model: Any, inputs: Any, names: tuple[str, ...], *, whole: bool = True) -> Case:
    return Case(
        make=lambda: bw.load(model, example=inputs[:2]),
        inputs=inputs,
        reference=lambda: model(inputs, training=False),
        names=names,
        whole=whole,
    )


def residual() -> Case:
    start = layers.Input((8, 8, 2))
    normal = layers.Normalization(mean=[0.1, -0.2], variance=[1.5, 0.5], name="normal")(start)
    x = layers.Conv2D(4, 3, padding="same", use_bias=False, name="stem")(normal)
    x = layers.ReLU()(layers.BatchNormalization(name="norm")(x))
    y = layers.SeparableConv2D(4, 3, padding="same", name="separable")(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.Add()([x, y])))
    model = keras.Model(start, layers.Dense(5, name="head")(layers.Dropout(0.5)(x)), name="residual")
    model.get_layer("norm").set_weights([RNG.normal(size=4) ** 2 for _ in range(4)])
    return case(model, IMAGES, ("stem/kernel", "separable/depthwise_kernel", "separable/bias", "head/kernel"))


def recurrent() -> Case:
    model = keras.Sequential(
        [layers.Input((5, 3)), layers.LSTM(6, name="lstm"), layers.Dense(2, name="head")], name="recurrent"
    )
    return case(model, SERIES, ("head/kernel",))


def attention() -> Case:
    tokens = layers.Input((6,), dtype="int32")
    x = layers.Embedding(11, 8, name="embed")(tokens)
    x = layers.LayerNormalization(name="norm")(x + layers.MultiHeadAttention(2, 4, name="attention")(x, x))
    model = keras.Model(tokens, layers.Dense(3, name="head")(layers.GlobalAveragePooling1D()(x)), name="attention")
    return case(model, TOKENS, ("embed/embeddings", "attention/query/kernel", "head/bias"))


class Subclassed(keras.Model):  # type: ignore[name-defined]  # Keras carries no types
    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.wide = layers.Dense(8, activation="relu", name="wide")
        self.head = layers.Dense(2, name="head")

    def call(self, x: Any) -> Any:
        return self.head(self.wide(x))


def subclassed() -> Case:
    model = Subclassed()
    model(IMAGES[:, 0, 0])
    return Case(
        make=lambda: bw.load(model, example=IMAGES[:2, 0, 0]),
        inputs=IMAGES[:, 0, 0],
        reference=lambda: model(IMAGES[:, 0, 0]),
        names=("wide/kernel", "head/bias"),
    )


CASES = {"residual": residual, "recurrent": recurrent, "attention": attention, "subclassed": subclassed}
