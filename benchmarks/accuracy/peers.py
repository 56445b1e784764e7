"""ONNX Runtime's static int8 (affine), per tensor and per channel, on the same network and samples."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.accuracy.data import Data

CHUNK = 32
OLDEST = 13
"""The oldest opset whose graphs are quantized by scale and zero point of every channel."""


class Samples(CalibrationDataReader):
    """Hands the calibration samples over in chunks."""

    def __init__(self, name: str, samples: NDArray[Any], chunk: int) -> None:
        self._chunks = iter([{name: samples[start : start + chunk]} for start in range(0, len(samples), chunk)])

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """Return the next chunk, or None at the end."""
        return next(self._chunks, None)


def float_accuracy(model: onnx.ModelProto, data: Data) -> float:
    """Return ONNX Runtime's accuracy in float32: the oracle of ours."""
    return _accuracy(model.SerializeToString(), _input(model).name, data, _chunk(model))


def int8_accuracy(model: onnx.ModelProto, data: Data, *, per_channel: bool) -> float:
    """Return the accuracy after static quantization: uint8 activations, int8 weights, calibrated by extremes."""
    name = _input(model).name
    if model.opset_import[0].version < OLDEST:
        model = version_converter.convert_version(model, OLDEST)
    with TemporaryDirectory() as folder:
        source, prepared, target = (Path(folder) / f"{part}.onnx" for part in ("source", "prepared", "target"))
        onnx.save(model, source)
        quant_pre_process(source, prepared)
        quantize_static(
            prepared,
            target,
            Samples(name, data.calibration, _chunk(model)),
            quant_format=QuantFormat.QDQ,
            per_channel=per_channel,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return _accuracy(target.read_bytes(), name, data, _chunk(model))


def _input(model: onnx.ModelProto) -> onnx.ValueInfoProto:
    """Return the first input that is no weight (old files list those, too)."""
    weights = {tensor.name for tensor in model.graph.initializer}
    found: onnx.ValueInfoProto = next(entry for entry in model.graph.input if entry.name not in weights)
    return found


def _chunk(model: onnx.ModelProto) -> int:
    """Return how many samples the graph takes at once."""
    return _input(model).type.tensor_type.shape.dim[0].dim_value or CHUNK


def _accuracy(model: bytes, name: str, data: Data, chunk: int) -> float:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    starts = range(0, len(data.x_test), chunk)
    logits = [session.run(None, {name: data.x_test[start : start + chunk]})[0] for start in starts]
    return float(np.mean(np.concatenate(logits).argmax(-1) == data.y_test))
