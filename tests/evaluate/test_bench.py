"""A bench's figures, chunk by chunk, and that the last one is validate's to the last digit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import evaluation_data
from bitwindow.evaluate.metrics import parse_metric
from bitwindow.evaluate.paired import difference_interval
from tests.evaluate.branched import BATCH, INPUTS, LABELS, N, quantizer

Q = quantizer()


def whole_set(outputs: Any, labels: Any) -> float:
    return float(np.corrcoef(outputs[:, 0], labels)[0, 1])


def centred(outputs: Any, labels: Any) -> Any:
    """By sample, yet not independent of the other samples: only the whole set gives the right figure."""
    return outputs[:, 0] - outputs[:, 0].mean() + labels


METRICS = ["accuracy", "top2", "agreement", whole_set, centred]


def bench(metric: Any, labels: Any = LABELS) -> Bench:
    data = evaluation_data(Q._engine, INPUTS, labels, parse_metric(metric))
    return Bench(Q._engine, data, BoundaryCache(2**30))


def never() -> None:
    """Nothing newer comes."""


@pytest.mark.parametrize("metric", METRICS)
def test_the_complete_figure_is_that_of_validate_to_the_last_digit(metric: Any) -> None:
    one = bench(metric)
    prepared = one.prepare(Q.assignment, Q.state.modes)
    outcome = one.outcome(prepared)
    while outcome.n < N:
        one.advance(prepared, never, keep=True)
        figure = one.figure(outcome)
        assert figure.running == (outcome.n < N)
        assert figure.basis.startswith("exact" if outcome.n == N else f"estimate ({outcome.n} of {N})")
    report = Q.validate(INPUTS, LABELS, metric)
    assert (figure.quantized_metric, figure.float_metric) == (report.quantized_metric, report.float_metric)
    assert figure.population == report.interval
    assert figure.difference == report.quantized_metric - report.float_metric
    assert figure.difference_interval == (figure.difference, figure.difference)
    assert figure.float_n == figure.n == N


@pytest.mark.parametrize("metric", ["mse", "mae", "accuracy"])
def test_without_labels_the_float_network_is_what_it_is_compared_with(metric: str) -> None:
    one = bench(metric, None)
    prepared = one.prepare(Q.assignment, Q.state.modes)
    for _ in range(one.data.chunks):
        outcome = one.advance(prepared, never, keep=True)
    report = Q.validate(INPUTS, metric=metric)
    assert one.figure(outcome).quantized_metric == report.quantized_metric
    assert report.float_metric == (1.0 if metric == "accuracy" else 0.0)
    assert Q.validate(INPUTS, metric="agreement").quantized_metric == Q.validate(INPUTS).quantized_metric


def test_an_estimate_rests_on_the_first_chunks_and_the_difference_on_the_same_samples() -> None:
    one = bench("accuracy")
    prepared = one.prepare(Q.assignment, Q.state.modes)
    outcome = one.advance(prepared, never, keep=True)
    figure = one.figure(outcome)
    places = one.data.places(0)
    right = np.argmax(Q(INPUTS), axis=1) == LABELS
    floats = np.argmax(np.asarray(Q._engine.observe(Q._engine.parameters, *one.data.rows(0).leaves)[0][0]), axis=1)
    before = floats == LABELS[places]
    assert figure.n == BATCH
    assert figure.quantized_metric == right[places].mean()
    assert figure.difference == right[places].mean() - before.mean()
    changes = right[places].astype(float) - before
    assert figure.difference_interval == difference_interval(changes, N, proportion=True)


def test_what_is_known_of_types_is_recalled_without_running_anything() -> None:
    one = bench("accuracy")
    assert one.recall(Q.assignment, Q.state.modes) is None
    prepared = one.prepare(Q.assignment, Q.state.modes)
    one.advance(prepared, never, keep=False)
    known = one.recall(Q.assignment, Q.state.modes)
    assert known is not None
    assert known.n == BATCH


def test_data_that_does_not_fit_is_refused() -> None:
    with pytest.raises(bw.DataError, match="wanted one per sample"):
        bench("accuracy", LABELS[:3])
    with pytest.raises(bw.DataError, match="at least one sample"):
        evaluation_data(Q._engine, {k: v[:0] for k, v in INPUTS.items()}, None, parse_metric("accuracy"))
