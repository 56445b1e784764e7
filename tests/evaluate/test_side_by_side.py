"""Chunks that the cores make side by side: in order, nothing left at work, and only where it is known to help."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.evaluate import layered
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import evaluation_data
from bitwindow.evaluate.layered import TIMED_RUNS, Abandoned, Prepared
from bitwindow.evaluate.metrics import Metric, parse_metric
from bitwindow.evaluate.race import Race, Runner
from bitwindow.execute import cores
from bitwindow.quantizer.changes import with_formats

RNG = np.random.default_rng(3)
N, BATCH, CORES = 47, 4, 3
IMAGES = RNG.normal(size=(N, 6, 6, 2)).astype(np.float32)
LABELS = RNG.integers(0, 3, N)
CHUNKS = -(-N // BATCH)


def forward(params: Any, x: Any) -> Any:
    x = jax.lax.conv_general_dilated(x, params["conv"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return jax.nn.relu(x).reshape(len(x), -1) @ params["dense"]


def parameters() -> Any:
    return {
        name: RNG.normal(0, 0.4, shape).astype(np.float32)
        for name, shape in {"conv": (3, 3, 2, 4), "dense": (144, 3)}.items()
    }


Q = bw.Quantizer(bw.Model(forward, parameters(), IMAGES[:2]), batch=BATCH).calibrate(IMAGES, progress=False)
# One number for the whole set: light layers take chunk after chunk then, and outputs are kept to be compared.
WHOLE = Metric(name="whole", score=lambda outputs, labels: float(np.sum(outputs * (1 + labels[:, None]))))


@pytest.fixture(autouse=True)
def three_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadPoolExecutor(CORES - 1) as pool:
        for module in (cores, layered):
            monkeypatch.setattr(module, "workers", lambda: CORES)
        monkeypatch.setattr(cores, "_pool", lambda: pool)
        yield


def bench_of(metric: Metric = WHOLE) -> Bench:
    return Bench(Q._engine, evaluation_data(Q._engine, IMAGES, LABELS, metric), BoundaryCache(2**30))


def prepared_of(bench: Bench) -> Prepared:
    prepared = bench.prepare(Q.assignment, Q.state.modes)
    bench.cache.begin(prepared.keys.values())
    return prepared


def never() -> None:
    """Nothing newer comes."""


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch, before: Callable[[int], None] = lambda _: None) -> Iterator[list[int]]:
    """Count the layers that run at this moment; ``before`` is called with the number of layers begun so far."""
    lock, counts = threading.Lock(), [0, 0]
    run = Q._engine.executor.run_layer

    def counted(*args: Any, **kwargs: Any) -> Any:
        with lock:
            counts[0] += 1
            counts[1] += 1
            number = counts[1]
        try:
            before(number)
            return run(*args, **kwargs)
        finally:
            with lock:
                counts[0] -= 1

    with monkeypatch.context() as patch:
        patch.setattr(Q._engine.executor, "run_layer", counted)
        yield counts


def test_outputs_come_in_order_whichever_core_is_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, beside = bench_of(), bench_of()
    one, other = prepared_of(alone), prepared_of(beside)
    wanted = [alone.layered.run(one, chunk, keep=True, check=never)[0] for chunk in range(CHUNKS)]
    threads = set()
    barrier = threading.Barrier(CORES)

    def meet(number: int) -> None:
        threads.add(threading.get_ident())
        if number <= CORES:
            # All cores are at work at once, or this never opens.
            barrier.wait(60)

    with watched(monkeypatch, meet):
        found = [out[0] for out in beside.layered.run_side_by_side(other, range(CHUNKS), keep=True, check=never)]
    assert len(threads) == CORES
    assert len(found) == CHUNKS
    for made, outputs in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(made, outputs)
    assert beside.cache.bytes == alone.cache.bytes
    # Everything was kept: nothing runs again.
    assert beside.layered.layers_to_run(other, CHUNKS - 1) == []


@pytest.mark.parametrize("stop_at", [1, 2, 5, 9])
def test_an_abandoned_run_leaves_nothing_at_work(monkeypatch: pytest.MonkeyPatch, stop_at: int) -> None:
    bench = bench_of()
    prepared = prepared_of(bench)
    checks: list[None] = []

    def check() -> None:
        checks.append(None)
        if len(checks) >= stop_at:
            raise Abandoned

    with watched(monkeypatch) as counts:
        with pytest.raises(Abandoned):
            list(bench.layered.run_side_by_side(prepared, range(CHUNKS), keep=True, check=check))
        assert counts[0] == 0
        begun = counts[1]
    assert begun < 2 * CHUNKS


@pytest.mark.timeout(60)
def test_who_waits_for_a_chunk_hears_that_it_was_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of()
    prepared = prepared_of(bench)
    taken, caller = threading.Event(), threading.get_ident()

    def check() -> None:
        if threading.get_ident() != caller:
            taken.set()
            # The caller makes all other chunks meanwhile, and then waits for this one.
            while counts[1] < 2 * (CHUNKS - 1):
                time.sleep(0.001)
            time.sleep(0.2)
            raise Abandoned

    def helped(work: Callable[[], None]) -> list[Future[None]]:
        helper = pool.submit(work)
        assert taken.wait(30)
        return [helper]

    monkeypatch.setattr(layered, "helped", helped)
    with (
        ThreadPoolExecutor(1) as pool,
        watched(monkeypatch) as counts,
        pytest.raises(Abandoned),
    ):
        list(bench.layered.run_side_by_side(prepared, range(CHUNKS), keep=True, check=check))
    assert counts[0] == 0


@pytest.mark.parametrize("fails_at", [1, 2, 4, 2 * CHUNKS])
def test_a_failure_in_any_thread_is_raised(monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    bench = bench_of()
    prepared = prepared_of(bench)

    def fail(number: int) -> None:
        if number == fails_at:
            message = "no memory"
            raise MemoryError(message)

    with watched(monkeypatch, fail) as counts:
        with pytest.raises(MemoryError, match="no memory"):
            list(bench.layered.run_side_by_side(prepared, range(CHUNKS), keep=True, check=never))
        assert counts[0] == 0
    again = [out[0] for out in bench.layered.run_side_by_side(prepared, range(CHUNKS), keep=True, check=never)]
    assert len(again) == CHUNKS


def test_who_takes_no_more_leaves_nothing_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of()
    prepared = prepared_of(bench)
    with watched(monkeypatch) as counts:
        running = bench.layered.run_side_by_side(prepared, range(CHUNKS), keep=True, check=never)
        next(running)
        running.close()
        assert counts[0] == 0


def test_only_layers_that_were_timed_run_so_and_as_many_chunks_for_each_core() -> None:
    bench = bench_of()
    prepared = prepared_of(bench)
    assert bench.layered.side_by_side(prepared, range(CHUNKS)) == 0
    for _ in range(TIMED_RUNS):
        bench.advance(prepared, never, keep=True)
    left = range(TIMED_RUNS, CHUNKS)
    assert bench.layered.side_by_side(prepared, left) == len(left) // CORES * CORES
    assert bench.layered.side_by_side(prepared, left[: CORES - 1]) == 0


@pytest.mark.parametrize("metric", [WHOLE, parse_metric("accuracy"), parse_metric("mse")], ids=lambda one: one.name)
def test_the_figure_is_that_of_chunk_after_chunk(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = Q(IMAGES) if metric.name == "mse" else LABELS
    data = evaluation_data(Q._engine, IMAGES, labels, metric)
    alone, beside = (Bench(Q._engine, data, BoundaryCache(2**30)) for _ in range(2))
    beside.advance_float(CHUNKS, never)
    one, other = prepared_of(alone), prepared_of(beside)
    for _ in range(CHUNKS):
        wanted = alone.advance(one, never, keep=True)
    calls: list[Any] = []
    run = beside.layered.run_side_by_side

    def noted(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return run(*args, **kwargs)

    monkeypatch.setattr(beside.layered, "run_side_by_side", noted)
    found = beside.outcome(other)
    while found.n < N:
        beside.advance_far(other, never)
    assert calls
    assert beside.figure(found).quantized_metric == alone.value(wanted).value
    assert found.chunks == CHUNKS


def test_a_race_goes_as_far_as_it_is_told() -> None:
    bench = bench_of()
    prepared = prepared_of(bench)
    for _ in range(CHUNKS):
        bench.advance(prepared, never, keep=True)
    fmt = Q["conv"].format
    assert isinstance(fmt, bw.FixedPoint)
    formats = [bw.FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length + by) for by in (-1, 1, 2)]
    runners = [
        Runner(fmt=one, assignment=with_formats(Q.network, Q.state, {"conv": one}).assignment) for one in formats
    ]
    race = Race(bench, Q.state.modes, runners)
    for runner in race._all_to(race.runners, 5, never):
        assert runner.outcome.chunks <= 5
    assert [runner.outcome.chunks for runner in race.runners] == [5, 5, 5]
    for _ in race.finish(never):
        pass
    for runner in race.runners:
        Q["conv"].format = runner.fmt
        assert bench.value(runner.outcome).value == WHOLE.score(Q(IMAGES), LABELS)
        Q.undo()
