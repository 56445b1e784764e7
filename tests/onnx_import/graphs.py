"""Small ONNX models, made with onnx.helper, and onnxruntime's answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

Sizes = Sequence[int | str | None]


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sizes],
    outputs: Sequence[str],
    constants: Mapping[str, Any] | None = None,
    *,
    opset: int = 17,
    types: Mapping[str, int] | None = None,
) -> Any:
    """A ModelProto; inputs are float32 unless ``types`` says otherwise."""
    kinds = types or {}
    graph = helper.make_graph(
        list(nodes),
        "net",
        [
            helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shape)
            for name, shape in inputs.items()
        ],
        [helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(op: str, inputs: Sequence[str], output: str | Sequence[str], name: str = "", **attributes: Any) -> Any:
    """A NodeProto."""
    outputs = [output] if isinstance(output, str) else list(output)
    return helper.make_node(op, list(inputs), outputs, name=name or f"/{outputs[0]}/{op}", **attributes)


def reference(proto: Any, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """onnxruntime's outputs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    content = proto if isinstance(proto, bytes) else proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return list(session.run(None, dict(inputs)))


def convolutional(batch: int | str = "N", *, opset: int = 17) -> Any:
    """A network of a convolution, a pool, a reshape that names the batch, and a dense layer."""
    rng = np.random.default_rng(3)
    constants = {
        "conv1.weight": rng.normal(size=(4, 1, 3, 3)).astype(np.float32),
        "conv1.bias": rng.normal(size=4).astype(np.float32),
        "fc.weight": rng.normal(size=(3, 36)).astype(np.float32),
        "fc.bias": rng.normal(size=3).astype(np.float32),
        "shape": np.array([1 if batch == 1 else -1, 36], np.int64),
    }
    nodes = [
        node("Conv", ["x", "conv1.weight", "conv1.bias"], "a", "/conv1/Conv", auto_pad="SAME_UPPER"),
        node("Relu", ["a"], "b", "/relu/Relu"),
        node("MaxPool", ["b"], "c", "/pool/MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", ["c", "shape"], "d", "/Reshape"),
        node("Gemm", ["d", "fc.weight", "fc.bias"], "y", "/fc/Gemm", transB=1),
    ]
    return model(nodes, {"x": [batch, 1, 6, 6]}, ["y"], constants, opset=opset)


def images(count: int, seed: int = 0) -> np.ndarray:
    """Inputs of ``convolutional``."""
    return np.random.default_rng(seed).uniform(0, 1, (count, 1, 6, 6)).astype(np.float32)
