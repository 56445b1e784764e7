"""The ``loss`` scheme on real data: what a choice of types costs, measured chunk by chunk from cached boundaries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from bitwindow.assign.loss import search
from bitwindow.assign.records import Assignment
from bitwindow.errors import DataError, ExecutionError, SettingError
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import EvaluationData, evaluation_data
from bitwindow.evaluate.engine import Engine
from bitwindow.evaluate.metrics import Metric, parse_metric
from bitwindow.evaluate.race import Z_999
from bitwindow.execute.modes import Modes

SCHEME = "loss"
Progress = Callable[[int, str], None]
"""Told of the evaluations so far and, in words, of the best figure among them."""


def loss_data(
    engine: Engine, given: Any, metric: str | Callable[[Any, Any], Any] | None, watched: EvaluationData | None
) -> EvaluationData:
    """Return the data to measure on: what is given, else what is watched.

    Args:
        engine: The network's executions.
        given: ``(x, y)``, ``(x, None)`` or ``x`` alone, where the float network's outputs are the labels; or None.
        metric: None: that of the watched data, or accuracy.
        watched: The watched data, if there is any.

    Raises:
        DataError: If there is neither, or the data does not fit.
    """
    if given is None and watched is None:
        message = (
            "assign: the scheme 'loss' wants data to measure on, got none. "
            "Pass data=(x, y), or call q.watch(x, y) first; data=x compares with the float network."
        )
        raise DataError(message)
    if given is None and watched is not None:
        chosen = watched.metric if metric is None else parse_metric(metric)
        return _with_metric(watched, chosen)
    x, y = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    return evaluation_data(engine, x, y, parse_metric("accuracy" if metric is None else metric))


def choose_by_loss(
    engine: Engine,
    data: EvaluationData,
    starts: Mapping[str, Assignment],
    modes: Modes,
    *,
    budget: Any,
    cache_bytes: int,
    check: Callable[[], None],
    keep: Collection[str] = (),
    progress: Progress = lambda _evaluations, _best: None,
) -> Assignment:
    """Search from the best of ``starts``; see ``bitwindow.assign.loss``.

    Args:
        engine: The network's executions.
        data: What is measured on.
        starts: What the other schemes chose.
        modes: The modes.
        budget: Most evaluations, or None.
        cache_bytes: For boundaries.
        check: Asked before every layer.
        keep: Sites whose types stay as they are in ``starts``.
        progress: Told after every evaluation.

    Raises:
        SettingError: If the budget is no positive integer.
        ExecutionError: If none of the starts allows an exact execution.
    """
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 1):
        message = f"budget: wanted a positive number of evaluations or None, got {budget!r}."
        raise SettingError(message)
    judge = _Judge(Bench(engine, data, BoundaryCache(cache_bytes)), modes, check)
    losses: list[float | None] = []

    def measured(types: Assignment, best: Assignment | None) -> float | None:
        losses.append(judge.loss(types, best))
        known = [loss for loss in losses if loss is not None]
        progress(len(losses), judge.describe(min(known)) if known else "")
        return losses[-1]

    return search(engine.network, starts, measured, budget=budget, keep=keep, describe=judge.describe)


class _Judge:
    """Measures types; one that is worse than the best with 99.9 % confidence is not measured to the end."""

    def __init__(self, bench: Bench, modes: Modes, check: Callable[[], None]) -> None:
        self._bench, self._modes, self._check = bench, modes, check
        self._sign = -1.0 if bench.data.metric.higher_is_better else 1.0

    def loss(self, types: Assignment, best: Assignment | None) -> float | None:
        bench = self._bench
        try:
            prepared = bench.prepare(types, self._modes)
        except ExecutionError:
            return None
        against = None if best is None else bench.outcome(bench.prepare(best, self._modes))
        outcome = bench.outcome(prepared)
        if against is None:
            bench.cache.begin(prepared.keys.values())
        while outcome.n < bench.data.total:
            bench.advance(prepared, self._check, keep=True)
            interval = None if against is None else bench.difference(outcome, against, Z_999)
            if interval is not None and min(self._sign * interval[0], self._sign * interval[1]) > 0:
                return None
        if best is not None:
            bench.cache.begin(bench.prepare(best, self._modes).keys.values())
        return self._sign * bench.value(outcome).value

    def describe(self, loss: float) -> str:
        data = self._bench.data
        return f"{data.metric.name} {self._sign * loss:.4g} over {data.total:,} samples"


def _with_metric(data: EvaluationData, metric: Metric) -> EvaluationData:
    return replace(data, metric=metric, labels=None if metric.against_float else data.labels)
