"""A small ONNX graph under construction: nodes by operator, weights by name."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
EPSILON = 1e-3


class Graph:
    """Collects nodes and initial weights; `finished` is the model. Values are named by their nodes."""

    def __init__(self, name: str, input_shape: tuple[int, ...], seed: int, *, training: bool) -> None:
        self._name = name
        self._input_shape = input_shape
        self._training = training
        self._random = np.random.default_rng(seed)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._statistics: list[tuple[str, int]] = []

    def append(self, node: onnx.NodeProto) -> None:
        """Add a node that is made elsewhere."""
        self._nodes.append(node)

    def node(self, operator: str, name: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return its output."""
        self.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def weight(self, name: str, array: NDArray[Any]) -> str:
        """Add a weight or an integer constant; return its name."""
        self._weights.append(numpy_helper.from_array(array, name))
        return name

    def drawn(self, name: str, shape: tuple[int, ...], fan_in: int) -> str:
        """Add a weight drawn as He's initialization does."""
        return self.weight(name, (self._random.normal(size=shape) * sqrt(2 / fan_in)).astype(np.float32))

    def filled(self, name: str, shape: tuple[int, ...], value: float) -> str:
        """Add a weight with one value everywhere."""
        return self.weight(name, np.full(shape, value, np.float32))

    def shape(self, name: str, *sizes: int) -> str:
        """Add a constant list of int64, as Reshape and ReduceMean want it."""
        return self.weight(name, np.array(sizes, np.int64))

    def convolution(
        self, name: str, x: str, channels: tuple[int, int], kernel: tuple[int, ...], *, bias: bool = True, **more: Any
    ) -> str:
        """Add a convolution with `channels` (in, out) that keeps the size, but for its strides."""
        fan = (channels[0] // more.get("group", 1), *kernel)
        inputs = [x, self.drawn(f"{name}.weight", (channels[1], *fan), prod(fan))]
        if bias:
            inputs.append(self.filled(f"{name}.bias", (channels[1],), 0))
        padding = [size // 2 for size in kernel] * 2
        return self.node("Conv", name, *inputs, kernel_shape=list(kernel), pads=padding, **more)

    def normalized(self, name: str, x: str, channels: int) -> str:
        """Add a batch-norm: one operator, or for training written out over the batch, its statistics as outputs."""
        scale = self.filled(f"{name}.scale", (channels,), 1)
        shift = self.filled(f"{name}.bias", (channels,), 0)
        if not self._training:
            known = (self.filled(f"{name}.mean", (channels,), 0), self.filled(f"{name}.var", (channels,), 1))
            return self.node("BatchNormalization", name, x, scale, shift, *known, epsilon=EPSILON)
        axes, column = self.shape(f"{name}.axes", 0, 2, 3), self.shape(f"{name}.column", channels, 1, 1)
        mean = self.node("ReduceMean", f"{name}.batch_mean", x, axes)
        centred = self.node("Sub", f"{name}.centred", x, mean)
        var = self.node("ReduceMean", f"{name}.batch_var", self.node("Mul", f"{name}.squared", centred, centred), axes)
        self._statistics += [(mean, channels), (var, channels)]
        epsilon = self.weight(f"{name}.epsilon", np.array(EPSILON, np.float32))
        deviation = self.node("Sqrt", f"{name}.deviation", self.node("Add", f"{name}.positive", var, epsilon))
        normal = self.node("Div", f"{name}.normal", centred, deviation)
        scaled = self.node("Mul", f"{name}.scaled", normal, self.node("Reshape", f"{name}.scales", scale, column))
        return self.node("Add", name, scaled, self.node("Reshape", f"{name}.shifts", shift, column))

    def dense(self, name: str, x: str, sizes: tuple[int, int]) -> str:
        """Add a dense layer on the last axis, as MatMul and Add."""
        product = self.node("MatMul", f"{name}.product", x, self.drawn(f"{name}.weight", sizes, sizes[0]))
        return self.node("Add", name, product, self.filled(f"{name}.bias", (sizes[1],), 0))

    def finished(self, output: str, classes: int) -> onnx.ModelProto:
        """Return the model; its first output is `output`, the others are the batch statistics."""
        shapes: list[tuple[str, list[str | int]]] = [(output, ["N", classes])]
        shapes += [(name, [1, channels, 1, 1]) for name, channels in self._statistics]
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *self._input_shape])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        onnx.checker.check_model(model)
        return model


def with_weights(model: onnx.ModelProto, weights: dict[str, NDArray[Any]]) -> onnx.ModelProto:
    """Return the model with other values of some weights."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for tensor in made.graph.initializer:
        if tensor.name in weights:
            tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name].astype(np.float32), tensor.name))
    return made
