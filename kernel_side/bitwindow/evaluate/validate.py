"""The exact figures of a quantized network over a whole validation set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bitwindow.assign.records import Assignment
from bitwindow.evaluate.comparison import Comparison
from bitwindow.evaluate.data import checked_labels
from bitwindow.evaluate.engine import Engine, Leaves, valid_rows
from bitwindow.evaluate.memory import float_bytes, quantized_bytes
from bitwindow.evaluate.metrics import Metric
from bitwindow.evaluate.report import Report, SiteReport
from bitwindow.evaluate.score import flips, score
from bitwindow.execute.modes import Modes
from bitwindow.execute.tally import Tally


def validate(
    engine: Engine,
    assignment: Assignment,
    modes: Modes,
    x: object,
    y: Any,
    metric: Metric,
    progress: Callable[[int], None] = lambda _n: None,
) -> Report:
    """Run the float and the quantized network over ``x`` and compare them, by default (``y`` None) with each other.

    Raises:
        DataError: If the data or the labels do not fit.
        ExecutionError: If the types allow no exact execution.
    """
    stored = engine.store(assignment, modes)
    comparison = Comparison(network=engine.network, assignment=assignment)
    tallies: dict[str, Tally] = dict(stored.tallies)
    overflows: dict[str, int] = {}
    float_parts: list[Leaves] = []
    parts: list[Leaves] = []
    n = 0
    for chunk, float_outputs, sites in engine.float_chunks(x):
        run = engine.run(stored, assignment, modes, chunk)
        float_parts.append(float_outputs)
        parts.append(valid_rows(run.outputs, chunk.valid))
        comparison.add(run.boundaries, sites, chunk.valid)
        for site, tally in run.tallies.items():
            tallies[site] = tallies[site] + tally if site in tallies else tally
        for layer, count in run.accumulator_overflows.items():
            overflows[layer] = overflows.get(layer, 0) + int(count)
        n += chunk.valid
        progress(n)
    before, after = engine.joined(float_parts), engine.joined(parts)
    labels = metric.labels_from(before) if y is None or metric.against_float else checked_labels(y, n)
    quantized = score(metric, after, labels, n, n)
    decibels = comparison.decibels()
    return Report(
        metric_name=metric.name,
        float_metric=score(metric, before, labels, n, n).value,
        quantized_metric=quantized.value,
        interval=quantized.population,
        n=n,
        flips=flips(before, after),
        float_bytes=float_bytes(engine.network),
        quantized_bytes=quantized_bytes(engine.network, assignment),
        sites={name: SiteReport(tally=tallies.get(name), sqnr=decibels.get(name)) for name in engine.network.sites},
        accumulator_widths=engine.executor.accumulator_widths(assignment, stored, modes),
        accumulator_overflows=overflows,
    )
