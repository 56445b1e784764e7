from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitwindow.assign.records import Assignment
from bitwindow.errors import DataError, ExecutionError, SettingError
from bitwindow.execute.executor import DevicePath, Executor
from bitwindow.execute.modes import AccumulatorOverflow, Modes
from bitwindow.execute.plan import Variant
from bitwindow.execute.tally import Tally
from bitwindow.network.records import Clip, FloatComputation, Layer, Network
from bitwindow.numbers.channel_formats import AnyFormat
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Rounding
from tests.execute import networks as build
from tests.execute.agree import check, executor, run

MODES = [Modes(rounding=rounding) for rounding in ROUNDINGS] + [Modes(overflow=overflow) for overflow in OVERFLOWS[1:]]
RNG = np.random.default_rng(7)

# x shape, w shape, y shape, operation
CONVOLUTIONS = {
    "valid": ((2, 5, 4, 2), (3, 2, 2, 3), (2, 3, 3, 3), build.conv2d()),
    "same": ((2, 4, 4, 2), (3, 3, 2, 2), (2, 4, 4, 2), build.conv2d(padding=((1, 1), (1, 1)))),
    "strided": ((2, 5, 5, 2), (3, 3, 2, 2), (2, 3, 2, 2), build.conv2d(strides=(2, 3), padding=((1, 1), (1, 1)))),
    "dilated": ((2, 6, 6, 1), (2, 3, 1, 2), (2, 4, 3, 2), build.conv2d(dilation=(2, 2), padding=((0, 0), (0, 1)))),
    "grouped": ((2, 3, 3, 4), (2, 2, 2, 6), (2, 2, 2, 6), build.conv2d(groups=2)),
    "depthwise": ((2, 3, 3, 3), (2, 2, 1, 3), (2, 2, 2, 3), build.conv2d(groups=3)),
    "two filters a channel": ((2, 3, 3, 3), (2, 2, 1, 6), (2, 2, 2, 6), build.conv2d(groups=3)),
    "transposed": ((2, 3, 3, 1), (3, 3, 1, 2), (2, 5, 5, 2), build.conv2d(base=(2, 2), padding=((1, 1), (1, 1)))),
    "channels first": ((2, 2, 4, 4), (3, 2, 2, 2), (2, 3, 3, 3), build.conv2d(channels_last=False)),
}


# weight, input, bias, output
NARROW_AND_WIDEST = (
    ("sfix8_En6", "ufix8_En7", "sfix8_En3", "ufix8_En4"),
    ("sfix32_En30", "sfix22_En18", "sfix32_En20", "ufix32_En28"),
)
WIDTHS = (
    *NARROW_AND_WIDEST,
    ("sfix8_En6", "sfix8_En6", "sfix32_En12", "sfix8_En4"),
    ("sfix16_En14", "sfix16_En13", "sfix24_En30", "sfix16_En11"),
    ("ufix32_En31", "ufix24_En20", "sfix2", "sfix32_En24"),
)
# The way of summing does not see the geometry, so these stand for all; every form compiles for half a second.
AT_EVERY_WIDTH = ("same", "grouped", "channels first")


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions_agree_on_every_bit(case: str) -> None:
    x_shape, w_shape, y_shape, operation = CONVOLUTIONS[case]
    net = build.convolution_network(operation, x_shape=x_shape, w_shape=w_shape, y_shape=y_shape)
    x = RNG.normal(size=x_shape).astype(np.float32)
    for w, i, b, o in WIDTHS if case in AT_EVERY_WIDTH else NARROW_AND_WIDEST:
        types = build.assignment(input=i, conv__kernel=w, conv__bias=b, conv=o)
        check(net, types, Modes(), (x,))


def test_depthwise_sums_beyond_2_to_24_stay_in_int32() -> None:
    x_shape, w_shape, y_shape, operation = CONVOLUTIONS["depthwise"]
    net = build.convolution_network(operation, x_shape=x_shape, w_shape=w_shape, y_shape=y_shape)
    types = build.assignment(
        input="sfix16_En12", conv__kernel="sfix12_En9", conv__bias="sfix32_En21", conv="sfix16_En10"
    )
    one = executor(net)
    plan = one.plan(one.store_parameters(types, Modes()), types, Modes()).plans["conv"]
    assert plan.settings.variant is Variant.NARROW
    assert plan.worst is not None
    assert plan.worst.magnitude > 2**24
    x = RNG.uniform(-8, 8, size=x_shape).astype(np.float32)
    check(net, types, Modes(), (x,), paths=("convolution",))


DENSE = build.dense_network(activation=build.RELU)
CLIPPED = build.dense_network(activation=Clip(lower=-0.10000000149011612, upper=0.30000001192092896))
X = RNG.normal(size=(4, 6)).astype(np.float32)


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: f"{modes.rounding}-{modes.overflow}")
@pytest.mark.parametrize("net", [DENSE, CLIPPED], ids=["relu", "off-grid bounds"])
def test_every_mode_agrees_for_dense_layers(net: Network, modes: Modes) -> None:
    for w, i, b, o in (
        ("sfix6_En4", "sfix6_En3", "sfix6_En3", "sfix4_En2"),
        ("sfix8_En6", "sfix8_En5", "sfix8_En14", "sfix3_En1"),
        ("sfix16_En12", "sfix20_En16", "sfix32_En28", "sfix16_En15"),
    ):
        types = build.assignment(input=i, dense__kernel=w, dense__bias=b, dense=o)
        check(net, types, modes, (X,))


def test_long_sums_of_bytes_agree() -> None:
    net = build.dense_network(batch=2, inputs=2000, outputs=2)
    x = RNG.normal(size=(2, 2000)).astype(np.float32)
    types = build.assignment(input="sfix8_En6", dense__kernel="sfix8_En7", dense__bias="sfix8_En5", dense="sfix8_E1")
    planned = executor(net).plan(executor(net).store_parameters(types, Modes()), types, Modes()).plans["dense"].settings
    assert planned.variant is Variant.BYTES
    check(net, types, Modes(), (x,), paths=("convolution",))


@pytest.mark.parametrize("bits", [4, 9, 12, 20, 33])
@pytest.mark.parametrize("what", ["wrap", "saturate"])
def test_a_limited_accumulator_agrees_and_counts_its_overflows(bits: int, what: AccumulatorOverflow) -> None:
    modes = Modes(accumulator_bits=bits, accumulator_overflow=what)
    narrow = build.assignment(
        input="sfix8_En5", dense__kernel="sfix8_En6", dense__bias="sfix8_En12", dense="sfix12_En7"
    )
    wide = build.assignment(
        input="sfix16_En12", dense__kernel="sfix16_En13", dense__bias="sfix32_En28", dense="sfix32_En24"
    )
    for types in (narrow, wide):
        for net in (DENSE, CLIPPED):
            check(net, types, modes, (X,))
    made = run(DENSE, wide, modes, (X,))
    assert (made.accumulator_overflows["dense"] > 0) == (bits < 30)


def test_only_valid_rows_are_tallied() -> None:
    types = build.assignment(input="sfix8_En5", dense__kernel="sfix8_En6", dense__bias="sfix8_En12", dense="sfix8_En5")
    modes = Modes(accumulator_bits=10)
    whole, part = run(DENSE, types, modes, (X,)), run(DENSE, types, modes, (X,), valid=3)
    padded = np.where(np.arange(4)[:, None] < 3, X, 1e9).astype(np.float32)
    changed = run(DENSE, types, modes, (padded,), valid=3)
    assert whole.tallies["dense"].total == 20
    assert part.tallies["dense"].total == 15
    assert part.tallies == changed.tallies
    assert part.accumulator_overflows == changed.accumulator_overflows
    assert run(DENSE, types, modes, (X,), tally=False).tallies == {}


MIXED = build.mixed_network()
XM = RNG.normal(size=(3, 4, 4, 2)).astype(np.float32)


def mixed_types(texts: Sequence[AnyFormat | str]) -> Assignment:
    return build.assignment(**dict(zip((s.replace("/", "__") for s in build.MIXED_SITES), texts, strict=True)))


EIGHT = mixed_types(
    [
        "sfix8_En5",
        "sfix8_En7",
        "sfix32_En12",
        "ufix8_En5",
        "sfix8_En7",
        "sfix8_En4",
        "ufix8_En5",
        "sfix8_En5",
        "sfix8_En6",
        "sfix8_En7",
        "sfix8_En6",
        "sfix32_En13",
        "sfix8_En4",
    ]
)
FAR = mixed_types(
    [
        "sfix16_En13",
        "sfix16_En15",
        "sfix32_En20",
        "ufix32_En28",
        "sfix3_En2",
        "sfix4_En1",
        "ufix16_En13",
        "ufix32_En30",
        "sfix32_En29",
        "sfix12_E2",
        "sfix8_E3",
        "sfix8_En20",
        "sfix2_E4",
    ]
)


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: f"{modes.rounding}-{modes.overflow}")
def test_adds_pools_concats_and_averages_agree(modes: Modes) -> None:
    for types in (EIGHT, FAR):
        check(MIXED, types, modes, (XM,), paths=("convolution",))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_random_types_and_modes_agree(data: st.DataObject) -> None:
    def draw(site: str) -> FixedPoint:
        signed = site.endswith(("kernel", "bias")) or data.draw(st.booleans())
        width = data.draw(st.integers(2, 13))
        return FixedPoint(signed=signed, word_length=width, fraction_length=data.draw(st.integers(-3, 11)))

    types = mixed_types([draw(site) for site in build.MIXED_SITES])
    modes = Modes(
        rounding=data.draw(st.sampled_from(ROUNDINGS)),
        overflow=data.draw(st.sampled_from(OVERFLOWS)),
        accumulator_bits=data.draw(st.none() | st.integers(4, 34)),
        accumulator_overflow=data.draw(st.sampled_from(["wrap", "saturate"])),
    )
    check(MIXED, types, modes, (XM,), paths=("convolution",))


PAIRS = build.mixed_network(batch=2)
ROW_PAIRS = build.dense_network(activation=build.RELU, batch=2)


def cut(
    net: Network, types: Assignment, modes: Modes, x: np.ndarray, sizes: Sequence[int]
) -> tuple[dict[str, np.ndarray], dict[str, Tally]]:
    """Run samples 10, 11, ... in chunks of these sizes, padded to the network's batch."""
    carriers: dict[str, list[np.ndarray]] = {name: [] for name in net.values}
    tallies: dict[str, Tally] = {}
    start = 0
    for size in sizes:
        padded = np.zeros((net.batch, *x.shape[1:]), np.float32)
        padded[:size] = x[start : start + size]
        part = run(net, types, modes, (padded,), first_sample=10 + start, valid=size)
        for name, carrier in part.boundaries.items():
            carriers[name].append(np.asarray(carrier)[:size])
        tallies = {site: tallies.get(site, Tally()) + tally for site, tally in part.tallies.items()}
        start += size
    return {name: np.concatenate(parts) for name, parts in carriers.items()}, tallies


def assert_same(one: tuple[dict[str, np.ndarray], object], other: tuple[dict[str, np.ndarray], object]) -> None:
    for name, carriers in one[0].items():
        np.testing.assert_array_equal(carriers, other[0][name])
    assert one[1] == other[1]


@pytest.mark.parametrize("rounding", [Rounding.ROUND, Rounding.STOCHASTIC])
def test_any_cut_of_the_samples_gives_the_same_integers(rounding: Rounding) -> None:
    modes = Modes(rounding=rounding, seed=11)
    x = np.random.default_rng(3).normal(size=(6, 4, 4, 2)).astype(np.float32)
    whole = cut(MIXED, EIGHT, modes, x, (3, 3))
    assert {tally.total for tally in whole[1].values()} >= {6 * 4, 6 * 4 * 4 * 3}
    assert_same(whole, cut(MIXED, EIGHT, modes, x, (1, 3, 2)))
    picked = np.array([5, 0, 2])
    made = run(MIXED, EIGHT, modes, (x[picked],), first_sample=10 + picked)
    for name, carriers in whole[0].items():
        np.testing.assert_array_equal(carriers[picked], np.asarray(made.boundaries[name]))


def test_any_batch_gives_the_same_integers() -> None:
    x = np.random.default_rng(3).normal(size=(6, 4, 4, 2)).astype(np.float32)
    assert_same(cut(MIXED, EIGHT, Modes(), x, (3, 3)), cut(PAIRS, EIGHT, Modes(), x, (2, 2, 2)))
    # With random words a compilation takes seconds: one layer stands for all, which draw in one place.
    modes = Modes(rounding=Rounding.STOCHASTIC, seed=11)
    types = build.assignment(input="sfix8_En5", dense__kernel="sfix8_En6", dense__bias="sfix8_En12", dense="sfix8_En5")
    assert_same(cut(DENSE, types, modes, X, (4,)), cut(ROW_PAIRS, types, modes, X, (2, 2)))


def test_a_sum_of_more_than_62_bits_is_refused_with_its_widths() -> None:
    types = build.assignment(input="sfix32", dense__kernel="sfix32", dense__bias="sfix8", dense="sfix8")
    with pytest.raises(ExecutionError, match=r"dense: wanted an exact sum of products of at most 62 bits; got 68 bits"):
        run(DENSE, types, Modes(), (X,))
    far = build.assignment(input="sfix8_En60", dense__kernel="sfix8", dense__bias="sfix8", dense="sfix8")
    with pytest.raises(ExecutionError, match=r"dense/bias: 8 bits at LSB 2\^0"):
        run(DENSE, far, Modes(), (X,))


def test_a_residual_of_far_apart_types_is_refused_by_name() -> None:
    texts: dict[str, AnyFormat | str] = {**EIGHT.formats, "conv1": "sfix8_En40", "conv2": "sfix8_E20"}
    types = mixed_types([texts[site] for site in build.MIXED_SITES])
    with pytest.raises(ExecutionError, match=r"add: wanted an exact sum of at most 62 bits; .*conv1.*conv2"):
        run(MIXED, types, Modes(), (XM,))


def test_accumulator_widths_are_those_of_the_worst_input() -> None:
    types = build.assignment(input="ufix4", dense__kernel="sfix4", dense__bias="sfix8", dense="sfix8")
    net = build.dense_network()
    net.parameters["dense/kernel"][:] = np.array([[1, -1, 7, 0, 2]] * 6)
    net.parameters["dense/bias"][:] = np.array([0, 0, 2, 0, 0])
    # 6 * 7 * 15 + 2 = 632 needs 11 bits with its sign.
    assert Executor(net).accumulator_widths(types) == {"dense": 11}


def test_float_operands_run_in_float32_and_are_cast_where_typed() -> None:
    types = build.assignment(input="float", dense__kernel="sfix8_En6", dense__bias="float", dense="sfix16_En10")
    made = run(DENSE, types, Modes(), (X,))
    kernel = np.clip(np.round(DENSE.parameters["dense/kernel"] * 64), -128, 127) / 64
    wanted = np.maximum(X @ kernel + DENSE.parameters["dense/bias"], 0)
    np.testing.assert_allclose(np.asarray(made.outputs[0]), wanted, atol=2**-10)
    assert made.tallies["dense"].total == 20


def test_a_float_output_is_the_exact_sum_converted_once() -> None:
    types = build.assignment(input="sfix16_En12", dense__kernel="sfix16_En13", dense__bias="sfix32_En25", dense="float")
    net = build.dense_network()
    made = run(net, types, Modes(), (X,))
    exact = build.assignment(
        **{site.replace("/", "__"): fmt for site, fmt in types.formats.items() if site != "dense"}, dense="sfix32_En25"
    )
    stored = run(net, exact, Modes(), (X,)).outputs[0]
    assert made.outputs[0].dtype == np.float32
    np.testing.assert_array_equal(np.asarray(made.outputs[0]), np.asarray(stored).astype(np.float32))


def test_float_computations_read_values_and_integers_travel_as_they_are() -> None:
    shapes: dict[str, tuple[int, ...]] = {"input": (2, 3), "scaled": (2, 3), "largest": (2,)}
    compute = FloatComputation(
        function=lambda x: (jax.numpy.tanh(x), x.argmax(axis=1)), reason="tanh is not on the grid"
    )
    one = Layer(name="tanh", operation=compute, operands=(build.value("input"),), outputs=("scaled", "largest"))
    net = build.network(["input"], [one], shapes, {}, sites={"largest": None}, dtypes={"largest": np.int32})
    x = np.array([[0.5, -1, 2], [np.nan, np.inf, 0]], np.float32)
    made = run(net, build.assignment(input="sfix4_En1", scaled="sfix8_En7"), Modes(), (x,))
    grid = np.array([[0.5, -1, 2], [0, 3.5, 0]])
    np.testing.assert_array_equal(np.asarray(made.boundaries["largest"]), [2, 1])
    np.testing.assert_array_equal(np.asarray(made.boundaries["scaled"]), np.round(np.tanh(grid) * 128).clip(-128, 127))
    assert (made.tallies["input"].nan, made.tallies["input"].inf) == (1, 1)


def test_bad_inputs_are_named() -> None:
    types = build.assignment(input="sfix8", dense__kernel="sfix8", dense__bias="sfix8", dense="sfix8")
    with pytest.raises(DataError, match=r"input: wanted an array of shape \(4, 6\); got \(3, 6\)"):
        run(DENSE, types, Modes(), (X[:3],))
    with pytest.raises(SettingError, match="first_sample: wanted a number or 4 numbers"):
        run(DENSE, types, Modes(), (X,), first_sample=np.arange(3))
    with pytest.raises(SettingError, match="device_path: wanted 'auto'"):
        Executor(DENSE, device_path=cast("DevicePath", "gpu"))
    with pytest.raises(SettingError, match="accumulator_bits: wanted None"):
        Modes(accumulator_bits=1)


def test_parameters_that_keep_type_and_modes_are_not_cast_again() -> None:
    types = build.assignment(input="sfix8", dense__kernel="sfix8", dense__bias="sfix8", dense="sfix8")
    one = Executor(DENSE)
    old = one.store_parameters(types, Modes())
    changed = build.assignment(input="sfix8", dense__kernel="sfix9", dense__bias="sfix8", dense="sfix9")
    new = one.store_parameters(changed, Modes(), old)
    assert new.by_site["dense/bias"] is old.by_site["dense/bias"]
    assert new.by_site["dense/kernel"] is not old.by_site["dense/kernel"]
    assert (
        one.store_parameters(types, Modes(rounding=Rounding.FLOOR), old).by_site["dense/bias"]
        is not old.by_site["dense/bias"]
    )
