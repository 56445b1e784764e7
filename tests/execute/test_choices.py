"""Functions of two slopes, maxima of two values, running sums and maxima: against exact rational arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from bitwindow.errors import ExecutionError
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.network.records import Extremum, FloatComputation, PassThrough, RunningSum, TwoSlopes
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Rounding
from tests.execute.agree import check, run
from tests.execute.test_compilations import compilations, random_modes
from tests.execute.traced import random_types, traced

RNG = np.random.default_rng(5)
MODES = [Modes(rounding=rounding) for rounding in ROUNDINGS] + [Modes(overflow=overflow) for overflow in OVERFLOWS[1:]]


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


PARAMS: dict[str, Any] = {"w": normal(3, 4), "act": {"alpha": normal(4)}}
X = normal(2, 3)
FUNCTIONS: dict[str, tuple[type, Callable[[Any, Any], Any]]] = {
    "leaky": (TwoSlopes, lambda _, y: jax.nn.leaky_relu(y)),
    "leaky by a power of two": (TwoSlopes, lambda _, y: jnp.where(y < 0, y / 8, y)),
    "leaky as a maximum": (TwoSlopes, lambda _, y: jnp.maximum(0.3 * y, y)),
    "steep as a minimum": (TwoSlopes, lambda _, y: jnp.minimum(y, -1.5 * y)),
    "prelu": (TwoSlopes, lambda p, y: jnp.where(y >= 0, y, p["act"]["alpha"] * y)),
    "two slopes": (TwoSlopes, lambda p, y: jnp.where(jnp.less(0, y), y * 3, p["act"]["alpha"] * y)),
    "one side only": (TwoSlopes, lambda _, y: jnp.where(y > 0, -y, 0)),
    "absolute": (TwoSlopes, lambda _, y: jnp.minimum(jnp.abs(y), 1.5)),
    "larger": (Extremum, lambda _, y: jnp.maximum(y[:, :2], y[:, 2:])),
    "smaller than a parameter": (Extremum, lambda p, y: jnp.minimum(y, p["act"]["alpha"])),
    "running sum": (RunningSum, lambda _, y: jax.nn.relu(jnp.cumsum(y, axis=1))),
    "running sum from the end": (RunningSum, lambda _, y: lax.cumsum(y, 1, reverse=True)),
    "running maximum": (PassThrough, lambda _, y: lax.cummax(y, 1)),
    "running minimum from the end": (PassThrough, lambda _, y: lax.cummin(y, 1, reverse=True)),
}


def forward(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda p, x: function(p, x @ p["w"])


NETS = {name: traced(forward(function), PARAMS, X) for name, (_, function) in FUNCTIONS.items()}
TOGETHER = traced(lambda p, x: [function(p, x @ p["w"]) for _, function in FUNCTIONS.values()], PARAMS, X)
# With random words a compilation takes seconds: one of each kind stands for all.
ONE_OF_EACH = traced(
    lambda p, x: [FUNCTIONS[name][1](p, x @ p["w"]) for name in ("prelu", "larger", "running sum", "running maximum")],
    PARAMS,
    X,
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_layer_is_of_its_kind(name: str) -> None:
    assert isinstance(NETS[name].layers[-1].operation, FUNCTIONS[name][0])
    assert not any(isinstance(layer.operation, FloatComputation) for layer in NETS[name].layers)


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: f"{modes.rounding}-{modes.overflow}")
def test_every_mode_agrees(modes: Modes) -> None:
    net = ONE_OF_EACH if modes.rounding == "stochastic" else TOGETHER
    for seed, widths in enumerate([(4, 9), (8, 9), (16, 17)]):
        types = random_types(net, seed, widths)
        check(net, types, modes, (normal(2, 3),), paths=("convolution",))


@pytest.mark.parametrize("name", ["leaky by a power of two", "prelu", "larger", "running sum"])
def test_wide_and_far_apart_types_agree(name: str) -> None:
    for seed, widths, point in ((0, (20, 25), 16), (1, (14, 17), -3), (2, (2, 5), 1)):
        types = random_types(NETS[name], seed, widths, point)
        check(NETS[name], types, Modes(), (normal(2, 3),), paths=("convolution",))


def test_what_is_not_counted_has_the_same_bits() -> None:
    modes = Modes()
    for seed in range(3):
        types, x = random_types(TOGETHER, seed), normal(2, 3)
        counted, plain = (run(TOGETHER, types, modes, (x,), tally=tally) for tally in (True, False))
        assert plain.tallies == {}
        for name, carrier in counted.boundaries.items():
            np.testing.assert_array_equal(np.asarray(carrier), np.asarray(plain.boundaries[name]))


def test_no_change_of_a_type_or_mode_compiles_after_warming() -> None:
    one, rng = Executor(ONE_OF_EACH, device_path="convolution"), np.random.default_rng(5)
    types = random_types(ONE_OF_EACH, 0)
    one.warm(one.plan(one.store_parameters(types, Modes()), types, Modes()), tally=True)
    for seed, modes in ((0, Modes()), (1, Modes(rounding=Rounding.STOCHASTIC))):
        stored = one.store_parameters(types, modes)
        one.run(stored, types, modes, (X,), seed, 2, tally=True)
    with compilations() as compiled:
        for seed in range(20):
            types, modes = random_types(ONE_OF_EACH, seed, (2, 17)), random_modes(rng)
            one.run(one.store_parameters(types, modes), types, modes, (X,), 0, 2, tally=True)
    assert compiled == []


def test_a_slope_without_a_type_runs_in_float() -> None:
    net = NETS["prelu"]
    types = random_types(net, 0, (8, 9), 5)
    mixed = type(types)(formats={**types.formats, "act/alpha": "float"}, reasons=types.reasons)
    made = run(net, mixed, Modes(), (X,))
    dense = np.asarray(made.boundaries["dense1"]).astype(np.float32) / 32
    wanted = np.where(dense >= 0, dense, PARAMS["act"]["alpha"] * dense)
    fmt: Any = mixed.formats["act"]
    np.testing.assert_allclose(np.asarray(made.boundaries["act"]) / 32, np.clip(wanted, fmt.min, fmt.max), atol=2**-6)


def test_more_than_62_bits_are_refused_with_the_widths() -> None:
    slopes = traced(lambda p, x: jnp.where(x > 0, x, p["a"] * x), {"a": normal(3)}, X)
    with pytest.raises(ExecutionError, match=r"prelu: wanted an exact product of at most 62 bits; got 64 bits"):
        run(slopes, random_types(slopes, 0, (32, 33), 8), Modes(), (X,))
    larger = traced(lambda _, x: jnp.maximum(x[:, :1] * 2.0**30, x[:, 1:2] * 2.0**-30), {}, X)
    types = random_types(larger, 0, (16, 17), 8)
    far = {"scale": FixedPoint(signed=True, word_length=16, fraction_length=-20)}
    far["scale_2"] = FixedPoint(signed=True, word_length=16, fraction_length=40)
    apart = type(types)(formats={**types.formats, **far}, reasons=types.reasons)
    with pytest.raises(ExecutionError, match=r"maximum: wanted an exact maximum of at most 62 bits; got 76 bits"):
        run(larger, apart, Modes(), (X,))
