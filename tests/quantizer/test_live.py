"""The live evaluation's thread: never stale, never in the way, never left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import pytest

import bitwindow as bw

RNG = np.random.default_rng(9)
X = RNG.normal(size=(400, 6)).astype(np.float32)
PARAMS = {"first": RNG.normal(size=(6, 8)).astype(np.float32), "second": RNG.normal(size=(8, 4)).astype(np.float32)}
Y = RNG.integers(0, 4, 400)


def network(params: Any, x: Any) -> Any:
    return jax.nn.relu(x @ params["first"]) @ params["second"]


def fresh(*, look_ahead: bool = False) -> bw.Quantizer:
    q = bw.Quantizer(bw.Model(network, PARAMS, X[:2]), batch=32).calibrate(X, progress=False)
    q.look_ahead = look_ahead
    return q


@pytest.fixture
def q() -> Iterator[bw.Quantizer]:
    one = fresh()
    yield one
    one.unwatch()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "bitwindow-evaluation"]


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits for what another thread brings about; minutes are no measure of speed but a broken test's end."""
    patience = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.002)


def moved(q: bw.Quantizer, name: str, steps: int) -> bw.FixedPoint:
    fmt = q[name].format
    assert isinstance(fmt, bw.FixedPoint)
    return bw.FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length + steps)


def test_estimates_come_first_and_the_last_one_is_exact(q: bw.Quantizer) -> None:
    figures: list[Any] = []
    q.listen(lambda event: figures.append(q.evaluation) if event == "evaluation" else None)
    q.watch(X, Y)
    assert q.wait(240)
    sizes = [figure.n for figure in figures]
    assert sizes == sorted(sizes)
    assert 32 in sizes
    assert sizes[-1] == 400
    estimate = next(figure for figure in figures if figure.n == 32)
    assert estimate.running
    assert estimate.interval[0] < estimate.quantized_metric < estimate.interval[1]
    assert estimate.difference_interval[0] <= estimate.difference <= estimate.difference_interval[1]
    last = figures[-1]
    report = q.validate(X, Y)
    assert (last.quantized_metric, last.float_metric) == (report.quantized_metric, report.float_metric)
    assert last.difference == report.quantized_metric - report.float_metric


class Gate:
    """A metric that stops the worker at every chunk until it is let through."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.reached = threading.Semaphore(0)
        self.entered = 0

    def __call__(self, outputs: Any, labels: Any) -> Any:
        self.entered += 1
        self.reached.release()
        assert self.open.wait(240)
        return np.float64(np.argmax(outputs, axis=1) == labels)


def test_a_change_abandons_what_runs_and_nothing_stale_is_shown(q: bw.Quantizer) -> None:
    gate = Gate()
    shown: list[tuple[object, Any]] = []
    q.listen(lambda event: shown.append((q["second"].format, q.evaluation)))
    q.watch(X, Y, metric=gate)
    assert gate.reached.acquire(timeout=240)
    # The worker is inside a chunk of the old types: the main thread changes them and reads at once.
    q["second"].format = moved(q, "second", -3)
    assert q.evaluation is not None
    assert (q.evaluation.n, q.evaluation.quantized_metric, q.evaluation.running) == (0, None, True)
    gate.open.set()
    assert q.wait(240)
    wanted = q.validate(X, Y).quantized_metric
    assert q.evaluation.quantized_metric == wanted
    assert q.evaluation.exact
    of_now = q["second"].format
    late = [figure for fmt, figure in shown if fmt == of_now and figure is not None and figure.n]
    assert late[-1].quantized_metric == wanted


def test_types_that_were_evaluated_show_their_figure_at_once(q: bw.Quantizer) -> None:
    q.watch(X, Y)
    assert q.wait(240)
    before = q.evaluation
    q["second"].format = moved(q, "second", -2)
    assert q.wait(240)
    seen: list[Any] = []
    q.listen(lambda event: seen.append(q.evaluation) if event == "formats" else None)
    q.undo()
    assert seen == [before]
    assert q.wait(240)
    assert q.evaluation == before


def test_the_main_thread_is_free_while_the_worker_is_busy(q: bw.Quantizer) -> None:
    gate = Gate()
    q.watch(X, Y, metric=gate)
    assert gate.reached.acquire(timeout=240)
    q.rounding = "floor"
    assert q.undo()
    assert q["first"].counts is not None
    assert q(X[:3]).shape == (3, 4)
    assert len(q.cache_report().boundaries) > 0
    assert not q.wait(0.01)
    gate.open.set()
    assert q.wait(240)


def test_an_error_stands_in_the_evaluation_and_the_next_change_tries_again(q: bw.Quantizer) -> None:
    broken = {"now": True}

    def metric(outputs: Any, labels: Any) -> Any:
        if broken["now"]:
            message = "no such figure"
            raise KeyError(message)
        return np.float64(np.argmax(outputs, axis=1) == labels)

    q.watch(X, Y, metric=metric)
    assert q.wait(240)
    assert q.evaluation is not None
    assert "no such figure" in str(q.evaluation.error)
    assert not q.evaluation.exact
    broken["now"] = False
    q["second"].format = moved(q, "second", -1)
    assert q.wait(240)
    assert q.evaluation.error is None
    assert q.evaluation.exact


def test_types_that_allow_no_exact_run_are_told_and_others_work_again(q: bw.Quantizer) -> None:
    q.watch(X, Y)
    assert q.wait(240)
    q.set_formats({"input": "sfix32_En20", "first": "sfix32_En20"})
    assert q.wait(240)
    assert q.evaluation is not None
    assert "at most 62 bits" in str(q.evaluation.error)
    q.undo()
    assert q.wait(240)
    assert q.evaluation.exact


def test_no_thread_outlives_unwatch_nor_the_quantizer() -> None:
    q = fresh(look_ahead=True)
    q.watch(X, Y)
    q.focus("first")
    wait_for(lambda: bool(threads()))
    q.unwatch()
    assert threads() == []
    assert q.evaluation is None
    assert dict(q.strips) == {}
    q.watch(X, Y)
    wait_for(lambda: bool(threads()))
    gone = weakref.ref(q)
    del q
    gc.collect()
    assert gone() is None
    wait_for(lambda: threads() == [])


def test_closing_the_panel_and_taking_the_focus_away_ends_the_idle_work(q: bw.Quantizer) -> None:
    q.watch(X, Y)
    q._live._idle.warmed = True  # compiling is not what is looked at
    panel = q.panel()
    q.focus("first")
    q.look_ahead = True
    panel.close()
    q.focus(None)
    assert q.wait(240, idle=True)
    assert threads() == []


def test_budget_and_focus_are_checked(q: bw.Quantizer) -> None:
    with pytest.raises(bw.SettingError, match="cache_bytes: wanted an integer"):
        q.cache_bytes = -1
    with pytest.raises(bw.SettingError, match="Did you mean"):
        q.focus("frist")
    q.watch(X, Y)
    q.cache_bytes = 3000
    assert q.wait(240)
    report = q.cache_report()
    assert report.budget == 3000
    assert report.bytes <= 3000
    assert "MiB hold boundaries" in str(report)
    small = q.evaluation
    q.cache_bytes = 2**30
    assert q.wait(240)
    assert q.evaluation == small


SCRIPT = """
import threading, time, sys
import numpy as np
import bitwindow as bw
rng = np.random.default_rng(0)
x = rng.normal(size=(20000, 6)).astype(np.float32)
params = {"w": rng.normal(size=(6, 4)).astype(np.float32)}
q = bw.Quantizer(bw.Model(lambda p, x: x @ p["w"], params, x[:2]), batch=8).calibrate(x[:64], progress=False)
q.watch(x, rng.integers(0, 4, 20000))
q.focus("w")
try:
    print("working", flush=True)
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    print("interrupted", q.evaluation.error, flush=True)
"""


def test_an_interrupt_reaches_the_main_thread_alone_and_the_process_ends_in_order() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=240)
    assert out == "interrupted None\n"
    assert (process.returncode, errors) == (0, "")


def test_a_change_does_not_wait_for_what_compiles_in_idle_time(
    q: bw.Quantizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiling, go_on = threading.Event(), threading.Event()

    def warm(*_given: object, **_named: object) -> None:
        compiling.set()
        assert go_on.wait(240)

    monkeypatch.setattr(q._engine.executor, "warm", warm)
    q.watch(X, Y)
    q.focus("first")
    q.look_ahead = True
    assert compiling.wait(240)
    q["second"].format = moved(q, "second", -1)
    assert q.wait(240)
    assert q.evaluation is not None
    assert q.evaluation.exact
    assert not go_on.is_set()
    go_on.set()
    q.unwatch()
    assert [one for one in threading.enumerate() if one.name == "bitwindow-compiling"] == []
