"""The rows of the accuracy table: one network, float and fixed point and ONNX Runtime's int8, in one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np
import onnx
from numpy.typing import NDArray

import bitwindow as bw
from benchmarks.accuracy.data import Data
from benchmarks.accuracy.peers import float_accuracy, int8_accuracy
from benchmarks.accuracy.subjects import Subject

SCHEMES = ("minmax", "histogram", "percentile", "mse")
NARROW = (6, 4)
RECOMMENDED = "best 8"
MOST_NAMED = 4
"""Sites that are named in a note; of more their number stands there."""
MARGIN = 0.1
"""Of two probabilities, from which on one is taken for sure."""
BUDGET = 200
"""Most evaluations of the calibration samples that `loss` may take."""

Interval = tuple[float, float]


@dataclass(kw_only=True)
class Row:
    """Accuracies of one network by the name of the column, None where there is none, and what the recipe did."""

    network: str
    metric: str
    parameters: int
    samples: int
    interval: Interval | None = None
    accuracy: dict[str, float | None] = field(default_factory=dict)
    recipe: list[str] = field(default_factory=list)
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
        row.interval = report.interval if column == RECOMMENDED else row.interval
        progress(f"{subject.name}: {column}: {report}")

    for scheme in SCHEMES:
        note_assigned(q, scheme, 8, note)
    note_assigned(q, "mse", 8, note, per_channel=True)
    by_loss(q, 8, subject, note)
    row.recipe = refined(q, data.calibration, progress)
    note(RECOMMENDED)
    if data.y_test is None:
        row.notes.append(_sure(subject, q))
    for bits in NARROW:
        note_assigned(q, "mse", bits, note)
        by_loss(q, bits, subject, note)
    by_loss(q, NARROW[-1], subject, note, per_channel=True)
    # Where no classes are known, the peer too is measured by the classes of the float network.
    known = data if data.y_test is not None else replace(data, y_test=_classes(subject))
    for column, per_channel in (("ORT int8", False), ("ORT int8 per channel", True)):
        row.accuracy[column] = found = _int8(subject.graph, known, row, column, per_channel=per_channel)
        progress(f"{subject.name}: {column} {found}")
    if subject.graph is not None:
        same = float_accuracy(subject.graph, known)
        progress(f"{subject.name}: ONNX Runtime float {same:.4f}")
        assert abs(same - (row.accuracy["float"] or 0)) <= 2 / row.samples
    return row


def _sure(subject: Subject, q: bw.Quantizer) -> str:
    """Say how many test samples change class of those whose two best classes lie apart in the float network."""
    x = subject.data.x_test
    before, after = (
        np.asarray(outputs).reshape(len(x), -1)
        for outputs in (jax.jit(subject.model.fn)(subject.model.params, x), q(x))
    )
    best = np.sort(before, axis=-1)
    sure = best[:, -1] - best[:, -2] >= MARGIN
    changed = before.argmax(axis=-1) != after.argmax(axis=-1)
    counts = [int(np.count_nonzero(which)) for which in (changed & sure, sure, changed & ~sure, ~sure)]
    return (
        f"in the column {RECOMMENDED!r} {counts[0]} of {counts[1]} test samples change class whose two best classes "
        f"lie {MARGIN} or more apart in float, and {counts[2]} of the other {counts[3]}"
    )


def _classes(subject: Subject) -> NDArray[np.int64]:
    outputs = np.asarray(jax.jit(subject.model.fn)(subject.model.params, subject.data.x_test))
    classes: NDArray[np.int64] = outputs.reshape(len(outputs), -1).argmax(axis=-1)
    return classes


def _int8(graph: onnx.ModelProto | None, data: Data, row: Row, column: str, *, per_channel: bool) -> float | None:
    if graph is None:
        return None
    try:
        return int8_accuracy(graph, data, per_channel=per_channel)
    except ValueError as error:  # the peer has its own errors on networks that it does not take
        row.notes.append(f"{column} fails with {type(error).__name__}: {error}")
        return None


def note_assigned(
    q: bw.Quantizer, scheme: str, bits: int, note: Callable[[str], None], *, per_channel: bool = False
) -> None:
    """Choose types by the spectra alone and measure them."""
    q.assign(scheme, bits, per_channel=per_channel)
    note(_column(scheme, bits, per_channel=per_channel))


def by_loss(
    q: bw.Quantizer, bits: int, subject: Subject, note: Callable[[str], None], *, per_channel: bool = False
) -> None:
    """Choose types by the outputs' error, which tells windows apart where all samples are classified well."""
    q.assign("loss", bits, per_channel=per_channel, data=subject.data.calibration, metric="mse", budget=BUDGET)
    note(_column("loss", bits, per_channel=per_channel))


def refined(q: bw.Quantizer, x: Any, progress: Callable[[str], None]) -> list[str]:
    """Go on from the types of ``loss`` as ``Quantizer.assign_best`` does, by the calibration samples alone.

    Returns:
        What it did, in a few words each.
    """
    found = q.refine(x)
    progress(str(found))
    lines = [] if found.corrected_error is None else ["biases corrected"]
    apart = sum(isinstance(site.format, bw.ChannelFormats) for site in found.offer.sites.values())
    if apart:
        lines.append(f"{apart} weights with a window for each channel")
    wide = {name: site for name, site in found.offer.sites.items() if site.format.word_length > 8}
    if len(wide) > MOST_NAMED:
        lines.append(
            f"{len(wide)} sites of more bits, {max(site.format.word_length for site in wide.values())} at most"
        )
    else:
        lines += [f"`{name}` {site.change}" for name, site in wide.items()]
    return lines


def _column(scheme: str, bits: int, *, per_channel: bool) -> str:
    return f"{scheme} {bits}{' per channel' * per_channel}"
