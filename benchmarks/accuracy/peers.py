"""ONNX Runtime's static int8 (affine), per tensor and per channel, on the same network and samples."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.accuracy.data import Data

CHUNK = 32


class Samples(CalibrationDataReader):
    """Hands the calibration samples over in chunks."""

    def __init__(self, name: str, samples: NDArray[Any]) -> None:
        self._chunks = iter([{name: samples[start : start + CHUNK]} for start in range(0, len(samples), CHUNK)])

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """Return the next chunk, or None at the end."""
        return next(self._chunks, None)


def float_accuracy(model: onnx.ModelProto, data: Data) -> float:
    """Return ONNX Runtime's accuracy in float32: the oracle of ours."""
    return _accuracy(model.SerializeToString(), model.graph.input[0].name, data)


def int8_accuracy(model: onnx.ModelProto, data: Data, *, per_channel: bool) -> float:
    """Return the accuracy after static quantization: uint8 activations, int8 weights, calibrated by extremes."""
    name = model.graph.input[0].name
    with TemporaryDirectory() as folder:
        source, prepared, target = (Path(folder) / f"{part}.onnx" for part in ("source", "prepared", "target"))
        onnx.save(model, source)
        quant_pre_process(source, prepared)
        quantize_static(
            prepared,
            target,
            Samples(name, data.calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=per_channel,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return _accuracy(target.read_bytes(), name, data)


def _accuracy(model: bytes, name: str, data: Data) -> float:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    chunks = range(0, len(data.x_test), CHUNK)
    logits = [session.run(None, {name: data.x_test[start : start + CHUNK]})[0] for start in chunks]
    return float(np.mean(np.concatenate(logits).argmax(-1) == data.y_test))
