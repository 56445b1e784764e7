"""What compiles, and when: nothing after `Executor.warm`, whatever changes within 2 to 16 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import jax
import numpy as np
import pytest

from bitwindow.assign.records import Assignment
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.model.record import Model
from bitwindow.network.records import Clip
from bitwindow.network.trace import trace
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Rounding
from tests.execute import networks as build
from tests.execute.agree import compare
from tests.execute.random_words import parameter_words, words
from tests.execute.reference import Reference, no_words
from tests.execute.traced import random_types as random_network_types
from tests.network.recurrent import loop_in_a_loop, lstm

NET = build.dense_network(activation=Clip(lower=0.0, upper=0.30000001192092896))
X = np.random.default_rng(7).normal(size=(4, 6)).astype(np.float32)
EIGHT = build.assignment(input="sfix8_En5", dense__kernel="sfix8_En6", dense__bias="sfix32_En11", dense="sfix8_En5")


@contextmanager
def compilations() -> Iterator[list[str]]:
    """Collect the compilations that JAX reports meanwhile."""
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if "backend_compile" in event:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def random_types(rng: np.random.Generator) -> Assignment:
    def draw(site: str) -> FixedPoint:
        signed = site.endswith(("kernel", "bias")) or bool(rng.integers(2))
        widths = (2, 33) if site.endswith("bias") else (2, 17)
        return FixedPoint(
            signed=signed, word_length=int(rng.integers(*widths)), fraction_length=int(rng.integers(-4, 14))
        )

    sites = ("input", "dense/kernel", "dense/bias", "dense")
    return build.assignment(**{site.replace("/", "__"): draw(site) for site in sites})


def random_modes(rng: np.random.Generator) -> Modes:
    return Modes(
        rounding=ROUNDINGS[rng.integers(len(ROUNDINGS))],
        overflow=OVERFLOWS[rng.integers(len(OVERFLOWS))],
        accumulator_bits=[None, 6, 9, 16, 31, 33][rng.integers(6)],
        accumulator_overflow=("saturate", "wrap")[rng.integers(2)],
    )


@pytest.mark.parametrize("tally", [True, False])
def test_no_change_of_a_type_or_mode_compiles_after_warming(*, tally: bool) -> None:
    one, rng = Executor(NET, device_path="convolution"), np.random.default_rng(5)

    def go(types: Assignment, modes: Modes) -> None:
        stored = one.store_parameters(types, modes)
        made = one.run(stored, types, modes, (X,), 0, 4, tally=tally)
        if tally:
            stochastic = modes.rounding == "stochastic"
            formats = {site: fmt for site, fmt in types.formats.items() if isinstance(fmt, FixedPoint)}
            own = parameter_words(modes, NET) if stochastic else {}
            reference = Reference(NET, formats, modes, words(modes) if stochastic else no_words, own)
            reference.run(X)
            compare(reference, stored, made, "convolution")

    go(EIGHT, Modes())
    one.warm(one.plan(one.store_parameters(EIGHT, Modes()), EIGHT, Modes()), tally=tally)
    with compilations() as compiled:
        for _ in range(60):
            go(random_types(rng), random_modes(rng))
        assert compiled == []
        jax.jit(lambda x: x * 3.25 + 1 + tally)(X)
        assert compiled


def test_warming_stops_when_it_is_told_to() -> None:
    one = Executor(NET, device_path="convolution")
    setting = one.plan(one.store_parameters(EIGHT, Modes()), EIGHT, Modes())
    with compilations() as compiled:
        one.warm(setting, stop=lambda: True)
        assert compiled == []


def test_a_layer_of_which_nothing_changed_keeps_its_plan() -> None:
    net = build.mixed_network()
    types = build.assignment(**dict.fromkeys((site.replace("/", "__") for site in build.MIXED_SITES), "sfix8_En5"))
    changed = build.assignment(
        **{site.replace("/", "__"): "sfix7_En4" if site == "mean" else "sfix8_En5" for site in build.MIXED_SITES}
    )
    one = Executor(net)
    stored = one.store_parameters(types, Modes())
    before = one.plan(stored, types, Modes())
    after = one.plan(one.store_parameters(changed, Modes(), stored), changed, Modes())
    kept = {name for name, plan in after.plans.items() if plan is before.plans[name]}
    assert kept == set(before.plans) - {"mean", "dense"}


@pytest.mark.parametrize("make", [lstm, loop_in_a_loop])
def test_loops_are_warmed_too(make: Callable[[], Model]) -> None:
    network = trace(make(), 4)
    x = np.random.default_rng(3).normal(size=network.values[network.inputs[0]].shape).astype(np.float32)
    one, rng = Executor(network), np.random.default_rng(6)

    def go(types: Assignment, modes: Modes) -> None:
        one.run(one.store_parameters(types, modes), types, modes, (x,), 0, 4, tally=False)

    types = random_network_types(network, 1, point=4)
    go(types, Modes())
    one.warm(one.plan(one.store_parameters(types, Modes()), types, Modes()), tally=False)
    with compilations() as compiled:
        for seed in range(8):
            go(random_network_types(network, seed, widths=(2, 17), point=4), random_modes(rng))
    assert compiled == []


def test_a_mode_that_leaves_the_host_compiles_nothing_either() -> None:
    """Inputs are cast on the host until the rounding is stochastic: XLA's way must be warm by then."""
    net = build.dense_network(batch=5, inputs=13, outputs=9)
    types = build.assignment(input="sfix8_En5", dense__kernel="sfix8_En6", dense__bias="sfix32_En11", dense="sfix8_En5")
    one, x = Executor(net), np.random.default_rng(3).normal(size=(5, 13)).astype(np.float32)
    stored = one.store_parameters(types, Modes())
    one.warm(one.plan(stored, types, Modes()), tally=False)
    with compilations() as compiled:
        for rounding in (Rounding.ROUND, Rounding.STOCHASTIC, Rounding.FLOOR):
            modes = Modes(rounding=rounding)
            one.run(one.store_parameters(types, modes), types, modes, (x,), 0, 5, tally=False)
    assert compiled == []
