"""Cached, uncached and fresh evaluation give the same bits under any sequence of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

import bitwindow as bw
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import EvaluationData, evaluation_data
from bitwindow.evaluate.layered import Prepared
from bitwindow.evaluate.metrics import Metric, parse_metric
from bitwindow.execute import pair_products, row_cast
from bitwindow.execute.executor import Executor
from bitwindow.execute.lending import Lender
from bitwindow.numbers.modes import Overflow, Rounding
from tests.evaluate.branched import BATCH, INPUTS, LABELS, quantizer
from tests.network.recurrent import loop_in_a_loop, lstm

Q = quantizer()
START = Q.state
BUDGETS = {"none": 0, "a few boundaries": 3000, "a part": 9000, "all": 2**30}
SIDE_BY_SIDE = {"none", "a part"}


def never() -> None:
    """Nothing newer comes."""


def outputs_metric() -> Metric:
    """A metric for the whole set, so that a bench keeps all outputs: they are what is compared."""
    return Metric(name="whole", score=lambda outputs, labels: float(np.sum(outputs)))


def data() -> EvaluationData:
    return evaluation_data(Q._engine, INPUTS, LABELS, outputs_metric())


def fresh(q: bw.Quantizer) -> list[NDArray[Any]]:
    """The outputs of every chunk by the executor's plain run, without any key or cache."""
    executor: Executor = Q._engine.executor
    samples, assignment, modes = data(), q.assignment, q.state.modes
    stored = executor.store_parameters(assignment, modes)
    found = []
    for chunk in range(samples.chunks):
        rows = samples.rows(chunk)
        run = executor.run(stored, assignment, modes, rows.leaves, rows.places, rows.valid, tally=False)
        found.append(np.asarray(run.outputs[0])[: rows.valid])
    return found


sites = st.sampled_from(list(Q.sites))
typed_sites = st.sampled_from([name for name, site in Q.sites.items() if site.format != "float"])


class Changes(RuleBasedStateMachine):
    """Any user: after every change each bench evaluates a chunk or more, and all must agree with a fresh run."""

    def __init__(self) -> None:
        super().__init__()
        self.q = Q
        Q.restore(Q.calibration, START)
        self.benches = {name: Bench(Q._engine, data(), BoundaryCache(size)) for name, size in BUDGETS.items()}

    @rule(name=typed_sites, steps=st.integers(-2, 2))
    def drag(self, name: str, steps: int) -> None:
        fmt = self.q[name].format
        if isinstance(fmt, bw.FixedPoint):
            self.q[name].format = bw.FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length + steps)

    @rule(name=sites, signed=st.booleans(), width=st.integers(2, 16), fraction_length=st.integers(0, 9))
    def retype(self, name: str, signed: bool, width: int, fraction_length: int) -> None:  # noqa: FBT001
        self.q[name].format = bw.FixedPoint(signed, width, fraction_length)

    @rule(name=sites)
    def make_float(self, name: str) -> None:
        self.q[name].format = "float"

    @rule(mode=st.sampled_from(["round", "floor", "convergent", "stochastic"]))
    def round_by(self, mode: str) -> None:
        self.q.rounding = Rounding(mode).value

    @rule(mode=st.sampled_from(["saturate", "wrap"]))
    def overflow_by(self, mode: str) -> None:
        self.q.overflow = Overflow(mode).value

    @rule(bits=st.sampled_from([None, 8, 12]), mode=st.sampled_from(["wrap", "saturate"]))
    def accumulate(self, bits: int | None, mode: str) -> None:
        self.q.accumulator_overflow = mode
        self.q.accumulator_bits = bits

    @rule()
    def undo(self) -> None:
        self.q.undo()

    @rule()
    def redo(self) -> None:
        self.q.redo()

    @invariant()
    def all_agree(self) -> None:
        wanted = fresh(self.q)
        for name, bench in self.benches.items():
            prepared = bench.prepare(self.q.assignment, self.q.state.modes)
            bench.cache.begin(prepared.keys.values())
            for chunk, (found, outputs) in enumerate(zip(self.run(bench, prepared, name), wanted, strict=True)):
                np.testing.assert_array_equal(found, outputs, err_msg=f"budget: {name}, chunk {chunk}")
            assert bench.cache.bytes <= bench.cache.budget
            assert bench.cache.bytes == sum(held.bytes for _, held in bench.cache.snapshot())

    def run(self, bench: Bench, prepared: Prepared, name: str) -> Iterator[Any]:
        chunks, layered = range(bench.data.chunks), bench.layered
        if name in SIDE_BY_SIDE:
            return (found[0] for found in layered.run_side_by_side(prepared, chunks, keep=True, check=never))
        return (layered.run(prepared, chunk, keep=chunk != 1, check=never)[0] for chunk in chunks)


Changes.TestCase.settings = settings(max_examples=6, stateful_step_count=12)
TestChanges = Changes.TestCase


class Spoiled(Lender):
    """Lends arrays of every size again, and spoils them the moment nobody should read them."""

    def take_back(self, memory: NDArray[Any]) -> None:
        memory[:] = 0x5A
        super().take_back(memory)


class LentChanges(Changes):
    """The same user, where memory that is lent too soon changes what is seen."""

    def __init__(self) -> None:
        self.patch = pytest.MonkeyPatch()
        lender = Spoiled(least=1, most_idle=40_000)
        self.patch.setattr(pair_products, "LENDER", lender)
        self.patch.setattr(row_cast, "LENDER", lender)
        super().__init__()

    def teardown(self) -> None:
        self.patch.undo()


LentChanges.TestCase.settings = settings(max_examples=4, stateful_step_count=12)
TestLentChanges = LentChanges.TestCase


def bench_of(budget: int = 2**30) -> Bench:
    Q.restore(Q.calibration, START)
    return Bench(Q._engine, data(), BoundaryCache(budget))


def layers_run_after(bench: Bench, name: str, fmt: str | bw.FixedPoint) -> list[str]:
    """Evaluate the present types, change one site, and tell which layers run again."""
    prepared = bench.prepare(Q.assignment, Q.state.modes)
    bench.cache.begin(prepared.keys.values())
    bench.layered.run(prepared, 0, keep=True, check=never)
    Q[name].format = fmt
    changed = bench.prepare(Q.assignment, Q.state.modes)
    return [Q.network.layers[index].name for index in bench.layered.layers_to_run(changed, 0)]


def moved(name: str, steps: int = -1) -> bw.FixedPoint:
    fmt = Q[name].format
    assert isinstance(fmt, bw.FixedPoint)
    return bw.FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length + steps)


def test_only_the_descendants_of_a_changed_site_run_again() -> None:
    names = [layer.name for layer in Q.network.layers]
    assert layers_run_after(bench_of(), "dense/kernel", moved("dense/kernel")) == names[-1:]
    bench = bench_of()
    run = layers_run_after(bench, "conv2/kernel", moved("conv2/kernel"))
    assert run[0] == "conv2"
    assert "conv1" not in run
    assert not [name for name in run if "side" in name or "tanh" in name]
    bench = bench_of()
    assert layers_run_after(bench, "side/kernel", moved("side/kernel"))[0] == "side"
    assert "conv1" not in layers_run_after(bench_of(), "side/kernel", moved("side/kernel"))


def test_an_activations_type_runs_its_own_layer_and_all_that_read_it() -> None:
    run = layers_run_after(bench_of(), "conv1", moved("conv1"))
    assert run[:2] == ["conv1", "conv2"]


def test_types_that_store_the_same_values_are_one_outcome() -> None:
    bench = bench_of()
    Q["dense/kernel"].format = "sfix6_En4"
    exact = bench.prepare(Q.assignment, Q.state.modes)
    Q["dense/kernel"].format = "sfix5_En3"
    coarse = bench.prepare(Q.assignment, Q.state.modes)
    Q["dense/bias"].format = Q["dense/bias"].format if Q["dense/bias"].format == "float" else "sfix32_En9"
    before = bench.prepare(Q.assignment, Q.state.modes)
    Q["dense/bias"].format = "sfix31_En9"
    after = bench.prepare(Q.assignment, Q.state.modes)
    assert exact.outcome != coarse.outcome
    assert before.outcome == after.outcome
    Q.accumulator_bits = 8
    Q["dense/bias"].format = "sfix32_En9"
    limited = bench.prepare(Q.assignment, Q.state.modes)
    assert limited.outcome != before.outcome
    Q.restore(Q.calibration, START)


def test_going_back_finds_what_was_held() -> None:
    bench = bench_of()
    layers_run_after(bench, "conv1/kernel", moved("conv1/kernel"))
    changed = bench.prepare(Q.assignment, Q.state.modes)
    bench.cache.begin(changed.keys.values())
    bench.layered.run(changed, 0, keep=True, check=never)
    Q.undo()
    again = bench.prepare(Q.assignment, Q.state.modes)
    assert bench.layered.layers_to_run(again, 0) == []


def test_chunks_hold_every_sample_once_and_the_last_is_padded() -> None:
    samples = data()
    assert samples.chunks == 3
    places = np.concatenate([samples.rows(chunk).places for chunk in range(samples.chunks)])
    assert sorted(places) == list(range(len(LABELS)))
    last = samples.rows(2)
    assert (last.valid, len(last.leaves[0])) == (6, BATCH)
    np.testing.assert_array_equal(samples.labels_of(2), LABELS[last.places])


@pytest.mark.parametrize("make", [lstm, loop_in_a_loop])
def test_whatever_changes_inside_a_loop_runs_again(make: Callable[[], bw.Model]) -> None:
    model = make()
    x = np.random.default_rng(8).normal(size=(20, *np.shape(model.example)[1:])).astype(np.float32)
    q = bw.Quantizer(model, batch=8).calibrate(x, progress=False)
    samples = evaluation_data(q._engine, x, None, parse_metric("mse"))
    bench = Bench(q._engine, samples, BoundaryCache(2**30))
    outcomes = set()
    for name in [None, *(name for name, site in q.sites.items() if site.format != "float")]:
        if name is not None:
            q[name].format = "sfix3_En1"
        prepared = bench.prepare(q.assignment, q.state.modes)
        outcomes.add(prepared.outcome)
        rows = samples.rows(0)
        run = q._engine.executor.run(
            prepared.stored, q.assignment, q.state.modes, rows.leaves, rows.places, rows.valid, tally=False
        )
        found = bench.layered.run(prepared, 0, keep=True, check=never)
        np.testing.assert_array_equal(found[0], np.asarray(run.outputs[0])[: rows.valid], err_msg=f"{name}")
    assert len(outcomes) > 4
