"""The demo network as an ONNX graph, and its static quantization by ONNX Runtime."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

BATCH = 250
Floats = NDArray[np.float32]


def demo_graph(params: Mapping[str, NDArray[Any]]) -> Any:
    """Return the network for images (N, 1, 28, 28); the first dense kernel is laid out for channels first."""
    weights = {name.replace("/", "_"): np.asarray(value, np.float32) for name, value in params.items()}
    for conv in ("conv1", "conv2"):
        weights[f"{conv}_kernel"] = weights[f"{conv}_kernel"].transpose(3, 2, 0, 1).copy()
    dense = weights["dense1_kernel"]
    weights["dense1_kernel"] = dense.reshape(7, 7, 32, -1).transpose(2, 0, 1, 3).reshape(dense.shape).copy()
    nodes, before = [], "images"
    for conv in ("conv1", "conv2"):
        inputs = [before, f"{conv}_kernel", f"{conv}_bias"]
        nodes += [
            helper.make_node("Conv", inputs, [conv], name=conv, kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [conv], [f"{conv}_relu"], name=f"{conv}_relu"),
            helper.make_node(
                "MaxPool", [f"{conv}_relu"], [f"{conv}_pool"], name=f"{conv}_pool", kernel_shape=[2, 2], strides=[2, 2]
            ),
        ]
        before = f"{conv}_pool"
    nodes += [
        helper.make_node("Flatten", [before], ["flat"], name="flat"),
        helper.make_node("Gemm", ["flat", "dense1_kernel", "dense1_bias"], ["dense1"], name="dense1"),
        helper.make_node("Relu", ["dense1"], ["dense1_relu"], name="dense1_relu"),
        helper.make_node("Gemm", ["dense1_relu", "dense2_kernel", "dense2_bias"], ["dense2"], name="dense2"),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 1, 28, 28])],
        [helper.make_tensor_value_info("dense2", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    return model


class Reader(CalibrationDataReader):
    """Gives the calibration images in batches."""

    def __init__(self, images: Floats) -> None:
        self.batches: Iterator[Floats] = iter(np.split(images, range(100, len(images), 100)))

    def get_next(self) -> dict[str, Floats] | None:
        batch = next(self.batches, None)
        return None if batch is None else {"images": batch}


@dataclass(frozen=True, kw_only=True)
class OnnxPeer:
    """The float model on disk, its session, and the images to calibrate with."""

    folder: Path
    calibration: Floats
    session: Any

    @staticmethod
    def of(params: Mapping[str, NDArray[Any]], calibration: Floats, folder: Path) -> OnnxPeer:
        onnx.save(demo_graph(params), folder / "float.onnx")
        logging.getLogger().setLevel(logging.ERROR)  # it advises to preprocess, which this graph does not need
        return OnnxPeer(
            folder=folder, calibration=channels_first(calibration), session=session_of(folder / "float.onnx")
        )

    def run_float(self, images: Floats) -> Floats:
        return run(self.session, images)

    def changed(self, images: Floats) -> Floats:
        """Quantize the model again and run it: what a change of a type takes."""
        quantize_static(
            self.folder / "float.onnx",
            self.folder / "quantized.onnx",
            Reader(self.calibration),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return self.run_quantized(images)

    def run_quantized(self, images: Floats) -> Floats:
        return run(session_of(self.folder / "quantized.onnx"), images)


def session_of(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def channels_first(images: Floats) -> Floats:
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def run(session: Any, images: Floats) -> Floats:
    parts = [
        session.run(None, {"images": part})[0]
        for part in np.split(channels_first(images), range(BATCH, len(images), BATCH))
    ]
    return np.concatenate(parts)
