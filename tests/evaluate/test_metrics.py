"""Metrics on hand-made outputs, labels in both forms, and a user's own function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bitwindow.errors import DataError, SettingError
from bitwindow.evaluate.metrics import parse_metric
from bitwindow.evaluate.score import flips, score

OUTPUTS = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.2, 0.2, 0.6], [0.3, 0.4, 0.3]], np.float32)
LABELS = np.array([1, 2, 2, 1])


def value(metric: Any, labels: Any = LABELS) -> float:
    return score(parse_metric(metric), OUTPUTS, labels, 4, 4).value


def test_accuracy_takes_integers_and_one_hot_rows() -> None:
    assert value("accuracy") == 0.75
    assert value("accuracy", np.eye(3)[LABELS]) == 0.75
    assert value("accuracy", LABELS[:, None]) == 0.75
    assert value("accuracy", LABELS.astype(np.float32)) == 0.75


def test_top_k_counts_the_label_among_the_best() -> None:
    assert value("top2") == 1.0
    assert value("top-1") == 0.75


def test_squared_and_absolute_errors_are_means_over_samples() -> None:
    targets = np.zeros_like(OUTPUTS)
    assert value("mse", targets) == pytest.approx(float(np.mean(OUTPUTS.astype(np.float64) ** 2)))
    assert value("mae", targets) == pytest.approx(float(np.mean(np.abs(OUTPUTS.astype(np.float64)))))


def test_a_function_may_give_one_number_or_one_per_sample() -> None:
    whole = score(parse_metric(lambda outputs, labels: float(outputs.sum())), OUTPUTS, LABELS, 4, 8)
    assert whole.interval is None
    assert whole.value == pytest.approx(4.0)
    each = score(parse_metric(lambda outputs, labels: outputs[:, 0]), OUTPUTS, LABELS, 4, 8)
    assert each.interval is not None
    assert each.interval[0] < each.value < each.interval[1]
    with pytest.raises(DataError, match=r"wanted a number or 4 numbers .* got shape \(2,\)"):
        score(parse_metric(lambda outputs, labels: np.ones(2)), OUTPUTS, LABELS, 4, 4)


@pytest.mark.parametrize("name", ["acuracy", "top0", 3, None])
def test_an_unknown_metric_is_refused(name: Any) -> None:
    with pytest.raises(SettingError, match="wanted 'accuracy'"):
        parse_metric(name)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([0, 1, 2]), "wanted 4 integers or one-hot rows of 3"),
        (np.array([0, 1, 2, 3]), "wanted classes 0 to 2, got 0 to 3"),
        (np.array([0.5, 1, 2, 1]), "wanted 4 integers"),
        (np.ones((4, 3)), "wanted 4 integers or one-hot"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        value("accuracy", labels)


def test_flips_count_changed_predictions_only_for_class_scores() -> None:
    after = OUTPUTS.copy()
    after[0] = [0.9, 0.05, 0.05]
    assert flips(OUTPUTS, after) == 1
    assert flips(OUTPUTS[:, 0], after[:, 0]) is None
    assert flips({"a": OUTPUTS}, {"a": after}) is None


def test_errors_of_several_outputs_are_means_over_all_their_values() -> None:
    outputs = {"a": np.array([[1.0, 2.0], [0.0, 0.0]]), "b": np.array([3.0, 4.0])}
    targets = {"a": np.array([[1.0, 0.0], [1.0, 0.0]]), "b": np.array([0.0, 4.0])}
    assert parse_metric("mse").score(outputs, targets).tolist() == [13 / 3, 1 / 3]
    assert parse_metric("mae").score(outputs, targets).tolist() == [5 / 3, 1 / 3]
    with pytest.raises(DataError, match="wanted targets for each output"):
        parse_metric("mse").score(outputs, np.zeros(2))
    with pytest.raises(DataError, match="wanted targets for each output"):
        parse_metric("mse").score((np.zeros((2, 1)), np.zeros(2)), np.zeros((2, 1)))
