"""What a change of one window costs on the demo network, how soon it is answered, and what a strip of windows costs.

Every time stands beside others of the same run. First estimates are taken from the change to the moment at which the
listeners hear of the first figure of the new types.
"""

from __future__ import annotations

import time

import numpy as np

import bitwindow as bw
from benchmarks.demo_types import typed_demo
from benchmarks.images import digit_images
from benchmarks.layer_times import Compilations, chunks_of, compile_all, run_layers, settle
from benchmarks.timing import seconds
from benchmarks.window_changes import Row, Watcher, moved, unprepared, unseen
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.race import Race, Runner
from bitwindow.evaluate.strips import outward, positions
from bitwindow.quantizer.changes import with_formats

ROUNDS = 6
STRIP_ROUNDS = 3
FIRST_ESTIMATES = 20
STRIP_SITE = "conv2/kernel"
POSITIONS = 16


def measure(q: bw.Quantizer, names: list[str], rounds: int) -> dict[str, Row]:
    """Move the window of every site by one and back, as often as there are rounds.

    Storing and planning what changed is part of the change: its layers find that done, and the change does not.
    """
    rows = {name: Row() for name in names}
    watcher = Watcher(q)
    for turn in range(rounds):
        for name in names:
            unseen(q)
            before, target = q[name].format, moved(q, name, 1 if turn % 2 else -1)
            assert isinstance(before, bw.FixedPoint)
            bench = settle(q)
            prepared = bench.prepare(with_formats(q.network, q.state, {name: target}).assignment, q.state.modes)
            chunks = chunks_of(bench, prepared)
            run_layers(bench, prepared, chunks[:1])
            rows[name].layers.append(run_layers(bench, prepared, chunks))
            del prepared, chunks
            unprepared(q)
            watcher.change(name, target, rows[name])
            q.undo()
            settle(q)
    return rows


def never() -> None:
    """Nothing newer comes."""


def full_evaluations(q: bw.Quantizer, rounds: int) -> list[float]:
    """Return the seconds of full bit-true evaluations with nothing cached, scores included, the way changes take."""
    bench = settle(q)
    empty = Bench(q._engine, bench.data, BoundaryCache(0))  # noqa: SLF001
    prepared = empty.prepare(q.assignment, q.state.modes)
    empty.advance_float(bench.data.chunks, never)

    def evaluate() -> None:
        empty._outcomes.clear()  # noqa: SLF001
        for _ in range(bench.data.chunks):
            empty.advance(prepared, never, keep=False)
        empty.value(empty.outcome(prepared))

    return [seconds(evaluate) for _ in range(rounds + 1)][1:]


def test_a_change_costs_the_layers_that_depend_on_it() -> None:
    q = typed_demo(8).quantizer
    images, labels, source = digit_images()
    q.look_ahead = False
    q.watch(images, labels)
    compile_all(q)
    names = list(q.sites)
    measure(q, names, 1)
    compiled = Compilations()
    rows = measure(q, names, ROUNDS)
    for mode in ("floor", "stochastic", "round"):
        q.rounding = mode
        settle(q)
    compilations = compiled.count
    evaluations = full_evaluations(q, ROUNDS)
    full = min(evaluations), float(np.median(evaluations))
    report = q.validate(images, labels)
    assert q.evaluation is not None
    assert report.quantized_metric == q.evaluation.quantized_metric
    print(f"\n{source}; one full bit-true evaluation {full[0] * 1e3:.0f} ms, median {full[1] * 1e3:.0f}")
    print(f"compilations {compilations}")
    print("site             first estimate, p95   change: least, median   its layers: least, median   ratios   full")
    for name, row in rows.items():
        change, layers = (np.array([np.min(times), np.median(times)]) for times in (row.change, row.layers))
        least, median = change / layers
        print(
            f"{name:16} {np.percentile(row.first, 95) * 1e3:7.1f} ms (n={row.samples:4}) "
            f"{change[0] * 1e3:8.1f} {change[1] * 1e3:7.1f} ms {layers[0] * 1e3:8.1f} {layers[1] * 1e3:7.1f} ms "
            f"{least:7.2f} {median:5.2f} {change[0] / full[0]:7.2f} {change[1] / full[1]:5.2f}"
        )


def test_first_estimates_come_soon() -> None:
    q = typed_demo(8).quantizer
    images, labels, _ = digit_images()
    q.look_ahead = False
    q.watch(images, labels)
    compile_all(q)
    watcher = Watcher(q)
    for name in q.sites:
        print(f"\n{name:14} {watcher.drag(name, FIRST_ESTIMATES).first_in_ms()}", end="")


def race_of(q: bw.Quantizer, bench: Bench) -> Race:
    present = q[STRIP_SITE].format
    assert isinstance(present, bw.FixedPoint)
    formats = outward(positions(present, q[STRIP_SITE].spectrum), present.fraction_length)[:POSITIONS]
    runners = [
        Runner(fmt=fmt, assignment=with_formats(q.network, q.state, {STRIP_SITE: fmt}).assignment) for fmt in formats
    ]
    return Race(bench, q.state.modes, runners)


def test_a_strip_costs_less_than_its_windows_one_by_one() -> None:
    q = typed_demo(8).quantizer
    images, labels, source = digit_images()
    q.look_ahead = False
    q.watch(images, labels)
    compile_all(q)
    bench = settle(q)
    times: dict[str, list[float]] = {"first look": [], "race": [], "all exact": [], "one by one": []}
    for _ in range(STRIP_ROUNDS):
        unseen(q)
        race = race_of(q, bench)
        start = time.perf_counter()
        looked = sum(1 for _ in race.first_look(never))
        times["first look"].append(time.perf_counter() - start)
        assert all(cell.interval is not None for cell in race.cells())
        survivors = sum(1 for _ in race.run(never))
        times["race"].append(time.perf_counter() - start)
        left = sum(not cell.dropped for cell in race.cells())
        for _ in race.finish(never):
            pass
        times["all exact"].append(time.perf_counter() - start)
        start = time.perf_counter()
        for runner in race.runners:
            bench._outcomes.clear()  # noqa: SLF001
            prepared = bench.prepare(runner.assignment, q.state.modes)
            for _ in range(bench.data.chunks):
                bench.advance(prepared, never, keep=False)
            bench.value(bench.outcome(prepared))
        times["one by one"].append(time.perf_counter() - start)
    full = min(full_evaluations(q, ROUNDS))
    print(f"\n{source}; {POSITIONS} positions of {STRIP_SITE}; one full evaluation {full * 1e3:.0f} ms")
    print(f"first look {looked} chunks, race {survivors} chunks more, {left} windows left in it")
    for name, spent in times.items():
        ratio = min(spent) / min(times["one by one"])
        print(f"{name:11} {min(spent) * 1e3:8.0f} ms = {min(spent) / full:5.2f} full = {ratio:5.2f} of one by one")
