"""Loops, bit-true: every layer inside agrees with exact arithmetic at every step, and no change of a type compiles."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import numpy as np
import pytest

from bitwindow.execute.modes import Modes
from bitwindow.network.records import Loop, Network
from bitwindow.network.trace import trace
from bitwindow.numbers.modes import Overflow, Rounding
from tests.execute.agree import check, run
from tests.execute.traced import random_types
from tests.network import recurrent
from tests.network.networks import CASES

NAMES = (
    "lstm",
    "gru_with_learned_start",
    "stacked_layers",
    "counted_loops",
    "loop_in_a_loop",
)
BATCH = 2


@cache
def built(name: str) -> tuple[Network, np.ndarray]:
    model = CASES[name]()
    network = trace(model, BATCH)
    shape = network.values[network.inputs[0]].shape
    return network, np.random.default_rng(5).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_loops_agree_on_every_bit(name: str) -> None:
    network, x = built(name)
    assert any(isinstance(layer.operation, Loop) for layer in network.layers)
    # One form serves all these types and modes.
    for seed, modes in enumerate((Modes(), Modes(rounding=Rounding.FLOOR), Modes(overflow=Overflow.WRAP))):
        check(network, random_types(network, seed), modes, (x,), paths=("convolution",))


def test_wide_types_and_limited_accumulators_agree() -> None:
    network, x = built("stacked_layers")
    check(network, random_types(network, 0, (14, 19), 12), Modes(), (x,), paths=("convolution",))
    check(network, random_types(network, 1), Modes(accumulator_bits=9), (x,), paths=("patches",))


def test_no_change_of_a_type_inside_a_loop_compiles() -> None:
    network, x = built("lstm")
    run(network, random_types(network, 0), Modes(), (x,))
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if "backend_compile" in event:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        for seed in range(1, 4):
            run(network, random_types(network, seed), Modes(rounding=Rounding.ZERO), (x,))
        assert compiled == []
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def test_padding_rows_are_not_tallied_inside_a_loop() -> None:
    network, x = built("lstm")
    types = random_types(network, 3)
    padded = np.concatenate([x[:1], np.full_like(x[:1], 1e6)])
    one, other = run(network, types, Modes(), (x,), valid=1), run(network, types, Modes(), (padded,), valid=1)
    assert one.tallies == other.tallies
    # 4 steps of 20 sums; what goes round is cast at the start too.
    assert one.tallies["cell/x/out"].total == recurrent.STEPS * 4 * recurrent.HIDDEN
    assert one.tallies["mul_3"].total == (recurrent.STEPS + 1) * recurrent.HIDDEN


def test_stochastic_rounding_stays_near_and_repeats() -> None:
    network, x = built("stacked_layers")
    types = random_types(network, 2, (12, 13), 9)
    modes = Modes(rounding=Rounding.STOCHASTIC, seed=3)
    first, again = run(network, types, modes, (x,)), run(network, types, modes, (x,))
    near = run(network, types, Modes(rounding=Rounding.FLOOR), (x,))
    name = network.outputs[0]
    np.testing.assert_array_equal(first.boundaries[name], again.boundaries[name])
    apart = np.asarray(first.boundaries[name]).astype(int) - np.asarray(near.boundaries[name])
    assert 0 < np.abs(apart).max() < 64


def test_a_float_site_inside_a_loop_runs_and_a_typed_one_again() -> None:
    network, x = built("gru_with_learned_start")
    types: Any = random_types(network, 1, (12, 13), 9)
    formats = dict(types.formats) | {"mul": "float", "add_4": "float", "h": "float"}
    assert set(formats) == set(types.formats)
    made = run(network, type(types)(formats=formats, reasons=types.reasons), Modes(), (x,))
    whole = run(network, types, Modes(), (x,))
    assert made.outputs[0].dtype == np.float32
    np.testing.assert_allclose(made.outputs[0], whole.outputs[0], atol=0.05)
