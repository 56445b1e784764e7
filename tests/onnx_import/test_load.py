"""What comes in: paths, bytes and protos, names, batches, several inputs and outputs."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import onnx
import pytest
from onnx import TensorProto

import bitwindow as bw
from bitwindow.errors import ModelError
from bitwindow.network.trace import trace
from tests.onnx_import.graphs import convolutional, images, model, node, reference


def test_a_path_bytes_and_a_proto_are_the_same_model(tmp_path: Path) -> None:
    proto = convolutional()
    path = tmp_path / "net.onnx"
    onnx.save(proto, path)
    x = images(3)
    wanted = reference(proto, {"x": x})[0]
    for source in (str(path), path, path.read_bytes(), proto):
        loaded = bw.load(source)
        np.testing.assert_allclose(loaded.fn(loaded.params, x), wanted, rtol=1e-5, atol=1e-5)


def test_rows_have_the_names_of_the_file() -> None:
    network = trace(bw.load(convolutional()), 2)
    assert list(network.sites) == ["input", "conv1/weight", "conv1/bias", "conv1", "fc/weight", "fc/bias", "fc"]
    assert [layer.name for layer in network.layers if layer.note == "quantized"] == ["conv1", "fc"]
    assert all("float" not in layer.note for layer in network.layers)


@pytest.mark.parametrize("batch", ["N", 1])
def test_every_batch_gives_what_onnxruntime_gives_sample_by_sample(batch: int | str) -> None:
    proto = convolutional(batch)
    loaded = bw.load(proto)
    x = images(5)
    wanted = np.concatenate([reference(proto, {"x": x[at : at + 1]})[0] for at in range(5)])
    np.testing.assert_allclose(jax.jit(loaded.fn)(loaded.params, x), wanted, rtol=1e-5, atol=1e-5)


def test_a_fixed_batch_that_no_reshape_rule_opens_is_mapped_over_the_samples() -> None:
    weights = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    nodes = [
        node("Transpose", ["x"], "t", perm=[1, 0, 2]),  # (5, 1, 3): the batch is no longer first
        node("Reshape", ["t", "flat"], "r"),
        node("MatMul", ["r", "w"], "m"),
        node("Reshape", ["m", "back"], "y"),
    ]
    constants = {"flat": np.array([5, 3]), "w": weights, "back": np.array([1, 20])}
    proto = model(nodes, {"x": [1, 5, 3]}, ["y"], constants)
    loaded = bw.load(proto)
    x = np.random.default_rng(1).normal(size=(4, 5, 3)).astype(np.float32)
    wanted = np.concatenate([reference(proto, {"x": x[at : at + 1]})[0] for at in range(4)])
    np.testing.assert_allclose(loaded.fn(loaded.params, x), wanted, rtol=1e-5, atol=1e-5)


def test_a_batch_of_more_samples_that_mixes_them_is_refused() -> None:
    proto = model([node("Reshape", ["x", "s"], "y")], {"x": [4, 6]}, ["y"], {"s": np.array([8, 3])})
    with pytest.raises(
        ModelError, match=r"wanted a graph that runs at every batch size, got one that is fixed at .* 4"
    ):
        bw.load(proto)


def test_several_inputs_and_outputs_go_by_name() -> None:
    nodes = [node("Gather", ["table", "ids"], "e"), node("Add", ["e", "x"], "sum"), node("Relu", ["x"], "y")]
    table = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    shapes: dict[str, list[int | str | None]] = {"ids": ["N"], "x": ["N", 3]}
    proto = model(nodes, shapes, ["sum", "y"], {"table": table}, types={"ids": TensorProto.INT64})
    loaded = bw.load(proto)
    x = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    found = loaded.fn(loaded.params, {"ids": np.array([0, 6, 2, 2]), "x": x})
    assert list(found) == ["sum", "y"]
    np.testing.assert_array_equal(found["sum"], table[[0, 6, 2, 2]] + x)
    only = bw.load(proto, outputs=["e"])
    np.testing.assert_array_equal(only.fn(only.params, {"ids": np.array([3]), "x": x[:1]}), table[[3]])


def test_open_sizes_are_asked_for_by_name() -> None:
    proto = model([node("GlobalAveragePool", ["x"], "y")], {"x": ["N", 3, "height", "width"]}, ["y"])
    with pytest.raises(ModelError, match=r"input 'x': wanted the size of axis 2.*dims=\{'height': ...\}"):
        bw.load(proto)
    assert bw.load(proto, dims={"height": 4, "width": 5}).example.shape == (2, 3, 4, 5)
    assert bw.load(proto, example=np.zeros((1, 3, 8, 8), np.float32)).batch == 1
    with pytest.raises(ModelError, match=r"example 'x': wanted a shape like \['N', 3, 'height', 'width'\], got \[1, 4"):
        bw.load(proto, example=np.zeros((1, 4, 8, 8), np.float32))


def test_shape_arithmetic_leaves_nothing_in_the_network() -> None:
    nodes = [
        node("Shape", ["x"], "s"),
        node("Gather", ["s", "zero"], "n"),
        node("Unsqueeze", ["n", "axes"], "n1"),
        node("Concat", ["n1", "rest"], "shape", axis=0),
        node("Reshape", ["x", "shape"], "flat"),
        node("MatMul", ["flat", "w"], "y"),
    ]
    constants = {
        "zero": np.array(0),
        "axes": np.array([0]),
        "rest": np.array([-1]),
        "w": np.ones((12, 2), np.float32),
    }
    network = trace(bw.load(model(nodes, {"x": ["N", 3, 4]}, ["y"], constants)), 2)
    assert [layer.primitives for layer in network.layers] == [("reshape",), ("dot_general",)]


def test_numbers_that_only_say_how_far_to_clip_are_no_parameters() -> None:
    constants = {"low": np.float32(0), "high": np.float32(6), "w": np.ones((3, 3), np.float32)}
    nodes = [node("MatMul", ["x", "w"], "a"), node("Clip", ["a", "low", "high"], "y")]
    loaded = bw.load(model(nodes, {"x": ["N", 3]}, ["y"], constants))
    assert list(loaded.params) == ["w"]
    (layer,) = trace(loaded, 2).layers
    assert (layer.activation.lower, layer.activation.upper) == (0.0, 6.0)  # type: ignore[union-attr]


def test_words_for_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no file of that name"):
        bw.load(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("hello, this is no model")
    with pytest.raises(ModelError, match=r"text\.onnx: wanted an ONNX model"):
        bw.load(tmp_path / "text.onnx")
    with pytest.raises(ModelError, match=r"wanted a model in opset 7 to .*, got opset 5"):
        bw.load(model([node("Relu", ["x"], "y")], {"x": ["N", 3]}, ["y"], opset=5))
    unknown = model([node("Frobnicate", ["x"], "y", "/f")], {"x": ["N", 3]}, ["y"])
    with pytest.raises(ModelError, match=r"node '/f' \(Frobnicate\): wanted an operator that bitwindow computes"):
        bw.load(unknown)
    random = model([node("RandomNormalLike", ["x"], "y")], {"x": ["N", 3]}, ["y"])
    with pytest.raises(ModelError, match="draws random numbers; export the network in evaluation mode"):
        bw.load(random)
