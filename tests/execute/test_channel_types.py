"""Weights and biases with a type for each output channel: every bit, count and overflow against the exact reference."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitwindow.assign.records import Assignment
from bitwindow.errors import ExecutionError
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import AccumulatorOverflow, Modes
from bitwindow.execute.plan import Variant
from bitwindow.network.records import Clip, Contraction, Network
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Overflow, Rounding
from tests.execute import networks as build
from tests.execute.agree import PATHS, Path, compare, executor
from tests.execute.channel_reference import ChannelReference, with_sites

AXES = {"conv/kernel": 3, "conv/bias": 0, "dense/kernel": 1, "dense/bias": 0}
OFF_GRID = Clip(lower=-0.10000000149011612, upper=0.30000001192092896)


def _convolution(groups: int, *, activation: Clip | None = None, base: int = 1, channels_last: bool = True) -> Network:
    operation = build.conv2d(groups=groups, base=(base, base), channels_last=channels_last, padding=((1, 1), (1, 0)))
    x, w = ((2, 3, 3, 4), (2, 2, 4 // groups, 4)) if channels_last else ((2, 4, 3, 3), (4, 4 // groups, 2, 2))
    size = (3 - 1) * base + 1
    y = (2, size + 1, size, 4) if channels_last else (2, 4, size + 1, size)
    return build.convolution_network(operation, x_shape=x, w_shape=w, y_shape=y, activation=activation)


def _rows_first() -> Network:
    """The weight as first operand, its channels ahead of the batch in the result."""
    one = replace(
        build.layer(
            "dense",
            Contraction(contracting=((0,), (1,)), batch=((), ())),
            build.weight("dense/kernel"),
            build.value("input"),
            bias=build.bias("dense/bias", (5, 4), 0),
            activation=build.RELU,
        ),
        arranged=(1, 0),
    )
    rng = np.random.default_rng(3)
    parameters = {"dense/kernel": rng.normal(size=(6, 5)), "dense/bias": rng.normal(size=5)}
    return build.network(["input"], [one], {"input": (4, 6), "dense": (4, 5)}, parameters)


NETWORKS = {
    name: with_sites(network, AXES if "first" not in name else {**AXES, "conv/kernel": 0})
    for name, network in {
        "dense": build.dense_network(activation=build.RELU),
        "dense, bounds off the grid": build.dense_network(activation=OFF_GRID, outputs=3),
        "dense, rows first": _rows_first(),
        "convolution": _convolution(1, activation=build.RELU),
        "grouped, channels first": _convolution(2, channels_last=False),
        "depthwise": _convolution(4, activation=build.RELU),
        "transposed": _convolution(1, base=2),
    }.items()
}
NETWORKS["dense, rows first"] = with_sites(_rows_first(), {"dense/kernel": 1, "dense/bias": 0})


def _assignment(formats: dict[str, AnyFormat]) -> Assignment:
    return Assignment(formats=formats, reasons=dict.fromkeys(formats, "set by hand"))


def _check(
    network: Network,
    formats: dict[str, AnyFormat],
    modes: Modes,
    paths: tuple[Path, ...] = ("convolution",),
) -> None:
    types = _assignment(formats)
    rng = np.random.default_rng(11)
    x = rng.normal(size=network.values["input"].shape).astype(np.float32)
    reference = ChannelReference(network, formats, modes, {site: _axis(network, site) for site in network.parameters})
    reference.run(x)
    for path in paths:
        one = executor(network, path)
        stored = one.store_parameters(types, modes)
        compare(reference, stored, one.run(stored, types, modes, (x,), 0, network.batch), path)


def _axis(network: Network, site: str) -> int:
    axis = network.sites[site].channel_axis
    assert axis is not None
    return axis


@st.composite
def _cases(draw: st.DrawFn) -> tuple[str, dict[str, AnyFormat], Modes]:
    name = draw(st.sampled_from(sorted(NETWORKS)))
    network = NETWORKS[name]
    layer = network.layers[0].name
    kernel, bias = f"{layer}/kernel", f"{layer}/bias"
    count = network.parameters[bias].size
    width = draw(st.sampled_from([3, 8, 8, 12]))
    spread = draw(st.sampled_from([0, 2, 12]))
    weights = [width - 2 + draw(st.integers(-spread, 6)) for _ in range(count)]
    x = FixedPoint(True, draw(st.sampled_from([5, 8, 16])), draw(st.integers(2, 9)))
    formats: dict[str, AnyFormat] = {"input": x, kernel: ChannelFormats(True, width, tuple(weights))}
    kind = draw(st.sampled_from(["follows", "one type", "by channel"]))
    if kind == "follows":
        formats[bias] = ChannelFormats(True, 32, tuple(x.fraction_length + one for one in weights))
    elif kind == "one type":
        formats[bias] = FixedPoint(True, 8, draw(st.integers(2, 12)))
    else:
        formats[bias] = ChannelFormats(True, 8, tuple(draw(st.integers(0, 14)) for _ in range(count)))
    formats[layer] = FixedPoint(draw(st.booleans()), draw(st.sampled_from([4, 8, 16])), draw(st.integers(-2, 20)))
    modes = Modes(
        rounding=Rounding.parse(draw(st.sampled_from(ROUNDINGS))),
        overflow=Overflow.parse(draw(st.sampled_from(OVERFLOWS))),
        accumulator_bits=draw(st.sampled_from([None, None, 6, 12, 20])),
        accumulator_overflow=draw(st.sampled_from(["wrap", "saturate"])),
        seed=draw(st.integers(0, 5)),
    )
    return name, formats, modes


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(_cases())
def test_every_channel_agrees_with_the_exact_reference(case: tuple[str, dict[str, AnyFormat], Modes]) -> None:
    name, formats, modes = case
    _check(NETWORKS[name], formats, modes)


@pytest.mark.parametrize("name", ["dense", "convolution", "depthwise"])
def test_the_path_for_gpus_agrees_too(name: str) -> None:
    network = NETWORKS[name]
    layer = network.layers[0].name
    lengths = tuple(7 - channel for channel in range(network.parameters[f"{layer}/bias"].size))
    formats: dict[str, AnyFormat] = {
        "input": FixedPoint(True, 8, 5),
        f"{layer}/kernel": ChannelFormats(True, 8, lengths),
        f"{layer}/bias": ChannelFormats(True, 32, tuple(5 + length for length in lengths)),
        layer: FixedPoint(False, 8, 4),
    }
    _check(network, formats, Modes(), PATHS)
    _check(network, formats, Modes(accumulator_bits=10), PATHS)


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize("limit", [None, 12])
def test_channels_of_one_type_are_the_tensor_of_that_type(name: str, limit: int | None) -> None:
    network = NETWORKS[name]
    layer = network.layers[0].name
    count = network.parameters[f"{layer}/bias"].size
    plain: dict[str, AnyFormat] = {
        "input": FixedPoint(True, 8, 5),
        f"{layer}/kernel": FixedPoint(True, 8, 6),
        f"{layer}/bias": FixedPoint(True, 32, 11),
        layer: FixedPoint(True, 8, 4),
    }
    apart: dict[str, AnyFormat] = {
        **plain,
        f"{layer}/kernel": ChannelFormats(True, 8, (6,) * count),
        f"{layer}/bias": ChannelFormats(True, 32, (11,) * count),
    }
    modes = Modes(accumulator_bits=limit)
    x = np.random.default_rng(1).normal(size=network.values["input"].shape).astype(np.float32)
    one = executor(network)
    made = []
    for formats in (plain, apart):
        types = _assignment(formats)
        stored = one.store_parameters(types, modes)
        made.append((stored.tallies, one.run(stored, types, modes, (x,), 0, network.batch)))
    (tallies, run), (other_tallies, other) = made
    np.testing.assert_array_equal(np.asarray(run.boundaries[layer]), np.asarray(other.boundaries[layer]))
    assert (tallies, run.tallies, run.accumulator_overflows) == (
        other_tallies,
        other.tallies,
        other.accumulator_overflows,
    )


def test_narrow_weights_stay_narrow_however_far_their_channels_lie_apart() -> None:
    network = NETWORKS["dense"]
    types = _assignment(
        {
            "input": FixedPoint(True, 8, 5),
            "dense/kernel": ChannelFormats(True, 8, (12, 6, 8, 4, 7)),
            "dense/bias": ChannelFormats(True, 8, (12, 11, 12, 5, 12)),
            "dense": FixedPoint(True, 8, 4),
        }
    )
    one = executor(network)
    plan = one.plan(one.store_parameters(types, Modes()), types, Modes()).plans["dense"]
    assert plan.settings.variant is Variant.NARROW


def test_accumulator_widths_are_those_of_each_channel_at_its_own_lsb() -> None:
    network = with_sites(build.dense_network(outputs=3), AXES)
    network.parameters["dense/kernel"][:] = np.array([[1, -1, 7]] * 6)
    network.parameters["dense/bias"][:] = np.array([0, 100, 2])
    types = _assignment(
        {
            "input": FixedPoint(False, 4, 0),
            "dense/kernel": ChannelFormats(True, 4, (0, 0, 0)),
            "dense/bias": ChannelFormats(True, 8, (0, 0, 0)),
            "dense": FixedPoint(True, 8, 0),
        }
    )
    # The third channel's 6 * 7 * 15 + 2 = 632 needs 11 bits with its sign; the second's bias of 100 is not its own.
    assert Executor(network).accumulator_widths(types) == {"dense": 11}
    halved = _assignment({**types.formats, "dense/kernel": ChannelFormats(True, 4, (0, 0, 1))})  # type: ignore[dict-item]
    # 7 saturates at 3.5 = 7 / 2: the same integers, and the bias twice as many of the finer LSBs.
    assert Executor(network).accumulator_widths(halved) == {"dense": 11}


def test_a_channel_that_needs_more_than_62_bits_is_named() -> None:
    network = NETWORKS["dense"]
    types = _assignment(
        {
            "input": FixedPoint(True, 8, 5),
            "dense/kernel": ChannelFormats(True, 8, (6, 6, 100, 6, 6)),
            "dense/bias": FixedPoint(True, 32, 11),
            "dense": FixedPoint(True, 8, 4),
        }
    )
    with pytest.raises(ExecutionError, match=r"dense, channel 2: wanted an exact sum of products of at most 62 bits"):
        executor(network).plan(executor(network).store_parameters(types, Modes()), types, Modes())


@pytest.mark.parametrize("what", ["wrap", "saturate"])
def test_a_limit_acts_in_the_channels_that_reach_it(what: AccumulatorOverflow) -> None:
    network = NETWORKS["dense"]
    lengths = (2, 9, 3, 8, 5)
    formats: dict[str, AnyFormat] = {
        "input": FixedPoint(True, 8, 5),
        "dense/kernel": ChannelFormats(True, 8, lengths),
        "dense/bias": ChannelFormats(True, 32, tuple(5 + length for length in lengths)),
        "dense": FixedPoint(True, 16, 8),
    }
    for bits in (8, 10, 14):
        _check(network, formats, Modes(accumulator_bits=bits, accumulator_overflow=what))


def test_a_float_layer_reads_the_values_of_every_channel() -> None:
    network = NETWORKS["dense"]
    kernel = ChannelFormats(True, 8, (6, 5, 4, 3, 7))
    types = Assignment(
        formats={"input": "float", "dense/kernel": kernel, "dense/bias": "float", "dense": "float"},
        reasons=dict.fromkeys(["input", "dense/kernel", "dense/bias", "dense"], "set by hand"),
    )
    x = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    one = executor(network)
    made = one.run(one.store_parameters(types, Modes()), types, Modes(), (x,), 0, 4)
    lsb = 2.0 ** -np.array(kernel.fraction_lengths)
    weights = np.clip(np.round(network.parameters["dense/kernel"] / lsb), -128, 127) * lsb
    wanted = np.maximum(x @ weights + network.parameters["dense/bias"], 0)
    np.testing.assert_allclose(np.asarray(made.outputs[0]), wanted, rtol=1e-5, atol=1e-5)


def test_moving_and_reshaping_the_windows_of_all_channels_compiles_nothing() -> None:
    network = NETWORKS["convolution"]
    one = Executor(network)
    x = np.zeros(network.values["input"].shape, np.float32)

    def run(lengths: tuple[int, ...], width: int) -> int:
        types = _assignment(
            {
                "input": FixedPoint(True, 8, 5),
                "conv/kernel": ChannelFormats(True, width, lengths),
                "conv/bias": ChannelFormats(True, 32, tuple(5 + length for length in lengths)),
                "conv": FixedPoint(True, 8, 4),
            }
        )
        one.run(one.store_parameters(types, Modes()), types, Modes(), (x,), 0, 2)
        return len(one._steps.made)

    before = run((6, 6, 6, 6), 8)
    assert run((1, 9, 4, 7), 8) == before
    assert run((3, 3, 5, 2), 6) == before


def test_both_paths_may_run_side_by_side() -> None:
    network = NETWORKS["depthwise"]
    formats: dict[str, AnyFormat] = {
        "input": FixedPoint(True, 8, 5),
        "conv/kernel": ChannelFormats(True, 8, (6, 2, 9, 4)),
        "conv/bias": FixedPoint(True, 16, 9),
        "conv": FixedPoint(True, 8, 4),
    }
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: _check(network, formats, Modes(), (path,)), PATHS))
