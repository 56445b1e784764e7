"""One figure from outputs and labels: the metric with its intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.errors import DataError
from bitwindow.evaluate.intervals import normal, wilson
from bitwindow.evaluate.metrics import Metric, logits
from bitwindow.evaluate.report import Interval


@dataclass(frozen=True, kw_only=True)
class Score:
    """A metric over ``n`` samples. ``interval`` estimates the whole set of ``total``, ``population`` the population."""

    value: float
    n: int
    interval: Interval | None
    population: Interval | None


def score(
    metric: Metric, outputs: Any, labels: Any, n: int, total: int, scores: NDArray[np.float64] | None = None
) -> Score:
    """Evaluate a metric over the first ``n`` of ``total`` samples.

    Args:
        metric: The metric.
        outputs: The network's outputs for these samples.
        labels: Their labels.
        n: How many they are.
        total: How many the whole set has.
        scores: The scores of the samples where they are known already; outputs and labels do not count then.

    Raises:
        DataError: If the metric returns neither a number nor one number per sample.
    """
    result = np.asarray(metric.score(outputs, labels) if scores is None else scores, np.float64)
    if result.shape == (n,) and n > 0:
        return _mean(metric, result, total)
    if result.ndim == 0:
        value = float(result)
        return Score(value=value, n=n, interval=(value, value) if n == total else None, population=None)
    message = f"metric {metric.name!r}: wanted a number or {n} numbers (one per sample), got shape {result.shape}."
    raise DataError(message)


def _mean(metric: Metric, scores: Any, total: int) -> Score:
    n = len(scores)
    if metric.proportion:
        hits = int(scores.sum())
        return Score(value=hits / n, n=n, interval=wilson(hits, n, total), population=wilson(hits, n))
    mean = float(scores.mean())
    variance = float(scores.var(ddof=1)) if n > 1 else 0.0
    return Score(value=mean, n=n, interval=normal(mean, variance, n, total), population=normal(mean, variance, n))


def flips(float_outputs: Any, quantized_outputs: Any) -> int | None:
    """Return how many predicted classes differ, or None where the outputs are not class scores."""
    before, after = logits(float_outputs), logits(quantized_outputs)
    if before is None or after is None:
        return None
    return int(np.count_nonzero(np.argmax(before, axis=1) != np.argmax(after, axis=1)))
