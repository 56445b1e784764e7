"""Graphs in the style of exporters from PyTorch, TensorFlow and scikit-learn, with what these put around layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto

from tests.onnx_import.graphs import Sizes, model, node


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A graph, its input for 12 samples, and the integer layers that it must have at least."""

    proto: Any
    inputs: dict[str, np.ndarray]
    layers: int


@dataclass
class Graph:
    """Collects nodes and constants; each method returns the name of a value."""

    seed: int
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def op(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        names = [f"/{op}_{len(self.nodes)}_output_{at}" for at in range(outputs)]
        self.nodes.append(node(op, inputs, names, f"/{op}_{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        return self.constant(np.float32(value))

    def constant(self, array: Any, name: str = "") -> str:
        name = name or f"onnx::Constant_{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name

    def weights(self, name: str, *shape: int, fan: int = 0) -> str:
        scale = 1 / np.sqrt(fan or max(1, int(np.prod(shape[1:]))))
        return self.constant(self.rng.normal(size=shape).astype(np.float32) * np.float32(scale), name)

    def conv(self, x: str, name: str, out: int, into: int, *kernel: int, **attributes: Any) -> str:
        groups = attributes.get("group", 1)
        inputs = [x, self.weights(f"{name}.weight", out, into // groups, *kernel), self.weights(f"{name}.bias", out)]
        return str(self.op("Conv", *inputs, kernel_shape=list(kernel), **attributes))

    def linear(self, x: str, name: str, out: int, into: int) -> str:
        inputs = [x, self.weights(f"{name}.weight", out, into), self.weights(f"{name}.bias", out)]
        return str(self.op("Gemm", *inputs, transB=1))

    def dense(self, x: str, name: str, into: int, out: int) -> str:
        weight = self.weights(name, into, out, fan=into)
        return str(self.op("Add", self.weights(f"{name}.bias", out), self.op("MatMul", x, weight)))

    def exported(
        self, y: str, shape: Sizes, *, layers: int, opset: int = 17, kinds: dict[str, int] | None = None
    ) -> Exported:
        proto = model(self.nodes, {"x": ["batch", *shape]}, [y], self.constants, opset=opset, types=kinds)
        sizes = [int(size or 0) for size in shape]
        return Exported(proto=proto, inputs={"x": self.rng.normal(size=(12, *sizes)).astype(np.float32)}, layers=layers)


def viewed() -> Exported:
    """``x.view(x.size(0), -1)`` with a dynamic batch: Shape, Gather, Unsqueeze, Concat, Reshape."""
    g = Graph(1)
    a = g.op("Relu", g.conv("x", "features.0", 4, 2, 3, 3, pads=[1, 1, 1, 1]))
    size = g.op("Gather", g.op("Shape", a), g.constant(np.int64(0)))
    shape = g.op("Concat", g.op("Unsqueeze", size, g.ints(0)), g.ints(-1), axis=0)
    return g.exported(g.linear(g.op("Reshape", a, shape), "classifier", 3, 4 * 36), [2, 6, 6], layers=2)


def mobilenet_v3() -> Exported:
    """A depthwise block with hard-swish and squeeze-and-excitation by ReduceMean, with a shortcut."""
    g = Graph(2)
    y = g.op("HardSwish", g.conv("x", "expand", 8, 4, 1, 1))
    y = g.op("HardSwish", g.conv(y, "depthwise", 8, 8, 3, 3, group=8, pads=[1, 1, 1, 1]))
    s = g.op("Relu", g.conv(g.op("ReduceMean", y, axes=[2, 3], keepdims=1), "fc1", 4, 8, 1, 1))
    gate = g.op("HardSigmoid", g.conv(s, "fc2", 8, 4, 1, 1), alpha=1 / 6, beta=0.5)
    y = g.op("Add", g.conv(g.op("Mul", gate, y), "project", 4, 8, 1, 1), "x")
    y = g.op("Flatten", g.op("GlobalAveragePool", y), axis=1)
    return g.exported(g.linear(y, "classifier", 3, 4), [4, 6, 6], layers=6)


def layer_norm() -> Exported:
    """A feed-forward block behind a layer-norm written out: ReduceMean, Sub, Pow, Sqrt, Div, and gelu by Erf."""
    g = Graph(3)
    centred = g.op("Sub", "x", g.op("ReduceMean", "x", axes=[-1]))
    power = g.op("ReduceMean", g.op("Pow", centred, g.number(2)), axes=[-1])
    normal = g.op("Div", centred, g.op("Sqrt", g.op("Add", power, g.number(1e-5))))
    y = g.op("Add", g.op("Mul", normal, g.weights("norm.weight", 8)), g.weights("norm.bias", 8))
    h = g.dense(y, "up", 8, 16)
    erf = g.op("Add", g.op("Erf", g.op("Div", h, g.number(np.sqrt(2)))), g.number(1))
    gelu = g.op("Mul", g.op("Mul", h, erf), g.number(0.5))
    y = g.op("Add", "x", g.dense(gelu, "down", 16, 8))
    return g.exported(g.dense(g.op("ReduceMean", y, axes=[1], keepdims=0), "head", 8, 3), [5, 8], layers=4)


def attention() -> Exported:
    """Heads split by Reshape and Transpose whose shapes are computed, and scaled products."""
    g = Graph(4)
    batch = g.op("Unsqueeze", g.op("Gather", g.op("Shape", "x"), g.constant(np.int64(0))), g.ints(0))
    split = g.op("Concat", batch, g.ints(5), g.ints(2), g.ints(4), axis=0)
    q, k, v = (g.op("Reshape", g.dense("x", name, 8, 8), split) for name in ("query", "key", "value"))
    q, v = (g.op("Transpose", each, perm=[0, 2, 1, 3]) for each in (q, v))
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 3, 1]))
    scores = g.op("Softmax", g.op("Div", scores, g.number(2.0)), axis=-1)
    mixed = g.op("Transpose", g.op("MatMul", scores, v), perm=[0, 2, 1, 3])
    joined = g.op("Reshape", mixed, g.op("Concat", batch, g.ints(5), g.ints(8), axis=0))
    last = g.op("Gather", g.dense(joined, "out", 8, 8), g.constant(np.int64(-1)), axis=1)
    return g.exported(g.linear(last, "head", 3, 8), [5, 8], layers=7)


def gru() -> Exported:
    """A GRU as PyTorch exports it: batch first by Transpose, linear_before_reset, the last state taken by Slice."""
    g = Graph(5)
    steps = g.op("Transpose", "x", perm=[1, 0, 2])
    parts = [g.weights("gru.W", 1, 18, 4, fan=4), g.weights("gru.R", 1, 18, 6, fan=6), g.weights("gru.B", 1, 36)]
    every, _ = g.op("GRU", steps, *parts, outputs=2, hidden_size=6, linear_before_reset=1)
    whole = g.op("Transpose", g.op("Squeeze", every, g.ints(1)), perm=[1, 0, 2])
    last = g.op("Squeeze", g.op("Slice", whole, g.ints(-1), g.ints(2**63 - 1), g.ints(1)), g.ints(1))
    return g.exported(g.linear(last, "fc", 3, 6), [7, 4], layers=2)


def u_net() -> Exported:
    """Two levels: max-pool, nearest Resize by scales, Concat along the channels."""
    g = Graph(6)
    a = g.op("Relu", g.conv("x", "down.0", 4, 2, 3, 3, pads=[1, 1, 1, 1]))
    b = g.op("MaxPool", a, kernel_shape=[2, 2], strides=[2, 2])
    b = g.op("Relu", g.conv(b, "down.1", 6, 4, 3, 3, pads=[1, 1, 1, 1]))
    scales = g.constant(np.array([1, 1, 2, 2], np.float32))
    kind: dict[str, Any] = {"coordinate_transformation_mode": "asymmetric", "mode": "nearest", "nearest_mode": "floor"}
    up = g.op("Concat", g.op("Resize", b, "", scales, **kind), a, axis=1)
    y = g.op("Relu", g.conv(up, "up.0", 4, 10, 3, 3, pads=[1, 1, 1, 1]))
    return g.exported(g.conv(y, "head", 2, 4, 1, 1), [2, 8, 8], layers=4)


def tcn() -> Exported:
    """Dilated, grouped causal convolutions in one dimension: Pad, Conv, a shortcut."""
    g = Graph(7)
    y = "x"
    for at, step in enumerate((1, 2, 4)):
        padded = g.op("Pad", y, g.ints(0, 0, 2 * step, 0, 0, 0))
        y = g.op("Add", g.op("Relu", g.conv(padded, f"net.{at}", 4, 4, 3, group=2, dilations=[step])), y)
    last = g.op("Gather", y, g.constant(np.int64(-1)), axis=2)
    return g.exported(g.linear(last, "fc", 3, 4), [4, 10], layers=4)


def reflected() -> Exported:
    """Pad by reflection, PRelu by channel, LRN, and Clip with its limits as inputs."""
    g = Graph(8)
    y = g.conv(g.op("Pad", "x", g.ints(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect"), "conv1", 6, 2, 3, 3)
    y = g.op("PRelu", y, g.constant(g.rng.uniform(0, 0.5, (6, 1, 1)).astype(np.float32), "prelu.slope"))
    y = g.conv(g.op("LRN", y, size=5), "conv2", 4, 6, 3, 3)
    y = g.op("Clip", y, g.number(0), g.number(6))
    return g.exported(g.linear(g.op("Flatten", y), "fc", 3, 4 * 16), [2, 6, 6], layers=3)


def tabular() -> Exported:
    """A scaler and a multi-layer perceptron as skl2onnx writes them, with the class and the probabilities' largest."""
    g = Graph(9)
    offset = g.constant(g.rng.normal(size=(1, 5)).astype(np.float32), "offset")
    y = g.op("Div", g.op("Sub", "x", offset), g.constant(g.rng.uniform(0.5, 3, (1, 5)).astype(np.float32), "scale"))
    y = g.op(
        "Relu", g.op("Add", g.op("MatMul", y, g.weights("coefficient", 5, 16, fan=5)), g.weights("intercepts", 16))
    )
    y = g.dense(y, "coefficient1", 16, 4)
    top, _ = g.op("TopK", g.op("Softmax", y, axis=1), g.ints(2), outputs=2, axis=1)
    return g.exported(top, [5], layers=2)


def picked() -> Exported:
    """Values picked by GatherND and put back by ScatterND at fixed places."""
    g = Graph(10)
    y = g.dense("x", "first", 6, 6)
    turned = g.op("Transpose", y, perm=[1, 0])
    some = g.op("GatherND", turned, g.constant(np.array([[4], [0], [2]], np.int64)))
    put = g.op("ScatterND", turned, g.constant(np.array([[1], [3], [5]], np.int64)), some)
    return g.exported(g.linear(g.op("Transpose", put, perm=[1, 0]), "fc", 3, 6), [6], layers=2)


def quantized() -> Exported:
    """Quantize-dequantize pairs: a scale for each output channel of the weights, one for the activations."""
    g = Graph(11)
    zero, eighth = g.constant(np.int8(0)), g.number(1 / 32)

    def passed(x: str) -> Any:
        return g.op("DequantizeLinear", g.op("QuantizeLinear", x, eighth, zero), eighth, zero)

    weight = g.constant(g.rng.integers(-127, 128, (4, 2, 3, 3)).astype(np.int8), "conv.weight_quantized")
    scales = g.constant(np.array([2.0**-8, 2.0**-7, 2.0**-9, 2.0**-8], np.float32))
    zeros = g.constant(np.zeros(4, np.int8))
    y = g.op("Conv", passed("x"), g.op("DequantizeLinear", weight, scales, zeros, axis=0), g.weights("conv.bias", 4))
    y = passed(g.op("Relu", y))
    return g.exported(g.linear(g.op("Flatten", y), "fc", 3, 64), [2, 6, 6], layers=2)


def keras_style() -> Exported:
    """A convolution as tf2onnx writes it: NHWC in and out by Transpose, batch-norm, Squeeze of a mean."""
    g = Graph(12)
    y = g.op("Transpose", "x", perm=[0, 3, 1, 2])
    y = g.op(
        "Conv", y, g.weights("model/conv/Conv2D/ReadVariableOp:0", 6, 2, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2]
    )
    norm = [g.constant(g.rng.uniform(0.5, 2, 6).astype(np.float32), f"model/norm/{part}") for part in "gbmv"]
    y = g.op("Relu", g.op("BatchNormalization", y, *norm, epsilon=1e-3))
    y = g.op("Transpose", y, perm=[0, 2, 3, 1])
    y = g.op("ReduceMean", y, axes=[1, 2], keepdims=0)
    return g.exported(g.dense(y, "model/dense/MatMul/ReadVariableOp:0", 6, 3), [8, 8, 2], layers=2)


def labelled() -> Exported:
    """Classes by ArgMax, Cast to the type that a service wants."""
    g = Graph(13)
    y = g.linear(g.op("Tanh", g.linear("x", "fc1", 8, 5)), "fc2", 4, 8)
    found = g.op("Cast", g.op("ArgMax", y, axis=1, keepdims=0), to=TensorProto.INT32)
    return g.exported(found, [5], layers=1, kinds={found: TensorProto.INT32})


CASES: dict[str, Callable[[], Exported]] = {
    one.__name__: one
    for one in (
        viewed, mobilenet_v3, layer_norm, attention, gru, u_net, tcn, reflected, tabular, picked, quantized,
        keras_style, labelled,
    )
}  # fmt: skip
