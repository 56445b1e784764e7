"""The rows of the accuracy table: one network, float and fixed point and ONNX Runtime's int8, in one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx

import bitwindow as bw
from benchmarks.accuracy.data import Data
from benchmarks.accuracy.peers import float_accuracy, int8_accuracy

CHEAP = ("minmax", "histogram", "percentile", "mse")
BUDGET = 200
"""Most evaluations of the calibration samples that `loss` may take."""


@dataclass(kw_only=True)
class Row:
    """Accuracies of one network by the name of the column."""

    network: str
    parameters: int
    samples: int
    accuracy: dict[str, float] = field(default_factory=dict)


def measured(name: str, model: onnx.ModelProto, data: Data, progress: Callable[[str], None]) -> Row:
    """Quantize one network in every way of the table."""
    row = Row(network=name, parameters=_parameters(model), samples=len(data.x_test))
    row.accuracy["ORT float"] = float_accuracy(model, data)
    q = bw.Quantizer(bw.load(model))
    q.prepare()
    q.calibrate(data.calibration, progress=False)
    for bits in (8, 6, 4):
        for scheme in CHEAP if bits == 8 else ("mse",):
            q.assign(scheme=scheme, word_length=bits)
            report = q.validate(data.x_test, data.y_test)
            row.accuracy["float"] = report.float_metric
            row.accuracy[f"{scheme} {bits}"] = report.quantized_metric
            progress(f"{name}: {scheme} {bits} bits {report.quantized_metric:.4f}, float {report.float_metric:.4f}")
        # The outputs' error tells windows apart where nearly all calibration samples are classified well.
        q.assign(scheme="loss", word_length=bits, data=data.calibration, metric="mse", budget=BUDGET)
        row.accuracy[f"loss {bits}"] = q.validate(data.x_test, data.y_test).quantized_metric
        progress(f"{name}: loss {bits} bits {row.accuracy[f'loss {bits}']:.4f}")
    for column, per_channel in (("ORT int8", False), ("ORT int8 per channel", True)):
        row.accuracy[column] = int8_accuracy(model, data, per_channel=per_channel)
        progress(f"{name}: {column} {row.accuracy[column]:.4f}")
    return row


def _parameters(model: onnx.ModelProto) -> int:
    floats = [tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT]
    return int(sum(np.prod(tensor.dims) for tensor in floats))
