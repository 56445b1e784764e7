"""Clips and two slopes that a program writes as choices: what they are read as, and what they are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bitwindow.errors import ModelError
from bitwindow.model.record import Model
from bitwindow.network.formula import formula
from bitwindow.network.records import Clip, FloatComputation, Network, Slope, TwoSlopes
from bitwindow.network.trace import trace

X = np.array([[-3.0, -0.5, 0.0, np.nan], [0.25, 2.0, np.inf, -np.inf]], np.float32)
W = np.eye(4, dtype=np.float32) * 2


def traced(function: Callable[[Any], Any]) -> Network:
    return trace(Model(lambda p, x: function(x @ p["w"]), {"w": W}, X), 2)


CLIPS: list[tuple[Callable[[Any], Any], Clip]] = [
    (lambda y: jnp.where(y > 0, y, 0), Clip(lower=0.0, upper=None)),
    (lambda y: jnp.where(y <= 0, 0, y), Clip(lower=0.0, upper=None)),
    (lambda y: jnp.where(jnp.less(0.0, y), y, 0), Clip(lower=0.0, upper=None)),
    (lambda y: y * (y > 0), Clip(lower=0.0, upper=None)),
    (lambda y: jnp.where(y > 6, 6, y), Clip(lower=None, upper=6.0)),
    (lambda y: jnp.where(y < -0.5, -0.5, y), Clip(lower=-0.5, upper=None)),
    (jax.nn.hard_tanh, Clip(lower=-1.0, upper=1.0)),
    (lambda y: jnp.where(y > 6, 6, jnp.where(y < 0, 0, y)), Clip(lower=0.0, upper=6.0)),
]


@pytest.mark.parametrize(("function", "clip"), CLIPS)
def test_a_clip_written_as_a_choice_joins_its_product(function: Callable[[Any], Any], clip: Clip) -> None:
    (layer,) = traced(function).layers
    assert layer.activation == clip


SLOPES: list[tuple[Callable[[Any], Any], TwoSlopes]] = [
    (lambda y: jnp.where(y > 0, y, 0.25 * y), TwoSlopes(above=Slope(), below=Slope(exponent=-2))),
    (lambda y: jnp.where(y < 0, y / 4, y), TwoSlopes(above=Slope(), below=Slope(exponent=-2))),
    (lambda y: jnp.where(y < 0, -y, y), TwoSlopes(above=Slope(), below=Slope(sign=-1))),
    (lambda y: jnp.maximum(y, y * 4), TwoSlopes(above=Slope(exponent=2), below=Slope())),
    (lambda y: jnp.minimum(y, y * 4), TwoSlopes(above=Slope(), below=Slope(exponent=2))),
    (lambda y: jnp.maximum(-0.5 * y, y), TwoSlopes(above=Slope(), below=Slope(sign=-1, exponent=-1))),
    (lambda y: jnp.where(y > 0, 0, -y), TwoSlopes(above=Slope(sign=0), below=Slope(sign=-1))),
    (jax.nn.leaky_relu, TwoSlopes(above=Slope(), below=Slope(operand=1))),
    (lambda y: jnp.where(y >= 0, y * 3, y / 5), TwoSlopes(above=Slope(operand=1), below=Slope(operand=2))),
]


@pytest.mark.parametrize(("function", "slopes"), SLOPES)
def test_two_slopes_are_one_layer(function: Callable[[Any], Any], slopes: TwoSlopes) -> None:
    assert traced(function).layers[-1].operation == slopes


@pytest.mark.parametrize("function", [function for function, _ in [*CLIPS, *SLOPES]])
def test_the_float_program_runs_as_it_was_written(function: Callable[[Any], Any]) -> None:
    network = trace(Model(lambda _, x: function(x), {}, X), 2)
    outputs, _ = network.observe({}, X)
    np.testing.assert_array_equal(outputs[0], jax.jit(function)(X))


OTHERS: list[Callable[[Any], Any]] = [
    lambda y: jnp.where(y > 1, y, 0),  # a step
    lambda y: jnp.where(y > 0.5, y, 0.25 * y),  # a step in the middle of one side
    lambda y: jnp.where(y > 2, 2, jnp.where(y < 3, 3, y)),  # the inner clip does not keep the outer bound
    lambda y: jnp.where(y > 0, y, y * y),
    lambda y: jnp.where(y > 0, jnp.tanh(y), y),
]


@pytest.mark.parametrize("function", OTHERS)
def test_other_choices_stay_float(function: Callable[[Any], Any]) -> None:
    assert any(isinstance(layer.operation, FloatComputation) for layer in traced(function).layers)


def test_a_function_that_holds_such_a_choice_stays_one_layer() -> None:
    for function in (jax.nn.elu, jax.nn.selu, jax.nn.celu, jax.nn.log_sigmoid, jax.nn.soft_sign):
        assert len(traced(function).layers) == 2


def test_the_slope_of_a_leaky_relu_is_called_so() -> None:
    assert list(traced(jax.nn.leaky_relu).sites)[-2:] == ["leaky_relu/slope", "leaky_relu"]
    sided = traced(lambda y: jnp.where(y >= 0, y * 3, y / 5))
    assert list(sided.sites)[-3:] == ["leaky_relu/slope", "leaky_relu/slope_2", "leaky_relu"]


MASK = np.array([[True, False, True, True]])
MASKED: list[tuple[Callable[[Any], Any], list[str]]] = [
    (lambda y: jnp.where(MASK, y, 0), ["mask(dense1)"]),
    (lambda y: jnp.where(MASK, 0.0, y), ["mask(dense1)"]),
    (lambda y: jnp.tril(y[:, :, None] * y[:, None]), ["dense1", "dense1", "broadcast * broadcast_2", "mask(mul)"]),
    (lambda y: jnp.where(MASK, y, -y), ["- dense1", "mask(neg)", "mask(dense1)", "mask + mask_2"]),
    (lambda y: jnp.where(np.ones_like(MASK), jnp.abs(y), y), ["|dense1|"]),
]


@pytest.mark.parametrize(("function", "formulas"), MASKED)
def test_a_choice_by_a_fixed_mask_is_a_move(function: Callable[[Any], Any], formulas: list[str]) -> None:
    network = traced(function)
    assert [formula(layer) for layer in network.layers[1:]] == formulas
    outputs, _ = network.observe({"w": W}, np.nan_to_num(X, posinf=9, neginf=-9))
    np.testing.assert_array_equal(outputs[0], function(np.nan_to_num(X, posinf=9, neginf=-9) @ W))


def test_a_mask_of_scores_belongs_to_the_softmax() -> None:
    infinite = traced(lambda y: jax.nn.softmax(jnp.where(MASK, y, -jnp.inf)))
    large = traced(lambda y: jax.nn.softmax(jnp.where(MASK, y, -1e9)))
    for network in (infinite, large):
        assert [layer.name for layer in network.layers] == ["dense1", "softmax"]


def test_a_mask_that_differs_from_sample_to_sample_is_refused() -> None:
    with pytest.raises(ModelError, match=r"differs from sample to sample"):
        traced(lambda y: jnp.where(jnp.arange(len(y))[:, None] > 0, y, 0))


def test_formulas_are_readable() -> None:
    def forward(p: Any, x: Any) -> Any:
        y = x @ p["w"]
        return jax.nn.leaky_relu(y, 0.125), jnp.abs(y), jnp.maximum(x, y), jnp.cumsum(y, 1), jax.nn.hard_swish(y)

    network = trace(Model(forward, {"w": W}, X), 2)
    assert {layer.name: formula(layer) for layer in network.layers} == {
        "dense1": "sum of products(input, w)",
        "leaky_relu": "dense1 where dense1 > 0, else dense1 * 2^-3",
        "abs": "|dense1|",
        "maximum": "max(input, dense1)",
        "cumsum": "running sum(dense1; axis 1)",
        "hard_swish/add": "min(max(dense1 + hard_swish/add/constant, 0), 6)",
        "hard_swish/scale": "hard_swish/add * hard_swish/scale/scale",
        "hard_swish/mul": "dense1 * hard_swish/scale",
    }
