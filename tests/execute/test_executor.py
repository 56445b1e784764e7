from __future__ import annotations

import jax
from tests.execute import networks as build
import numpy as np
import pytest
from tests.execute.agree import check, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.network.records import Average, Clip, Concatenation, PassThrough, Step, Sum
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS

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
    "transposed": ((2, 3, 3, 1), (3, 3, 1, 2), (2, 5, 5, 2), build.conv2d(base=(2, 2), padding=((1, 1), (1, 1)))),
    "channels first": ((2, 2, 4, 4), (3, 2, 2, 2), (2, 3, 3, 3), build.conv2d(channels_last=False)),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions_agree_on_every_bit_at_every_width(case):
    x_shape, w_shape, y_shape, operation = CONVOLUTIONS[case]
    net = build.convolution_network(operation, x_shape=x_shape, w_shape=w_shape, y_shape=y_shape)
    x = RNG.normal(size=x_shape).astype(np.float32)
    for w, i, b, o in (
        ("sfix8_En6", "sfix8_En6", "sfix32_En12", "sfix8_En4"),
        ("sfix8_En6", "ufix8_En7", "sfix8_En3", "ufix8_En4"),
        ("sfix16_En14", "sfix16_En13", "sfix24_En30", "sfix16_En11"),
        ("sfix32_En30", "sfix22_En18", "sfix32_En20", "ufix32_En28"),
        ("ufix32_En31", "ufix24_En20", "sfix2", "sfix32_En24"),
    ):
        types = build.assignment(input=i, conv__kernel=w, conv__bias=b, conv=o)
        check(net, types, Modes(), (x,))


DENSE = build.dense_network(activation=build.RELU)
CLIPPED = build.dense_network(activation=Clip(lower=-0.10000000149011612, upper=0.30000001192092896))
X = RNG.normal(size=(4, 6)).astype(np.float32)


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: f"{modes.rounding}-{modes.overflow}")
@pytest.mark.parametrize("net", [DENSE, CLIPPED], ids=["relu", "off-grid bounds"])
def test_every_mode_agrees_for_dense_layers(net, modes):
    for w, i, b, o in (
        ("sfix6_En4", "sfix6_En3", "sfix6_En3", "sfix4_En2"),
        ("sfix8_En6", "sfix8_En5", "sfix8_En14", "sfix3_En1"),
        ("sfix16_En12", "sfix20_En16", "sfix32_En28", "sfix16_En15"),
    ):
        types = build.assignment(input=i, dense__kernel=w, dense__bias=b, dense=o)
        check(net, types, modes, (X,))


@pytest.mark.parametrize("bits", [4, 9, 12, 20, 33])
@pytest.mark.parametrize("what", ["wrap", "saturate"])
def test_a_limited_accumulator_agrees_and_counts_its_overflows(bits, what):
    modes = Modes(accumulator_bits=bits, accumulator_overflow=what)
    narrow = build.assignment(input="sfix8_En5", dense__kernel="sfix8_En6", dense__bias="sfix8_En12", dense="sfix12_En7")
    wide = build.assignment(
        input="sfix16_En12", dense__kernel="sfix16_En13", dense__bias="sfix32_En28", dense="sfix32_En24"
    )
    for types in (narrow, wide):
        for net in (DENSE, CLIPPED):
            check(net, types, modes, (X,))
    made = run(DENSE, wide, modes, (X,))
    assert (made.accumulator_overflows["dense"] > 0) == (bits < 30)


def test_only_valid_rows_are_tallied():
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


def mixed_types(texts):
    return build.assignment(**dict(zip((s.replace("/", "__") for s in build.MIXED_SITES), texts, strict=True)))


EIGHT = mixed_types(
    "sfix8_En5 sfix8_En7 sfix32_En12 ufix8_En5 sfix8_En7 sfix8_En4 ufix8_En5 sfix8_En5 sfix8_En6 sfix8_En7 "
    "sfix8_En6 sfix32_En13 sfix8_En4".split()
)
FAR = mixed_types(
    "sfix16_En13 sfix16_En15 sfix32_En20 ufix32_En28 sfix3_En2 sfix4_En1 ufix16_En13 ufix32_En30 sfix32_En29 sfix12_E2 "
    "sfix8_E3 sfix8_En20 sfix2_E4".split()
)


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: f"{modes.rounding}-{modes.overflow}")
def test_adds_pools_concats_and_averages_agree(modes):
    for types in (EIGHT, FAR):
        check(MIXED, types, modes, (XM,))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_random_types_and_modes_agree(data):
    def draw(site):
        signed = site.endswith(("kernel", "bias")) or data.draw(st.booleans())
        width = data.draw(st.integers(2, 13))
        return FixedPoint(signed, width, data.draw(st.integers(-3, 11)))

    types = mixed_types([draw(site) for site in build.MIXED_SITES])
    modes = Modes(
        rounding=data.draw(st.sampled_from(ROUNDINGS)),
        overflow=data.draw(st.sampled_from(OVERFLOWS)),
        accumulator_bits=data.draw(st.none() | st.integers(4, 34)),
        accumulator_overflow=data.draw(st.sampled_from(["wrap", "saturate"])),
    )
    if modes.rounding == "stochastic":
        types = mixed_types([fmt if site.endswith(("kernel", "bias")) else fmt for site, fmt in types.formats.items()])
    check(MIXED, types, modes, (XM,), paths=("convolution",))
