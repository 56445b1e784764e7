"""The loss scheme in the background: the same types as in the foreground, and out of the way of any change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.assign.schemes import SCHEMES
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel.controls import Controls
from bitwindow.panel.panel import Panel
from tests.quantizer.test_live import threads, wait_for
from tests.quantizer.test_loss import MODEL, X, Y


@pytest.fixture
def q() -> Iterator[bw.Quantizer]:
    one = bw.Quantizer(MODEL, batch=64).calibrate(X, progress=False)
    one.look_ahead = False
    one.watch(X, Y)
    assert one.wait(240)
    yield one
    one.unwatch()


def shown(controls: Controls) -> list[str]:
    """The button that begins to choose types, or the one that ends a search: only one of them stands there."""
    return [one.description for one in (controls.assign, controls.stop) if one.layout.display is None]


class Gate:
    """A metric that stops in the middle of a search until it is let go, and may fail then."""

    def __init__(self) -> None:
        self.calls, self.shut_after = 0, 10**9
        self.there, self.open = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def __call__(self, outputs: Any, labels: Any) -> Any:
        self.calls += 1
        if self.calls > self.shut_after:
            self.there.set()
            assert self.open.wait(240)
            if self.error is not None:
                raise self.error
        return np.mean(np.argmax(outputs, axis=1) == labels)


@pytest.fixture
def gate(q: bw.Quantizer) -> Iterator[Gate]:
    """A watched metric whose next figures of other types stop at the gate."""
    one = Gate()
    q.watch(X, Y, one)
    assert q.wait(240)
    one.shut_after = one.calls + 20
    yield one
    one.open.set()


def test_a_search_finds_what_the_foreground_finds_and_is_one_step_to_undo(q: bw.Quantizer) -> None:
    before, events = q.assignment, list[str]()
    q.listen(events.append)
    q.search(4)
    assert threads()
    assert q.wait(240, idle=True)
    assert q.search_progress is None
    assert (q.scheme, q.word_length, q.changed_sites) == ("loss", 4, ())
    assert {"search", "formats", "evaluation"} <= set(events)
    found = q.assignment
    q.undo()
    assert q.assignment == before
    q.assign("loss", 4)
    assert q.assignment == found


@pytest.mark.parametrize("scheme", ["minmax", "loss"])
def test_what_is_kept_stays_and_is_never_tried(q: bw.Quantizer, scheme: str) -> None:
    kept = FixedPoint(True, 7, 1)
    q["first"].format = kept
    q.assign(scheme, 4, keep=["first"], budget=6)
    assert (q["first"].format, q["first"].reason) == (kept, "set by hand")
    assert q["second"].format != kept
    with pytest.raises(bw.SettingError, match=r"Did you mean \['first'\]"):
        q.assign(scheme, 4, keep=["frist"])


def test_a_search_keeps_what_it_is_told_to(q: bw.Quantizer) -> None:
    kept = FixedPoint(True, 7, 1)
    q["first"].format = kept
    q.search(4, keep=["first"], budget=5)
    assert q.wait(240, idle=True)
    assert (q.scheme, q["first"].format, q["first"].reason) == ("loss", kept, "set by hand")


CHANGES: dict[str, Callable[[bw.Quantizer], object]] = {
    "a type": lambda q: q["second"].__setattr__("format", "sfix6_En2"),
    "a mode": lambda q: q.__setattr__("rounding", "floor"),
    "other types": lambda q: q.assign("minmax", 6),
    "a stop": lambda q: q.stop_search(),
    "no data": lambda q: q.unwatch(),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_change_abandons_the_search_within_a_chunk(q: bw.Quantizer, gate: Gate, change: str) -> None:
    q.search(4)
    assert gate.there.wait(240)
    before, calls = q.assignment, gate.calls
    if change == "no data":
        threading.Timer(0.05, gate.open.set).start()  # unwatch waits for the thread
    CHANGES[change](q)
    after = q.assignment
    assert q.search_progress is None
    gate.shut_after = 10**9
    gate.open.set()
    assert q.wait(240, idle=True)
    assert q.assignment == after
    assert q.scheme != "loss"
    if change in {"a stop", "no data"}:
        assert after == before
        assert gate.calls == calls  # the chunk at the gate was the last one


def test_the_main_thread_is_free_and_the_panel_says_how_far_it_is(q: bw.Quantizer, gate: Gate) -> None:
    panel = Panel(q)
    q.lock("first")
    kept = q["first"].format
    panel.controls.scheme.value = "loss"
    assert gate.there.wait(240)
    wait_for(lambda: "evaluations so far, the best: Gate" in panel.busy.value or "evaluations" in panel.busy.value)
    assert shown(panel.controls) == ["Stop"]
    assert q(X[:3]).shape == (3, 4)  # a cell runs meanwhile
    gate.shut_after = 10**9
    gate.open.set()
    assert q.wait(240, idle=True)
    wait_for(lambda: shown(panel.controls) == ["Assign"] and not panel.busy.value)
    assert (q.scheme, q["first"].format) == ("loss", kept)
    panel.close()


def test_a_click_that_was_meant_for_assign_does_not_end_the_search_that_a_choice_has_begun(
    q: bw.Quantizer, gate: Gate
) -> None:
    panel = Panel(q)
    panel.controls.scheme.value = "loss"
    panel.controls.assign.click()  # the page has not shown the other button yet
    assert gate.there.wait(240)
    gate.shut_after = 10**9
    gate.open.set()
    assert q.wait(240, idle=True)
    assert q.scheme == "loss"
    panel.close()


def test_stop_ends_the_search(q: bw.Quantizer, gate: Gate) -> None:
    panel = Panel(q)
    before = q.scheme
    panel.controls.scheme.value = "loss"
    assert gate.there.wait(240)
    wait_for(lambda: shown(panel.controls) == ["Stop"])
    panel.controls.stop.click()
    gate.shut_after = 10**9
    gate.open.set()
    assert q.wait(240, idle=True)
    assert (q.scheme, q.search_progress) == (before, None)
    wait_for(lambda: shown(panel.controls) == ["Assign"])
    panel.close()


def test_an_error_stands_in_the_panel_until_something_goes_right(q: bw.Quantizer, gate: Gate) -> None:
    panel = Panel(q)
    gate.error = RuntimeError("the metric fell over")
    q.search(4)
    assert gate.there.wait(240)
    gate.open.set()
    wait_for(lambda: q.search_progress is not None and not q.search_progress.running)
    wait_for(lambda: "the metric fell over" in panel.error.value)
    assert panel.busy.value == ""
    assert q.scheme != "loss"
    gate.shut_after = 10**9
    q["second"].format = "sfix6_En2"
    assert q.wait(240, idle=True)
    assert q.search_progress is None
    assert threads() == []
    panel.close()


def test_it_wants_data_that_is_watched(q: bw.Quantizer) -> None:
    q.unwatch()
    with pytest.raises(bw.DataError, match=r"search: wanted data to measure on, got none. Call q.watch\(x, y\) first"):
        q.search()
    assert set(SCHEMES).isdisjoint({"loss"})
