"""ONNX graphs: a batch fixed at one, a batch on the second axis, and tokens; onnxruntime is the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

import bitwindow as bw
from tests.model.case import Case
from tests.onnx_import.graphs import convolutional, images, model, node, reference

RNG = np.random.default_rng(12)
SERIES = RNG.normal(size=(16, 5, 3)).astype(np.float32)
TOKENS = RNG.integers(0, 9, (16, 4))


def normal(*shape: int) -> np.ndarray:
    return np.asarray(RNG.normal(size=shape) / np.sqrt(shape[-1]), np.float32)


def fixed_batch() -> Case:
    proto, inputs = convolutional(1), images(16)
    return Case(
        make=lambda: bw.load(proto),
        inputs=inputs,
        reference=lambda: np.concatenate([reference(proto, {"x": x[None]})[0] for x in inputs]),
        names=("conv1/weight", "conv1/bias", "conv1", "fc/weight", "fc"),
        whole=True,
    )


def time_major() -> Case:
    constants = {
        "lstm.W": normal(1, 16, 3),
        "lstm.R": normal(1, 16, 4),
        "axis": np.array([0]),
        "head.weight": normal(2, 4),
    }
    nodes = [
        node("LSTM", ["x", "lstm.W", "lstm.R"], ["all", "last"], "/lstm/LSTM", hidden_size=4),
        node("Squeeze", ["last", "axis"], "h"),
        node("Gemm", ["h", "head.weight"], "y", "/head/Gemm", transB=1),
    ]
    proto = model(nodes, {"x": [5, "batch", 3]}, ["y"], constants)
    return Case(
        make=lambda: bw.load(proto),
        inputs=SERIES,
        reference=lambda: reference(proto, {"x": SERIES.swapaxes(0, 1)})[0],
        names=("lstm/W", "lstm/R", "head/weight", "head"),
        whole=True,
    )


def tokens() -> Case:
    constants: dict[str, Any] = {"embed.weight": normal(9, 6), "up.weight": normal(6, 8), "head.weight": normal(8, 3)}
    nodes = [
        node("Gather", ["embed.weight", "ids"], "e", "/embed/Gather"),
        node("MatMul", ["e", "up.weight"], "u", "/up/MatMul"),
        node("Relu", ["u"], "r", "/relu/Relu"),
        node("ReduceMean", ["r"], "m", "/mean/ReduceMean", axes=[1], keepdims=0),
        node("MatMul", ["m", "head.weight"], "y", "/head/MatMul"),
    ]
    proto = model(nodes, {"ids": ["N", 4]}, ["y"], constants, types={"ids": TensorProto.INT64, "y": TensorProto.FLOAT})
    return Case(
        make=lambda: bw.load(proto),
        inputs=TOKENS,
        reference=lambda: reference(proto, {"ids": TOKENS})[0],
        names=("embed/weight", "up/weight", "up", "mean/mean", "head"),
        whole=True,
    )


CASES = {"fixed_batch": fixed_batch, "time_major": time_major, "tokens": tokens}
