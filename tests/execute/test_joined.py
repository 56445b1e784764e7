"""A pool that runs before its layer's cast, and light layers over several chunks: the same bits, where that is so."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from bitwindow.assign.records import Assignment
from bitwindow.execute.executor import Executor
from bitwindow.execute.joined import followers
from bitwindow.execute.modes import Modes
from bitwindow.execute.several import SEVERAL
from bitwindow.network.records import Network
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Overflow
from tests.execute.traced import random_types, traced

BATCH = 3
RNG = np.random.default_rng(2)
X = RNG.normal(size=(SEVERAL, BATCH, 6, 6, 2)).astype(np.float32)
PARAMS: Any = {
    "one": {"kernel": RNG.normal(size=(3, 3, 2, 3)).astype(np.float32), "bias": np.array([0.5, -1, 0.25], np.float32)},
    "two": RNG.normal(size=(27, 4)).astype(np.float32),
}
MONOTONIC = {Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC}


def pooled(x: Any, padding: str = "VALID", window: int = 2, *, least: bool = False) -> Any:
    dims, start, pick = (1, window, window, 1), np.inf if least else -np.inf, lax.min if least else lax.max
    return lax.reduce_window(x, start, pick, dims, (1, 2, 2, 1), padding)


def forward(params: Any, x: Any) -> Any:
    """A convolution with ReLU and a pool, flattened into a dense layer, then the largest of pairs."""
    numbers = ("NHWC", "HWIO", "NHWC")
    y = lax.conv_general_dilated(x, params["one"]["kernel"], (1, 1), "SAME", dimension_numbers=numbers)
    y = pooled(jax.nn.relu(y + params["one"]["bias"])).reshape(x.shape[0], -1)
    return jax.numpy.max((y @ params["two"]).reshape(x.shape[0], 2, 2), axis=2)


NET = traced(forward, PARAMS, X[0][:1], BATCH)
EXECUTOR = Executor(NET, device_path="convolution")


def outputs_of(executor: Executor, types: Assignment, modes: Modes, *, together: bool) -> tuple[Any, int]:
    """Run one chunk layer by layer, joined where that may be; return its outputs and how many pools were joined."""
    setting = executor.plan(executor.store_parameters(types, modes), types, modes)
    numbers = np.arange(BATCH)
    values = {NET.inputs[0]: executor.read_input(setting, 0, X[0], numbers, BATCH, tally=False)[0]}
    every = range(len(executor.network.layers))
    pairs = executor.together(setting, every) if together else [(index, None) for index in every]
    for index, follower in pairs:
        values |= executor.run_layer(setting, index, values, numbers, BATCH, tally=False, follower=follower)[0]
    joined = sum(follower is not None for _, follower in pairs)
    return [np.asarray(values[name]) for name in executor.network.outputs], joined


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    rounding=st.sampled_from(ROUNDINGS),
    overflow=st.sampled_from(OVERFLOWS),
    widths=st.sampled_from([(2, 6), (4, 9), (12, 17), (17, 20)]),
)
def test_a_pool_before_the_cast_gives_the_same_bits(seed: int, rounding: Any, overflow: Any, widths: Any) -> None:
    types, modes = random_types(NET, seed, widths), Modes(rounding=rounding, overflow=overflow)
    apart, none = outputs_of(EXECUTOR, types, modes, together=False)
    joined, count = outputs_of(EXECUTOR, types, modes, together=True)
    np.testing.assert_array_equal(joined, apart)
    assert none == 0
    if overflow not in MONOTONIC or rounding.value == "stochastic":
        assert count == 0


@pytest.mark.parametrize("rounding", ["round", "convergent", "ceiling"])
def test_pools_are_joined_where_the_cast_is_monotonic(rounding: Any) -> None:
    types = random_types(NET, 1)
    assert outputs_of(EXECUTOR, types, Modes(rounding=rounding), together=True)[1] == 2
    assert outputs_of(EXECUTOR, types, Modes(overflow=Overflow.WRAP), together=True)[1] == 0


def both(_params: Any, x: Any) -> Any:
    y = x + x[:, ::-1]
    return pooled(y).sum(axis=(1, 2)), pooled(y, least=True).sum(axis=(1, 2))


def sparse(x: Any) -> Any:
    edges = [(0, 0), (1, 0), (0, 0), (0, 0)]
    return lax.reduce_window(x, -np.inf, lax.max, (1, 1, 1, 1), (1, 2, 2, 1), edges)


@pytest.mark.parametrize(
    ("function", "joined"),
    [
        (lambda _, x: pooled(x + x[:, ::-1]), 1),
        (lambda _, x: pooled(x + x[:, ::-1], "SAME", 3), 1),
        (lambda _, x: pooled(x + x[:, ::-1], least=True), 1),
        # A window that sees padding alone, as many values as before, a second reader, and sums that are an output.
        (lambda _, x: sparse(x + x[:, ::-1]), 0),
        (lambda _, x: (x + x[:, ::-1]).reshape(x.shape[0], -1), 0),
        (both, 0),
        (lambda _, x: (x + x[:, ::-1], pooled(x + x[:, ::-1])), None),
    ],
)
def test_only_a_pool_that_is_the_one_reader_follows(function: Any, joined: int | None) -> None:
    network: Network = traced(function, {}, X[0][:1], BATCH)
    found = followers(network)
    if joined is not None:
        assert len(found) == joined
    for index in found:
        assert network.layers[index].outputs[0] not in network.outputs


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    rounding=st.sampled_from(ROUNDINGS),
    overflow=st.sampled_from(OVERFLOWS),
    widths=st.sampled_from([(4, 9), (12, 17)]),
    count=st.integers(1, SEVERAL),
)
def test_several_chunks_in_one_step_give_the_bits_of_each(
    seed: int, rounding: Any, overflow: Any, widths: Any, count: int
) -> None:
    types, modes, rows = random_types(NET, seed, widths), Modes(rounding=rounding, overflow=overflow), np.arange(BATCH)
    setting = EXECUTOR.plan(EXECUTOR.store_parameters(types, modes), types, modes)
    chunks = [{NET.inputs[0]: EXECUTOR.read_input(setting, 0, x, rows, BATCH, tally=False)[0]} for x in X[:count]]
    ran = []
    for index in range(len(NET.layers)):
        made = EXECUTOR.run_several(setting, index, chunks, make=True)
        ran.append(made is not None)
        for place, values in enumerate(chunks):
            one = EXECUTOR.run_layer(setting, index, values, rows, BATCH, tally=False)[0]
            if made is not None:
                np.testing.assert_array_equal(made[place], next(iter(one.values())))
            chunks[place] = {**values, **one}
    assert any(ran)


def test_several_chunks_never_compile_unasked() -> None:
    types, modes = random_types(NET, 3), Modes()
    executor = Executor(NET, device_path="convolution")
    setting = executor.plan(executor.store_parameters(types, modes), types, modes)
    held = [{NET.inputs[0]: executor.read_input(setting, 0, X[0], 0, BATCH, tally=False)[0]}]
    assert executor.run_several(setting, 0, held) is None
