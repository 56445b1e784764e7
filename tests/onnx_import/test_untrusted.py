"""Files from strangers: nothing outside the folder, no memory before a check, one clear error for each failure."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import bitwindow as bw
from bitwindow.errors import ModelError
from tests.onnx_import.graphs import convolutional, model, node


def external(location: str, *, offset: str = "0", length: str | None = "16", dims: tuple[int, ...] = (4,)) -> Any:
    """A model whose one weight stands in a file."""
    proto = model([node("Add", ["x", "w"], "y")], {"x": ["N", 4]}, ["y"])
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
    entries = {"location": location, "offset": offset} | ({} if length is None else {"length": length})
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    proto.graph.initializer.append(tensor)
    return proto


def saved(folder: Path, proto: Any) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_external_data_in_the_folder_is_read_and_kept_by_the_session(tmp_path: Path) -> None:
    values = np.arange(4, dtype=np.float32)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w.bin").write_bytes(bytes(8) + values.tobytes())
    loaded = bw.load(saved(tmp_path, external("sub/w.bin", offset="8")))
    np.testing.assert_array_equal(loaded.params["w"], values)
    again = bw.load(loaded.origin.content)
    np.testing.assert_array_equal(again.params["w"], values)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/etc/passwd", "external data in the model's folder"),
        ("../secret.bin", "external data in the model's folder"),
        ("sub/../../secret.bin", "external data in the model's folder"),
        ("..\\secret.bin", "external data in the model's folder"),
        ("C:secret.bin", "external data in the model's folder"),
        ("", "external data in the model's folder"),
        ("link.bin", r"got a link \('link.bin'\)"),
        ("linked/secret.bin", "got a link"),
        ("none.bin", "No such file"),
        ("folder", "is none|Is a directory"),
        ("short.bin", "got a file of 3 bytes"),
    ],
)
def test_external_data_elsewhere_is_refused(tmp_path: Path, location: str, words: str) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "folder").mkdir()
    (folder / "short.bin").write_bytes(bytes(3))
    with pytest.raises(ModelError, match=words):
        bw.load(saved(folder, external(location)))


def test_external_data_of_a_model_in_bytes_needs_a_folder(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(16))
    content = external("w.bin").SerializeToString()
    with pytest.raises(ModelError, match=r"load the model by its path, or write folder="):
        bw.load(content)
    assert bw.load(content, folder=tmp_path).params["w"].shape == (4,)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"length": "17"}, "wanted 16 bytes"),
        ({"offset": "-1"}, "whole number as offset"),
        ({"offset": "9" * 30}, "whole number as offset"),
        ({"length": None, "dims": (2**40, 2**20)}, "at most"),
        ({"dims": (-4,)}, "none negative"),
    ],
)
def test_hostile_numbers_of_external_data(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(64))
    with pytest.raises(ModelError, match=words):
        bw.load(saved(tmp_path, external("w.bin", **settings)))


def bombs() -> dict[str, Any]:
    """Small files that ask for a lot of memory or work."""
    big = np.array([2**20, 2**20], np.int64)
    x: dict[str, list[int | str | None]] = {"x": ["N", 2]}
    add = [node("Add", ["x", "b"], "y")]
    doubling = [node("Concat", [f"c{at}", f"c{at}"], f"c{at + 1}", axis=0) for at in range(40)]
    made = {
        "ConstantOfShape": model([node("ConstantOfShape", ["s"], "b"), *add], x, ["y"], {"s": big}),
        "Expand": model([node("Expand", ["x", "s"], "y")], x, ["y"], {"s": np.array([2**20, 2**20, 1, 2])}),
        "Tile": model([node("Tile", ["c", "s"], "b"), *add], x, ["y"], {"c": np.ones((2, 2), np.int64), "s": big}),
        "Range": model(
            [node("Range", ["a", "s", "d"], "b"), *add],
            x,
            ["y"],
            {"a": np.array(0), "s": np.array(2**60), "d": np.array(1)},
        ),
        "Pad": model([node("Pad", ["x", "s"], "y")], x, ["y"], {"s": np.array([0, 2**40, 0, 2**40])}),
        "Resize": model(
            [node("Resize", ["x", "", "", "s"], "y")],
            {"x": ["N", 1, 2, 2]},
            ["y"],
            {"s": np.array([1, 1, 2**20, 2**20])},
        ),
        "Upsample": model(
            [node("Upsample", ["x", "s"], "y", mode="nearest")],
            {"x": ["N", 1, 2, 2]},
            ["y"],
            {"s": np.array([1, 1, 1e9, 1e9], np.float32)},
            opset=9,
        ),
        "OneHot": model(
            [node("OneHot", ["i", "d", "v"], "b"), *add],
            x,
            ["y"],
            {"i": np.zeros((4,), np.int64), "d": np.array(2**45), "v": np.array([0, 1], np.float32)},
        ),
        "outer sum": model(
            [node("Add", ["p", "q"], "b"), *add],
            x,
            ["y"],
            {"p": np.zeros((2**16, 1), np.int64), "q": np.zeros((1, 2**16), np.int64)},
        ),
        "doubling": model([*doubling, node("Add", ["x", "c40"], "y")], x, ["y"], {"c0": np.ones(2, np.int64)}),
        "axes": model([node("Unsqueeze", ["x", "s"], "y")], x, ["y"], {"s": np.arange(1, 200)}),
    }
    empty = model(add, x, ["y"])
    empty.graph.initializer.append(TensorProto(name="b", data_type=TensorProto.FLOAT, dims=[2**40, 2**20]))
    made["declared and not there"] = empty
    made["functions"] = laughs()
    return made


def laughs() -> Any:
    """Functions that each call the next one twice: 2**30 operators."""
    names = [f"f{at}" for at in range(30)]
    functions = []
    for at, name in enumerate(names):
        op, domain = (names[at + 1], "own") if at + 1 < len(names) else ("Relu", "")
        nodes = [helper.make_node(op, ["a"], ["m"], domain=domain), helper.make_node(op, ["m"], ["b"], domain=domain)]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
        functions.append(helper.make_function("own", name, ["a"], ["b"], nodes, opsets))
    proto = model([helper.make_node("f0", ["x"], ["y"], domain="own")], {"x": ["N", 2]}, ["y"])
    proto.functions.extend(functions)
    proto.opset_import.append(helper.make_opsetid("own", 1))
    return proto


@pytest.mark.parametrize("which", list(bombs()))
def test_a_bomb_is_one_error_and_takes_no_memory(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bitwindow.onnx_import.limits.MOST_CALLS", 2000)
    proto = bombs()[which]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match="wanted"):
        bw.load(proto)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**21  # KiB


def test_a_function_that_calls_itself_is_one_error() -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    body = [helper.make_node("f", ["a"], ["b"], domain="own")]
    proto = model([helper.make_node("f", ["x"], ["y"], domain="own")], {"x": ["N", 2]}, ["y"])
    proto.functions.append(helper.make_function("own", "f", ["a"], ["b"], body, opsets))
    proto.opset_import.append(helper.make_opsetid("own", 1))
    with pytest.raises(ModelError, match="the file calls itself without end"):
        bw.load(proto)


def test_texts_from_a_file_are_shown_and_never_used() -> None:
    proto = model([node("Add", ["x", "w"], "y")], {"x": ["N", 2]}, ["y"], {"w": np.ones(2, np.float32)})
    proto.graph.name = "__import__('os').system('true')"
    proto.graph.node[0].name = "/../../etc/\x1b[2J/__class__"
    assert bw.load(proto).params["w"].shape == (2,)


def attempts(content: bytes, count: int) -> list[bytes]:
    rng = np.random.default_rng(17)
    made = [content[: int(length)] for length in np.linspace(0, len(content) - 1, count)]
    for _ in range(count):
        flipped = bytearray(content)
        for position in rng.integers(0, len(content), int(rng.integers(1, 4))):
            flipped[position] ^= 1 << int(rng.integers(8))
        made.append(bytes(flipped))
    return made


def test_damaged_files_load_or_are_one_error(tmp_path: Path) -> None:
    content = convolutional().SerializeToString()
    path = tmp_path / "net.onnx"
    refused = loaded = 0
    for damaged in attempts(content, 60):
        path.write_bytes(damaged)
        try:
            bw.load(path)
        except ModelError as error:
            refused += "net.onnx" in str(error)
        else:
            loaded += 1
    assert refused + loaded == 120
    assert refused > 60  # every truncation but one that ends between two fields, and many flips


def test_hostile_shapes_load_or_are_one_error() -> None:
    rng = np.random.default_rng(5)
    hostile = [0, -1, 2**31, 2**62, -(2**62), 3, 7]
    for _ in range(60):
        proto = convolutional()
        tensors = proto.graph.initializer
        tensor = tensors[int(rng.integers(len(tensors)))]
        if rng.integers(2):
            tensor.dims[int(rng.integers(len(tensor.dims)))] = hostile[int(rng.integers(len(hostile)))]
        else:
            dim = proto.graph.input[0].type.tensor_type.shape.dim[int(rng.integers(4))]
            dim.dim_value = hostile[int(rng.integers(len(hostile)))]
        try:
            bw.load(proto)
        except ModelError:
            continue


def test_attributes_of_another_kind_are_one_error() -> None:
    for value in (b"\xff\xfe", [1, 2, 3], -5, 2**40, 1.5, [], ["a"]):
        for name in ("kernel_shape", "strides", "pads", "auto_pad", "group", "dilations"):
            proto = convolutional()
            kept = [item for item in proto.graph.node[0].attribute if item.name != name]
            del proto.graph.node[0].attribute[:]
            proto.graph.node[0].attribute.extend(kept)
            if value == []:
                proto.graph.node[0].attribute.append(onnx.AttributeProto(name=name, type=onnx.AttributeProto.INTS))
            else:
                proto.graph.node[0].attribute.append(helper.make_attribute(name, value))
            try:
                bw.load(proto)
            except ModelError:
                continue
