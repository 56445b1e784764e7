"""mini-Xception's trained weights in an ONNX graph, so that ONNX Runtime can quantize the same network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from benchmarks.accuracy.graph import Graph

Weights = Mapping[str, NDArray[Any]]
_FEATURES = (16, 32, 64, 128)
_CLASSES = 7


def xception(weights: Weights) -> onnx.ModelProto:
    """Return the graph for pictures (n, 64, 64, 1), by the weights' names in Keras.

    Two convolutions; four blocks of two separable convolutions and a max-pool, beside a shortcut of one convolution;
    a convolution to the classes, averaged over the picture.
    """
    build = _Build(weights)
    x = build.graph.node("Transpose", "channels_first", "x", perm=[0, 3, 1, 2])
    for _ in range(2):
        x = build.graph.node("Relu", f"relu{build.next('relu')}", build.normed(build.convolution(x, padded=False)))
    for _ in _FEATURES:
        shortcut = build.normed(build.convolution(x, stride=2))
        y = build.graph.node("Relu", f"relu{build.next('relu')}", build.normed(build.separable(x)))
        y = build.normed(build.separable(y))
        number = build.next("pool")
        y = build.graph.node("MaxPool", f"pool{number}", y, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
        x = build.graph.node("Add", f"add{number}", y, shortcut)
    x = build.graph.node("GlobalAveragePool", "average", build.convolution(x))
    return build.graph.finished(build.graph.node("Flatten", "classes", x), _CLASSES)


class _Build:
    """Numbers its layers as Keras does: one count for each kind of layer."""

    def __init__(self, weights: Weights) -> None:
        self.graph = Graph("mini-xception", (64, 64, 1), 0, training=False)
        self._weights = weights
        self._counts: dict[str, int] = {}

    def next(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]

    def convolution(self, x: str, *, stride: int = 1, padded: bool = True) -> str:
        name = f"conv2d_{self.next('conv2d')}"
        return self._conv(name, x, f"{name}/kernel", stride=stride, padded=padded)

    def separable(self, x: str) -> str:
        name = f"separable_conv2d_{self.next('separable')}"
        y = self._conv(f"{name}.depthwise", x, f"{name}/depthwise_kernel", depthwise=True)
        return self._conv(f"{name}.pointwise", y, f"{name}/pointwise_kernel")

    def normed(self, x: str) -> str:
        name = f"batch_normalization_{self.next('norm')}"
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        inputs = [self.graph.weight(f"{name}.{part}", self._weights[f"{name}/{part}"]) for part in parts]
        return self.graph.node("BatchNormalization", name, x, *inputs, epsilon=1e-3)

    def _conv(
        self, name: str, x: str, kernel: str, *, stride: int = 1, padded: bool = True, depthwise: bool = False
    ) -> str:
        values = np.asarray(self._weights[kernel])
        # Keras has (height, width, in, out), and (height, width, in, multiplier) for depthwise convolutions.
        moved = values.transpose(2, 3, 0, 1) if depthwise else values.transpose(3, 2, 0, 1)
        inputs = [x, self.graph.weight(f"{name}.weight", np.ascontiguousarray(moved))]
        bias = kernel.replace("kernel", "bias")
        if bias in self._weights:
            inputs.append(self.graph.weight(f"{name}.bias", np.asarray(self._weights[bias])))
        return self.graph.node(
            "Conv",
            name,
            *inputs,
            kernel_shape=list(values.shape[:2]),
            strides=[stride, stride],
            auto_pad="SAME_UPPER" if padded else "VALID",
            group=values.shape[2] if depthwise else 1,
        )
