"""The loss scheme's search: never worse than its start, bounded, repeatable, and it says what it cost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

import bitwindow as bw
from bitwindow.assign.loss import search
from bitwindow.assign.records import Assignment, Format
from bitwindow.network.records import Network

NETWORK = cast("Network", SimpleNamespace(layers=(), sites={}, parameters={}, values={}))


def types(**lengths: int | str) -> Assignment:
    formats: dict[str, Format] = {
        name: "float" if isinstance(length, str) else bw.FixedPoint(True, 8, length) for name, length in lengths.items()
    }
    return Assignment(formats=formats, reasons=dict.fromkeys(formats, "start"))


class Bowl:
    """A loss with its least value where every fraction length is what it should be."""

    def __init__(self, **best: int) -> None:
        self.best, self.calls = best, 0

    def __call__(self, candidate: Assignment, _best: Assignment | None) -> float | None:
        self.calls += 1
        total = 0.0
        for name, length in self.best.items():
            fmt: Any = candidate.formats[name]
            total += abs(fmt.fraction_length - length)
        return total


def test_it_finds_the_best_windows_and_says_what_each_row_cost() -> None:
    bowl = Bowl(a=9, b=2)
    starts = {"minmax": types(a=5, b=3, c="float"), "histogram": types(a=6, b=4, c="float")}
    found = search(NETWORK, starts, bowl)
    assert [str(fmt) for fmt in found.formats.values()] == ["sfix8_En9", "sfix8_En2", "float"]
    assert found.scheme == "loss"
    assert found.reasons["a"].startswith("loss: better than the window of minmax, ")
    assert f"{bowl.calls} evaluations in all" in found.reasons["b"]
    assert found.reasons["c"] == "start"


def test_it_stays_within_its_budget_and_is_never_worse_than_the_best_start() -> None:
    starts = {"minmax": types(a=0, b=0), "mse": types(a=2, b=0)}
    losses = []
    for budget in range(1, 12):
        bowl = Bowl(a=7, b=-6)
        found = search(NETWORK, starts, bowl, budget=budget)
        assert bowl.calls <= budget + len(starts)
        losses.append(cast("float", Bowl(a=7, b=-6)(found, None)))
    assert losses[0] <= 11
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_the_best_start_stays_where_nothing_is_better() -> None:
    found = search(NETWORK, {"mse": types(a=3), "minmax": types(a=4)}, Bowl(a=3))
    assert str(found.formats["a"]) == "sfix8_En3"
    assert found.reasons["a"].startswith("loss: the window of mse stays, ")


def test_windows_that_cannot_run_are_passed_over_and_a_start_is_needed() -> None:
    def measure(candidate: Assignment, _best: Assignment | None) -> float | None:
        return 1.0 if str(candidate.formats["a"]) == "sfix8_En3" else None

    assert str(search(NETWORK, {"mse": types(a=3)}, measure).formats["a"]) == "sfix8_En3"
    with pytest.raises(bw.ExecutionError, match="wanted types to start from"):
        search(NETWORK, {"mse": types(a=4)}, measure)
