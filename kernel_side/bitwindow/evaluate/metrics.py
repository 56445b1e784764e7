"""Metrics: what a network's outputs are worth, given labels.

A metric is a mean over samples where it can be, so that a part of the samples already estimates it. A user's own
function ``f(outputs, labels)`` may return one number per sample (treated alike) or one number for the whole set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from bitwindow.errors import DataError, SettingError

Scores = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A named metric. ``score(outputs, labels)`` returns float64 of shape (n,), or a scalar for the whole set.

    ``proportion`` says that every score is 0 or 1, so that Wilson's interval applies. ``per_sample`` says that a
    sample's score does not depend on the other samples, as is known of the named metrics. ``against_float`` says that
    the float network's outputs are the labels.
    """

    name: str
    score: Callable[[Any, Any], Any]
    proportion: bool = False
    higher_is_better: bool = True
    per_sample: bool = False
    against_float: bool = False

    def labels_from(self, float_outputs: Any) -> Any:
        """Return what the float network's outputs are as labels: their classes for a proportion, else themselves."""
        scores = logits(float_outputs) if self.proportion else None
        return float_outputs if scores is None else np.argmax(scores, axis=1)


def parse_metric(metric: str | Callable[[Any, Any], Any]) -> Metric:
    """Return the metric that a name (``accuracy``, ``top5``, ``agreement``, ``mse``, ``mae``) or a function stands for.

    Raises:
        SettingError: If there is no such metric.
    """
    if callable(metric):
        return Metric(name=getattr(metric, "__name__", "metric"), score=metric)
    if isinstance(metric, str):
        if metric == "accuracy":
            return Metric(name="accuracy", score=_correct, proportion=True, per_sample=True)
        if metric == "agreement":
            return Metric(name=metric, score=_correct, proportion=True, per_sample=True, against_float=True)
        if metric in {"mse", "mae"}:
            score = _squared if metric == "mse" else _absolute
            return Metric(name=metric, score=score, higher_is_better=False, per_sample=True)
        if (top := re.fullmatch(r"top[-_ ]?([1-9]\d*)", metric)) is not None:
            k = int(top.group(1))
            return Metric(
                name=f"top{k}",
                score=lambda outputs, labels: _among(outputs, labels, k),
                proportion=True,
                per_sample=True,
            )
    message = (
        "metric: wanted 'accuracy', 'top5' (any number), 'agreement', 'mse', 'mae' or f(outputs, labels), "
        f"got {metric!r}."
    )
    raise SettingError(message)


def class_labels(labels: Any, n: int, classes: int) -> NDArray[np.int64]:
    """Return integer labels of shape (n,) from integers or one-hot rows.

    Raises:
        DataError: If they are neither, do not number n, or name a class that does not exist.
    """
    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape == (n, classes) and np.all((array == 0) | (array == 1)) and np.all(array.sum(axis=1) == 1):
        return np.asarray(np.argmax(array, axis=1), np.int64)
    whole = array.dtype.kind in "iub" or (array.dtype.kind == "f" and bool(np.all(array == np.floor(array))))
    if array.shape != (n,) or not whole:
        message = f"labels: wanted {n} integers or one-hot rows of {classes}, got shape {array.shape} of {array.dtype}."
        raise DataError(message)
    integers = array.astype(np.int64)
    if n and not (integers.min() >= 0 and integers.max() < classes):
        message = f"labels: wanted classes 0 to {classes - 1}, got {integers.min()} to {integers.max()}."
        raise DataError(message)
    return integers


def logits(outputs: Any) -> NDArray[Any] | None:
    """Return the outputs as one array (n, classes >= 2) of class scores, or None where they are not that."""
    array = outputs if isinstance(outputs, np.ndarray) else None
    if array is None or array.ndim < 2 or array.dtype.kind not in "fiu":
        return None
    flat = array.reshape(array.shape[0], -1)
    return flat if flat.shape[1] > 1 else None


def _class_scores(outputs: Any) -> NDArray[Any]:
    scores = logits(outputs)
    if scores is None:
        message = "metric: accuracy wants one output (samples, classes), two classes or more; pass a function instead."
        raise DataError(message)
    return scores


def _correct(outputs: Any, labels: Any) -> Scores:
    scores = _class_scores(outputs)
    return np.asarray(np.argmax(scores, axis=1) == class_labels(labels, *scores.shape), np.float64)


def _among(outputs: Any, labels: Any, k: int) -> Scores:
    scores = _class_scores(outputs)
    wanted = class_labels(labels, *scores.shape)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.asarray(np.any(best == wanted[:, None], axis=1), np.float64)


def _difference(outputs: Any, labels: Any) -> NDArray[np.float64]:
    """Return outputs minus targets, a row a sample; all values of several outputs side by side."""
    parts, targets = jax.tree.leaves(outputs), jax.tree.leaves(labels)
    tree, wanted = (f"{jax.tree.structure(one)}" for one in (outputs, labels))
    if tree != wanted and not (len(parts) == 1 and isinstance(labels, list)):
        message = f"labels: wanted targets for each output, built as {tree}; got {wanted}."
        raise DataError(message)
    if len(parts) == 1:
        return _apart(parts[0], labels if isinstance(labels, list) else targets[0])
    return np.concatenate([_apart(*pair) for pair in zip(parts, targets, strict=True)], axis=1)


def _apart(outputs: Any, labels: Any) -> NDArray[np.float64]:
    out, wanted = np.asarray(outputs, np.float64), np.asarray(labels, np.float64)
    if out.shape != wanted.shape and out.size == wanted.size:
        wanted = wanted.reshape(out.shape)
    if out.shape != wanted.shape:
        message = f"labels: wanted the outputs' shape {out.shape}, got {wanted.shape}."
        raise DataError(message)
    return (out - wanted).reshape(out.shape[0], -1)


def _squared(outputs: Any, labels: Any) -> Scores:
    return np.asarray(np.mean(_difference(outputs, labels) ** 2, axis=1))


def _absolute(outputs: Any, labels: Any) -> Scores:
    return np.asarray(np.mean(np.abs(_difference(outputs, labels)), axis=1))
