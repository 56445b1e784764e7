"""The rows of the accuracy table: one network, float and fixed point and ONNX Runtime's int8, in one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import numpy as np

import bitwindow as bw
from benchmarks.accuracy.peers import float_accuracy, int8_accuracy
from benchmarks.accuracy.subjects import Subject

SCHEMES = ("minmax", "histogram", "percentile", "mse")
NARROW = (6, 4)
BUDGET = 200
"""Most evaluations of the calibration samples that `loss` may take."""

Interval = tuple[float, float]


@dataclass(kw_only=True)
class Row:
    """Accuracies of one network by the name of the column, None where there is none, and the widths that were mixed."""

    network: str
    metric: str
    parameters: int
    samples: int
    interval: Interval | None = None
    accuracy: dict[str, float | None] = field(default_factory=dict)
    widened: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    day: str = ""


def measured(subject: Subject, progress: Callable[[str], None]) -> Row:
    """Quantize one network in every way of the table; the interval is Wilson's, of the best 8-bit column."""
    data = subject.data
    metric = "agreement" if data.y_test is None else "accuracy"
    parameters = sum(int(np.size(leaf)) for leaf in jax.tree.leaves(subject.model.params))
    row = Row(network=subject.name, metric=metric, parameters=parameters, samples=len(data.x_test))
    q = bw.Quantizer(subject.model)
    q.prepare()
    q.calibrate(data.calibration, progress=False)

    def note(column: str) -> None:
        report = q.validate(data.x_test, data.y_test, metric)
        row.accuracy["float"], row.accuracy[column] = report.float_metric, report.quantized_metric
        row.interval = report.interval if column == "loss 8" else row.interval
        progress(f"{subject.name}: {column}: {report}")

    for scheme in SCHEMES:
        note_assigned(q, scheme, 8, note)
    # As much as the most accurate cheap scheme needs to lose at most a point on the calibration samples.
    offer = q.wider(data.calibration)
    q.accept(offer)
    progress(str(offer))
    row.widened = {name: f"{site.present} -> {site.format}" for name, site in offer.sites.items()}
    note("mse 8, wider")
    by_loss(q, 8, subject, note)
    for bits in NARROW:
        note_assigned(q, "mse", bits, note)
        by_loss(q, bits, subject, note)
    for column, per_channel in (("ORT int8", False), ("ORT int8 per channel", True)):
        row.accuracy[column] = found = _int8(subject, row, column, per_channel=per_channel)
        progress(f"{subject.name}: {column} {found}")
    if subject.graph is not None:
        same = float_accuracy(subject.graph, data)
        progress(f"{subject.name}: ONNX Runtime float {same:.4f}")
        assert abs(same - (row.accuracy["float"] or 0)) <= 2 / row.samples
    return row


def _int8(subject: Subject, row: Row, column: str, *, per_channel: bool) -> float | None:
    if subject.graph is None:
        return None
    try:
        return int8_accuracy(subject.graph, subject.data, per_channel=per_channel)
    except ValueError as error:  # the peer has its own errors on networks that it does not take
        row.notes.append(f"{column} fails with {type(error).__name__}: {error}")
        return None


def note_assigned(q: bw.Quantizer, scheme: str, bits: int, note: Callable[[str], None]) -> None:
    """Choose types by the spectra alone and measure them."""
    q.assign(scheme, bits)
    note(f"{scheme} {bits}")


def by_loss(q: bw.Quantizer, bits: int, subject: Subject, note: Callable[[str], None]) -> None:
    """Choose types by the outputs' error, which tells windows apart where all samples are classified well."""
    q.assign("loss", bits, data=subject.data.calibration, metric="mse", budget=BUDGET)
    note(f"loss {bits}")
