"""Layers that run as products in pairs: every bit of the reference, with and without a pool, and which are taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitwindow.assign.records import Assignment
from bitwindow.execute import cores, pair_products
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.network.records import Network, Operand, Step
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Overflow
from tests.execute import networks as build
from tests.execute.agree import check, executor
from tests.execute.traced import random_types, traced

RNG = np.random.default_rng(11)
BATCH = 3

# x shape, w shape, y shape, operation
CONVOLUTIONS = {
    "same": ((2, 4, 4, 2), (3, 3, 2, 3), (2, 4, 4, 3), build.conv2d(padding=((1, 1), (1, 1)))),
    "strided": ((2, 5, 5, 3), (3, 3, 3, 2), (2, 3, 2, 2), build.conv2d(strides=(2, 3), padding=((1, 1), (1, 1)))),
    "dilated": ((2, 6, 6, 1), (2, 3, 1, 2), (2, 4, 3, 2), build.conv2d(dilation=(2, 2), padding=((0, 0), (0, 1)))),
    "grouped": ((2, 3, 3, 4), (2, 2, 2, 16), (2, 2, 2, 16), build.conv2d(groups=2)),
    "transposed": ((2, 3, 3, 1), (3, 3, 1, 2), (2, 5, 5, 2), build.conv2d(base=(2, 2), padding=((1, 1), (1, 1)))),
    "channels first": ((2, 2, 4, 4), (3, 2, 2, 2), (2, 3, 3, 3), build.conv2d(channels_last=False)),
}
# weight, input, bias, output; whether 16 bits hold the operands and 32 the sums
WIDTHS = (
    ("sfix8_En6", "ufix8_En7", "sfix8_En3", "ufix8_En4", True),
    ("sfix8_En6", "sfix8_En6", "sfix32_En12", "sfix8_En4", True),
    ("sfix12_En11", "sfix13_En10", "sfix24_En22", "sfix18_En12", True),
    ("sfix4_En3", "ufix16_En13", "sfix16_En12", "sfix8_En4", False),
    ("sfix16_En14", "sfix16_En13", "sfix24_En30", "sfix16_En11", False),
)


def takes(one: Executor, types: Assignment, modes: Modes, *, follower: int | None = None) -> bool:
    setting = one.plan(one.store_parameters(types, modes), types, modes)
    pool = None if follower is None else one.network.layers[follower]
    return one._pairs.takes(setting, one.network.layers[0], pool)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions_agree_on_every_bit(case: str) -> None:
    x_shape, w_shape, y_shape, operation = CONVOLUTIONS[case]
    net = build.convolution_network(operation, x_shape=x_shape, w_shape=w_shape, y_shape=y_shape, activation=build.RELU)
    x = RNG.normal(size=x_shape).astype(np.float32)
    for w, i, b, o, fits in WIDTHS if case == "same" else WIDTHS[:3]:
        types = build.assignment(input=i, conv__kernel=w, conv__bias=b, conv=o)
        assert takes(executor(net, "auto"), types, Modes()) is fits
        check(net, types, Modes(), (x,), paths=("auto",), tally=False)


MODES = [Modes(rounding=rounding) for rounding in ROUNDINGS] + [Modes(overflow=overflow) for overflow in OVERFLOWS[1:]]
DENSE = build.dense_network(activation=build.RELU, inputs=7, outputs=11)


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: f"{modes.rounding}-{modes.overflow}")
def test_every_mode_agrees(modes: Modes) -> None:
    x = RNG.normal(size=(4, 7)).astype(np.float32)
    for w, i, b, o in (
        ("sfix6_En4", "sfix6_En3", "sfix6_En3", "sfix4_En2"),
        ("sfix8_En6", "sfix8_En5", "sfix8_En14", "sfix3_En1"),
        ("sfix9_En6", "ufix12_En9", "sfix20_En14", "ufix16_En14"),
        ("sfix9_En6", "ufix12_En9", "sfix20_En14", "ufix32_En22"),
    ):
        types = build.assignment(input=i, dense__kernel=w, dense__bias=b, dense=o)
        assert takes(executor(DENSE, "auto"), types, modes) is (modes.rounding != "stochastic")
        check(DENSE, types, modes, (x,), paths=("auto",), tally=False)


def test_counts_and_limited_accumulators_are_made_elsewhere() -> None:
    types = build.assignment(input="sfix6_En3", dense__kernel="sfix6_En4", dense__bias="sfix6_En3", dense="sfix4_En2")
    x = RNG.normal(size=(4, 7)).astype(np.float32)
    limited = Modes(accumulator_bits=6)
    assert not takes(executor(DENSE, "auto"), types, limited)
    assert not takes(executor(DENSE, "convolution"), types, Modes())
    check(DENSE, types, limited, (x,), paths=("auto",), tally=False)
    check(DENSE, types, Modes(), (x,), paths=("auto",))


def changed(**fields: Any) -> Network:
    return replace(DENSE, layers=(replace(DENSE.layers[0], **fields),))


def test_layers_of_other_shapes_are_made_elsewhere() -> None:
    types = build.assignment(input="sfix6_En3", dense__kernel="sfix6_En4", dense__bias="sfix6_En3", dense="sfix4_En2")
    turned = Operand(value="input", view=(Step(primitive="rev", params={"dimensions": (1,)}),))
    bias = DENSE.layers[0].bias
    assert bias is not None
    turned_bias = replace(bias, view=(*bias.view, Step(primitive="rev", params={"dimensions": (1,)})))
    for other in (
        changed(operands=(turned, DENSE.layers[0].operands[1])),
        changed(bias=Operand(value="input")),
        changed(bias=turned_bias),
        changed(arranged=(1, 0)),
    ):
        assert not takes(Executor(other), types, Modes())
    assert takes(Executor(changed(bias=None)), types, Modes())


PARAMS: Any = {
    "one": {"kernel": RNG.normal(size=(3, 3, 2, 9)).astype(np.float32), "bias": RNG.normal(size=9).astype(np.float32)},
    "two": RNG.normal(size=(81, 4)).astype(np.float32),
}
X = RNG.normal(size=(BATCH, 6, 6, 2)).astype(np.float32)


def forward(params: Any, x: Any) -> Any:
    """A convolution with ReLU and a pool of windows that overlap, flattened into a dense layer."""
    y = jax.lax.conv_general_dilated(
        x, params["one"]["kernel"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    y = jax.nn.relu(y + params["one"]["bias"])
    pooled = jax.lax.reduce_window(y, -np.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
    return pooled.reshape(x.shape[0], -1) @ params["two"]


NET = traced(forward, PARAMS, X[:1], BATCH)
PAIRS, XLA = Executor(NET), Executor(NET, device_path="convolution")


def boundaries(one: Executor, types: Assignment, modes: Modes, *, together: bool) -> tuple[dict[str, Any], int]:
    setting = one.plan(one.store_parameters(types, modes), types, modes)
    values = {NET.inputs[0]: one.read_input(setting, 0, X, 0, BATCH, tally=False)[0]}
    every = range(len(NET.layers))
    pairs = one.together(setting, every) if together else [(index, None) for index in every]
    for index, follower in pairs:
        values |= one.run_layer(setting, index, values, 0, BATCH, tally=False, follower=follower)[0]
    return values, sum(follower is not None for _, follower in pairs)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    rounding=st.sampled_from(ROUNDINGS),
    overflow=st.sampled_from(OVERFLOWS),
    widths=st.sampled_from([(2, 6), (4, 9), (8, 12), (12, 17)]),
)
def test_a_network_with_a_pool_gives_the_bits_of_xla(seed: int, rounding: Any, overflow: Any, widths: Any) -> None:
    types, modes = random_types(NET, seed, widths), Modes(rounding=rounding, overflow=overflow)
    wanted, _ = boundaries(XLA, types, modes, together=False)
    got, _ = boundaries(PAIRS, types, modes, together=True)
    for name, array in got.items():
        np.testing.assert_array_equal(np.asarray(array), np.asarray(wanted[name]))
        assert array.dtype == wanted[name].dtype


def test_a_pool_is_part_of_its_layer() -> None:
    types = random_types(NET, 1)
    assert boundaries(PAIRS, types, Modes(), together=True)[1] == 1
    assert boundaries(PAIRS, types, Modes(overflow=Overflow.WRAP), together=True)[1] == 0
    assert takes(PAIRS, types, Modes(), follower=1)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 4))
def test_several_chunks_give_the_bits_of_each(seed: int, count: int) -> None:
    types, modes = random_types(NET, seed, (4, 8)), Modes()
    setting = PAIRS.plan(PAIRS.store_parameters(types, modes), types, modes)
    rng = np.random.default_rng(seed)
    chunks: list[dict[str, Any]] = []
    for _ in range(count):
        x = rng.normal(size=X.shape).astype(np.float32)
        chunks.append({NET.inputs[0]: PAIRS.read_input(setting, 0, x, 0, BATCH, tally=False)[0]})
    for index in range(len(NET.layers)):
        made = PAIRS.run_several(setting, index, chunks, make=True)
        assert made is not None
        for chunk, several in zip(chunks, made, strict=True):
            chunk.update(PAIRS.run_layer(setting, index, chunk, 0, BATCH, tally=False)[0])
            np.testing.assert_array_equal(several, chunk[NET.layers[index].outputs[0]])


def test_work_is_shared_and_done_alone_where_nobody_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    net = build.dense_network(batch=64, inputs=128, outputs=64)
    types = build.assignment(input="sfix6_En3", dense__kernel="sfix6_En4", dense__bias="sfix9_En7", dense="sfix8_En2")
    x, one = RNG.normal(size=(64, 128)).astype(np.float32), Executor(net)
    stored = one.store_parameters(types, Modes())

    def run() -> Any:
        return np.asarray(one.run(stored, types, Modes(), (x,), 0, 64, tally=False).boundaries["dense"])

    asked: list[Any] = []

    class Pool:
        def submit(self, work: Any, *arguments: Any) -> Any:
            asked.append(work)
            message = "cannot schedule new futures after interpreter shutdown"
            raise RuntimeError(message)

    monkeypatch.setattr(pair_products, "_SMALL", 0)
    monkeypatch.setattr(cores, "workers", lambda: 3)
    wanted = np.asarray(
        Executor(net, device_path="convolution").run(stored, types, Modes(), (x,), 0, 64).boundaries["dense"]
    )
    np.testing.assert_array_equal(run(), wanted)
    monkeypatch.setattr(cores, "_pool", Pool)
    np.testing.assert_array_equal(run(), wanted)
    assert asked
    asked.clear()
    setting = one.plan(stored, types, Modes())
    boundaries = {"input": one.read_input(setting, 0, x, 0, 64, tally=False)[0]}
    made, _, _ = one.run_layer(setting, 0, boundaries, 0, 64, tally=False, alone=True)
    np.testing.assert_array_equal(made["dense"], wanted)
    assert not asked
