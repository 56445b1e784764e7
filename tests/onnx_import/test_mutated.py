"""Graphs with parts exchanged: each loads or is one clear error, and none takes memory or time without end."""

from __future__ import annotations

import resource
from typing import Any

import numpy as np
import pytest
from onnx import helper

import bitwindow as bw
from bitwindow.errors import ModelError
from tests.onnx_import.graphs import convolutional, model, node

OPERATORS = ("Conv", "Relu", "Split", "Reshape", "Gemm", "LSTM", "Resize", "TopK", "Pad")
NUMBERS = (0, -1, 1, 5, 2**31, 2**62, -(2**63))


def test_names_that_are_no_texts_are_one_error() -> None:
    content = convolutional().SerializeToString()
    for name in (b"/conv1/Conv", b"conv1.weight", b"auto_pad", b"MaxPool"):
        damaged = content.replace(name, b"\xff" * len(name))
        assert damaged != content
        with pytest.raises(ModelError, match="wanted names that are texts"):
            bw.load(damaged)


def test_constants_that_do_not_fit_together_are_one_error() -> None:
    constants = {"a": np.ones((3, 1), np.float32), "b": np.ones((75, 3), np.float32)}
    for nodes in ([node("MatMul", ["a", "b"], "y")], [node("MatMul", ["a", "b"], "c"), node("Add", ["x", "c"], "y")]):
        with pytest.raises(ModelError, match="wanted inputs that fit MatMul"):
            bw.load(model(nodes, {"x": ["N", 3]}, ["y"], constants))


def test_outputs_without_end_are_one_error() -> None:
    for count in (2**31, 3, -1):
        proto = model([node("Split", ["x"], ["y", "z"], axis=1, num_outputs=count)], {"x": ["N", 4]}, ["y"], opset=18)
        with pytest.raises(ModelError, match="wanted the number of its outputs, 2, as 'num_outputs'"):
            bw.load(proto)


def test_an_operator_set_of_no_version_is_one_error() -> None:
    for version in (2**62, -1, 2**31):
        proto = model([helper.make_node("f", ["x"], ["y"], domain="own")], {"x": ["N", 2]}, ["y"])
        proto.opset_import.append(helper.make_opsetid("own", version))
        with pytest.raises(ModelError, match="wanted a few operator sets"):
            bw.load(proto)


def test_a_batch_without_end_is_one_error_and_takes_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match="numbers in each of its batches are too many to check it by"):
        bw.load(model([node("Softmax", ["x"], "y")], {"x": [2**24, 8]}, ["y"]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**19  # KiB


def mutated(rng: np.random.Generator) -> Any:
    """A network with one to three of its attributes, inputs, operators or tensors exchanged."""
    proto = convolutional()
    nodes, tensors = proto.graph.node, proto.graph.initializer
    values = [item.name for item in tensors] + [name for item in nodes for name in item.output] + ["x", ""]
    for _ in range(int(rng.integers(1, 4))):
        item = nodes[int(rng.integers(len(nodes)))]
        way = int(rng.integers(5))
        if way == 0 and item.attribute:
            attribute = item.attribute[int(rng.integers(len(item.attribute)))]
            attribute.i = NUMBERS[int(rng.integers(len(NUMBERS)))]
            if attribute.ints:
                attribute.ints[0] = NUMBERS[int(rng.integers(len(NUMBERS)))]
        elif way == 1:
            item.input[int(rng.integers(len(item.input)))] = values[int(rng.integers(len(values)))]
        elif way == 2:
            item.op_type = OPERATORS[int(rng.integers(len(OPERATORS)))]
        elif way == 3:
            tensors[int(rng.integers(len(tensors)))].data_type = int(rng.integers(25))
        else:
            proto.opset_import[0].version = int(rng.integers(0, 30))
    return proto


def test_graphs_with_other_parts_load_or_are_one_error() -> None:
    rng, refused = np.random.default_rng(29), 0
    for _ in range(120):
        proto = mutated(rng)
        try:
            bw.load(proto)
        except ModelError:
            refused += 1
    assert 60 < refused < 120
