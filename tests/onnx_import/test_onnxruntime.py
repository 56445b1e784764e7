"""onnxruntime as the second oracle: random small networks, and the forms that operators had over the opsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import bitwindow as bw
from tests.onnx_import.graphs import model, node, reference

Draw = np.random.Generator


class Growing:
    """A random network of images: each step adds nodes after one of the last values."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.values: dict[str, tuple[int, ...]] = {"x": (3, 8, 8)}

    def name(self, stem: str) -> str:
        return f"{stem}{len(self.nodes)}"

    def constant(self, array: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name

    def weights(self, *shape: int) -> str:
        return self.constant(self.rng.normal(size=shape).astype(np.float32))

    def add(self, op: str, inputs: list[str], shape: tuple[int, ...], **attributes: Any) -> None:
        output = self.name("v")
        self.nodes.append(node(op, inputs, output, **attributes))
        self.values[output] = shape

    def grow(self) -> None:
        steps: list[Callable[[str, tuple[int, ...]], None]] = [
            self.conv, self.pool, self.unary, self.binary, self.norm, self.concat, self.shuffle, self.mean, self.pad,
        ]  # fmt: skip
        name = list(self.values)[-1] if self.rng.integers(3) else str(self.rng.choice(list(self.values)))
        steps[int(self.rng.integers(len(steps)))](name, self.values[name])

    def conv(self, x: str, shape: tuple[int, ...]) -> None:
        channels, height, width = shape
        groups = channels if self.rng.integers(3) == 0 else 1
        out = groups * int(self.rng.integers(1, 3)) if groups > 1 else int(self.rng.integers(1, 5))
        step = int(self.rng.integers(1, 3))
        auto = str(self.rng.choice(["SAME_UPPER", "SAME_LOWER"]))
        inputs = [x, self.weights(out, channels // groups, 3, 3)] + (
            [self.weights(out)] if self.rng.integers(2) else []
        )
        new = (out, -(-height // step), -(-width // step))
        self.add("Conv", inputs, new, auto_pad=auto, strides=[step, step], group=groups)

    def pool(self, x: str, shape: tuple[int, ...]) -> None:
        channels, height, width = shape
        if min(height, width) < 2:
            return
        ceil = int(self.rng.integers(2))
        sizes = [(size - 2 + ceil) // 2 + 1 for size in (height, width)]
        op = "MaxPool" if self.rng.integers(2) else "AveragePool"
        self.add(op, [x], (channels, *sizes), kernel_shape=[2, 2], strides=[2, 2], ceil_mode=ceil)

    def unary(self, x: str, shape: tuple[int, ...]) -> None:
        op = str(self.rng.choice(["Relu", "Sigmoid", "Tanh", "HardSigmoid", "Elu", "Abs", "Softplus", "LeakyRelu"]))
        self.add(op, [x], shape)

    def binary(self, x: str, shape: tuple[int, ...]) -> None:
        op = str(self.rng.choice(["Add", "Sub", "Mul"]))
        alike = [name for name, other in self.values.items() if other == shape and name != x]
        kinds = [(shape[0], 1, 1), (1, shape[0], 1, 1), (1,), ()]
        other = str(self.rng.choice(alike)) if alike else self.weights(*kinds[int(self.rng.integers(len(kinds)))])
        self.add(op, [x, other], shape)

    def norm(self, x: str, shape: tuple[int, ...]) -> None:
        channels = shape[0]
        positive = self.constant(self.rng.uniform(0.5, 2, channels).astype(np.float32))
        parts = [self.weights(channels), self.weights(channels), self.weights(channels), positive]
        self.add("BatchNormalization", [x, *parts], shape)

    def concat(self, x: str, shape: tuple[int, ...]) -> None:
        alike = [name for name, other in self.values.items() if other[1:] == shape[1:]]
        other = str(self.rng.choice(alike))
        self.add("Concat", [x, other], (shape[0] + self.values[other][0], *shape[1:]), axis=1)

    def shuffle(self, x: str, shape: tuple[int, ...]) -> None:
        if self.rng.integers(2):
            self.add("Transpose", [x], (shape[0], shape[2], shape[1]), perm=[0, 1, 3, 2])
        else:
            self.add("Reshape", [x, self.constant(np.array([0, shape[0], -1, 1]))], (shape[0], shape[1] * shape[2], 1))

    def mean(self, x: str, shape: tuple[int, ...]) -> None:
        self.add("ReduceMean", [x], (shape[0], 1, 1), axes=[2, 3], keepdims=1)

    def pad(self, x: str, shape: tuple[int, ...]) -> None:
        pads = self.constant(np.array([0, 0, 1, 0, 0, 0, 0, 1]))
        self.add("Pad", [x, pads], (shape[0], shape[1] + 1, shape[2] + 1))

    def finished(self) -> Any:
        last = list(self.values)[-1]
        self.add("Flatten", [last], (int(np.prod(self.values[last])),))
        (size,) = self.values[list(self.values)[-1]]
        self.add("Gemm", [list(self.values)[-1], self.weights(size, 3), self.weights(3)], (3,))
        return model(self.nodes, {"x": ["N", 3, 8, 8]}, [list(self.values)[-1]], self.constants)


@pytest.mark.parametrize("seed", range(24))
def test_random_networks_give_what_onnxruntime_gives(seed: int) -> None:
    growing = Growing(seed)
    for _ in range(3 + seed % 6):
        growing.grow()
    proto = growing.finished()
    x = np.random.default_rng(seed).normal(size=(3, 3, 8, 8)).astype(np.float32)
    (wanted,) = reference(proto, {"x": x})
    scale = 1e-4 * max(1.0, float(np.max(np.abs(wanted))))
    for last in (True, False) if seed % 4 == 0 else (True,):
        loaded = bw.load(proto, channels_last=last)
        found = jax.jit(loaded.fn)(loaded.params, x)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=scale)


def ints(values: list[int]) -> Any:
    return np.asarray(values, np.int64)


FORMS: dict[str, tuple[int, list[Any], dict[str, Any]]] = {
    "Squeeze by attribute": (11, [node("Unsqueeze", ["x"], "u", axes=[1]), node("Squeeze", ["u"], "y", axes=[1])], {}),
    "Squeeze by input": (13, [node("Unsqueeze", ["x", "a"], "u"), node("Squeeze", ["u", "a"], "y")], {"a": ints([1])}),
    "Clip by attribute": (7, [node("Clip", ["x"], "y", min=-0.5, max=0.5)], {}),
    "Clip by input": (13, [node("Clip", ["x", "", "h"], "y")], {"h": np.float32(0.5)}),
    "Slice by attribute": (9, [node("Slice", ["x"], "y", starts=[1], ends=[-1], axes=[2])], {}),
    "Slice backwards": (
        13,
        [node("Slice", ["x", "s", "e", "a", "t"], "y")],
        {"s": ints([-1]), "e": ints([-(2**63)]), "a": ints([2]), "t": ints([-2])},
    ),
    "Pad by attribute": (7, [node("Pad", ["x"], "y", pads=[0, 0, 1, 0, 0, 2], mode="reflect")], {}),
    "Pad by input": (13, [node("Pad", ["x", "p", "v"], "y")], {"p": ints([0, 1, 0, 0, 0, 2]), "v": np.float32(3)}),
    "Softmax of the rest": (11, [node("Softmax", ["x"], "y", axis=1)], {}),
    "Softmax of an axis": (13, [node("Softmax", ["x"], "y", axis=1)], {}),
    "LogSoftmax of the rest": (9, [node("LogSoftmax", ["x"], "y")], {}),
    "TopK by attribute": (9, [node("TopK", ["x"], ["y", "i"], k=2)], {}),
    "TopK by input": (11, [node("TopK", ["x", "k"], ["y", "i"], axis=1, largest=0)], {"k": ints([2])}),
    "ReduceSum by attribute": (11, [node("ReduceSum", ["x"], "y", axes=[1], keepdims=0)], {}),
    "ReduceSum by input": (13, [node("ReduceSum", ["x", "a"], "y")], {"a": ints([-1])}),
    "ReduceMax by input": (18, [node("ReduceMax", ["x", "a"], "y")], {"a": ints([1])}),
    "Dropout by attribute": (7, [node("Dropout", ["x"], "y", ratio=0.3)], {}),
    "Split by attribute": (11, [node("Split", ["x"], ["y", "z"], axis=2, split=[1, 4])], {}),
    "Split evenly": (18, [node("Split", ["x"], ["y", "z"], axis=2, num_outputs=2)], {}),
    "Cast and back": (9, [node("Cast", ["x"], "c", to=6), node("Cast", ["c"], "y", to=1)], {}),
    "Gelu as a function": (20, [node("Gelu", ["x"], "y")], {}),
    "LayerNormalization": (17, [node("LayerNormalization", ["x", "s"], "y")], {"s": np.arange(5, dtype=np.float32)}),
    "Einsum": (12, [node("Einsum", ["x", "s"], "y", equation="nij, j -> ni")], {"s": np.arange(5, dtype=np.float32)}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_operator(form: str) -> None:
    opset, nodes, constants = FORMS[form]
    proto = model(nodes, {"x": ["N", 4, 5]}, ["y"], constants, opset=opset)
    loaded = bw.load(proto)
    x = np.random.default_rng(2).normal(size=(3, 4, 5)).astype(np.float32)
    wanted = reference(proto, {"x": x})[0]
    found = loaded.fn(loaded.params, x)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("op", "mode", "nearest", "sizes"),
    [
        ("asymmetric", "nearest", "floor", [7, 13]),
        ("half_pixel", "linear", "round_prefer_floor", [11, 6]),
        ("align_corners", "linear", "round_prefer_floor", [5, 9]),
        ("half_pixel", "cubic", "round_prefer_floor", [16, 4]),
        ("pytorch_half_pixel", "linear", "round_prefer_floor", [3, 1]),
    ],
)
def test_resize(op: str, mode: str, nearest: str, sizes: list[int]) -> None:
    attributes: dict[str, Any] = {"coordinate_transformation_mode": op, "mode": mode, "nearest_mode": nearest}
    proto = model(
        [node("Conv", ["x", "w"], "c"), node("Resize", ["c", "", "", "s"], "y", **attributes)],
        {"x": [1, 2, 8, 8]},
        ["y"],
        {"s": np.array([1, 3, *sizes]), "w": np.random.default_rng(0).normal(size=(3, 2, 1, 1)).astype(np.float32)},
    )
    loaded = bw.load(proto)
    x = np.random.default_rng(2).normal(size=(1, 2, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(loaded.fn(loaded.params, x), reference(proto, {"x": x})[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("op", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_recurrent_layers(op: str, direction: str) -> None:
    gates, rng = {"RNN": 1, "GRU": 3, "LSTM": 4}[op], np.random.default_rng(4)
    count = 2 if direction == "bidirectional" else 1
    constants = {
        "w": rng.normal(size=(count, gates * 3, 2)).astype(np.float32),
        "r": rng.normal(size=(count, gates * 3, 3)).astype(np.float32),
        "b": rng.normal(size=(count, gates * 6)).astype(np.float32),
        "order": np.array([4, 2, 5], np.int32),
    }
    attributes: dict[str, Any] = {"hidden_size": 3, "direction": direction} | (
        {"linear_before_reset": 1} if op == "GRU" else {}
    )
    nodes = [
        node("Transpose", ["x"], "t", perm=[1, 0, 2]),
        node(op, ["t", "w", "r", "b", "order"], ["s", "h"], **attributes),
        node("Transpose", ["h"], "y", perm=[1, 0, 2]),
        node("Transpose", ["s"], "steps", perm=[2, 0, 1, 3]),
    ]
    proto = model(nodes, {"x": [3, 5, 2]}, ["y", "steps"], constants)
    x = rng.normal(size=(3, 5, 2)).astype(np.float32)
    from bitwindow.onnx_import.interpreter import Interpreter
    from bitwindow.onnx_import.read import open_model
    from bitwindow.onnx_import.values import Parameters

    opened, _ = open_model(proto)
    found = Interpreter(opened=opened, parameters=Parameters(), names={}).run({"x": jax.numpy.asarray(x)})
    for one, other in zip(found, reference(proto, {"x": x}), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
