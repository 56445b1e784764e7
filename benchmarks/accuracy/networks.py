"""Five architectures of five families, as ONNX graphs with the batch open."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import onnx

from benchmarks.accuracy.graph import Graph

SIX = 6.0


def residual(seed: int, *, training: bool = False) -> onnx.ModelProto:
    """Return a residual network for 28 x 28 images: a stem and three blocks, each convolution with batch-norm."""
    graph = Graph("residual", (1, 28, 28), seed, training=training)
    x = _block(graph, "stem", "x", (1, 16), (3, 3))
    for index, (before, after, stride) in enumerate([(16, 16, 1), (16, 32, 2), (32, 64, 2)]):
        name = f"block{index + 1}"
        y = _block(graph, f"{name}.first", x, (before, after), (3, 3), strides=[stride, stride])
        y = _block(graph, f"{name}.second", y, (after, after), (3, 3), activation=None)
        if before != after:
            x = _block(graph, f"{name}.shortcut", x, (before, after), (1, 1), activation=None, strides=[stride, stride])
        x = graph.node("Relu", f"{name}.relu", graph.node("Add", f"{name}.add", x, y))
    return _classified(graph, x, 64, 10)


def depthwise(seed: int, *, training: bool = False) -> onnx.ModelProto:
    """Return a depthwise-separable network for 28 x 28 images, with batch-norm and ReLU6."""
    graph = Graph("depthwise", (1, 28, 28), seed, training=training)
    graph.weight("zero", np.array(0, np.float32))
    graph.weight("six", np.array(SIX, np.float32))
    x = _block(graph, "stem", "x", (1, 16), (3, 3), activation="Clip")
    for index, (before, after, stride) in enumerate([(16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)]):
        name = f"block{index + 1}"
        strides = [stride, stride]
        x = _block(
            graph, f"{name}.depthwise", x, (before, before), (3, 3), activation="Clip", group=before, strides=strides
        )
        x = _block(graph, f"{name}.pointwise", x, (before, after), (1, 1), activation="Clip")
    return _classified(graph, x, 64, 10)


def series(seed: int, *, training: bool = False) -> onnx.ModelProto:
    """Return a 1-D convolutional network for series of 24 values: two convolutions, a pool, a dense layer."""
    graph = Graph("series", (1, 24), seed, training=training)
    x = graph.node("Relu", "relu1", graph.convolution("conv1", "x", (1, 16), (5,)))
    x = graph.node("MaxPool", "pool", x, kernel_shape=[2], strides=[2])
    x = graph.node("Relu", "relu2", graph.convolution("conv2", x, (16, 32), (3,)))
    x = graph.node("GlobalAveragePool", "average", x)
    x = graph.node("Flatten", "flat", x)
    return graph.finished(graph.dense("classes", x, (32, 2)), 2)


def recurrent(seed: int, *, training: bool = False) -> onnx.ModelProto:
    """Return a GRU of 32 units over series of 25 steps of 12 values, and a dense layer on its last state."""
    units, features = 32, 12
    graph = Graph("recurrent", (25, features), seed, training=training)
    x = graph.node("Transpose", "by_time", "x", perm=[1, 0, 2])
    inputs = [
        graph.drawn("gru.kernel", (1, 3 * units, features), 2 * features),
        graph.drawn("gru.recurrent_kernel", (1, 3 * units, units), 2 * units),
        graph.filled("gru.bias", (1, 6 * units), 0),
    ]
    # The second output of GRU is the state after the last step.
    node = onnx.helper.make_node(
        "GRU", [x, *inputs], ["", "state"], name="gru", hidden_size=units, linear_before_reset=1
    )
    graph.append(node)
    x = graph.node("Squeeze", "last", "state", graph.shape("direction", 0))
    return graph.finished(graph.dense("classes", x, (units, 9)), 9)


def transformer(seed: int, *, training: bool = False) -> onnx.ModelProto:
    """Return a transformer encoder of two blocks over the 28 rows of an image."""
    steps, size = 28, 32
    graph = Graph("transformer", (1, steps, 28), seed, training=training)
    x = graph.node("Reshape", "rows", "x", graph.shape("rows.shape", 0, steps, 28))
    x = graph.dense("embedding", x, (28, size))
    x = graph.node("Add", "placed", x, graph.drawn("position", (steps, size), 50 * size))
    for index in (1, 2):
        x = _attended(graph, f"block{index}.attention", x, steps, size, heads=2)
        y = _layer_norm(graph, f"block{index}.norm", x, size)
        y = graph.dense(f"block{index}.wide", y, (size, 2 * size))
        y = graph.node("Gelu", f"block{index}.gelu", y)
        y = graph.dense(f"block{index}.narrow", y, (2 * size, size))
        x = graph.node("Add", f"block{index}.add", x, y)
    x = _layer_norm(graph, "norm", x, size)
    x = graph.node("ReduceMean", "mean", x, graph.shape("steps", 1), keepdims=0)
    return graph.finished(graph.dense("classes", x, (size, 10)), 10)


NETWORKS: dict[str, Callable[..., onnx.ModelProto]] = {
    "residual": residual,
    "depthwise": depthwise,
    "series": series,
    "recurrent": recurrent,
    "transformer": transformer,
}


def _block(
    graph: Graph,
    name: str,
    x: str,
    channels: tuple[int, int],
    kernel: tuple[int, ...],
    *,
    activation: str | None = "Relu",
    **more: Any,
) -> str:
    x = graph.convolution(f"{name}.conv", x, channels, kernel, bias=False, **more)
    x = graph.normalized(f"{name}.norm", x, channels[1])
    if activation is None:
        return x
    limits = ("zero", "six") if activation == "Clip" else ()
    return graph.node(activation, f"{name}.activation", x, *limits)


def _classified(graph: Graph, x: str, channels: int, classes: int) -> onnx.ModelProto:
    x = graph.node("Flatten", "flat", graph.node("GlobalAveragePool", "average", x))
    return graph.finished(graph.dense("classes", x, (channels, classes)), classes)


def _layer_norm(graph: Graph, name: str, x: str, size: int) -> str:
    scale, shift = graph.filled(f"{name}.scale", (size,), 1), graph.filled(f"{name}.bias", (size,), 0)
    return graph.node("LayerNormalization", name, x, scale, shift)


def _attended(graph: Graph, name: str, x: str, steps: int, size: int, *, heads: int) -> str:
    y = _layer_norm(graph, f"{name}.norm", x, size)
    split = graph.shape(f"{name}.heads", 0, steps, heads, size // heads)
    parts = {}
    for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
        dense = graph.dense(f"{name}.{part}", y, (size, size))
        parts[part] = graph.node(
            "Transpose",
            f"{name}.{part}.by_head",
            graph.node("Reshape", f"{name}.{part}.split", dense, split),
            perm=order,
        )
    scores = graph.node("MatMul", f"{name}.scores", parts["query"], parts["key"])
    scale = graph.weight(f"{name}.scale", np.array(1 / sqrt(size // heads), np.float32))
    shares = graph.node("Softmax", f"{name}.softmax", graph.node("Mul", f"{name}.scaled", scores, scale), axis=-1)
    mixed = graph.node("MatMul", f"{name}.mixed", shares, parts["value"])
    joined = graph.node("Transpose", f"{name}.by_step", mixed, perm=[0, 2, 1, 3])
    flat = graph.node("Reshape", f"{name}.joined", joined, graph.shape(f"{name}.shape", 0, steps, size))
    return graph.node("Add", f"{name}.add", x, graph.dense(f"{name}.out", flat, (size, size)))
