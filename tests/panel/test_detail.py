from __future__ import annotations

import re

import numpy as np
import pytest

from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import detail as module
from bitwindow.panel.detail import LEAST_COLUMNS, roomy
from bitwindow.panel.histogram import decades, linear_ticks
from bitwindow.panel.panel import Panel
from bitwindow.panel.picture import Columns
from tests.panel.fake_quantizer import FakeQuantizer

NAMES = ["input", "conv1/kernel", "conv1", "dense/kernel"]


@pytest.fixture
def q() -> FakeQuantizer:
    return FakeQuantizer.of(NAMES)


@pytest.fixture
def panel(q: FakeQuantizer) -> Panel:
    return Panel(q)


def test_the_bars_are_the_exact_counts_by_sign(q: FakeQuantizer, panel: Panel) -> None:
    panel.selected = "conv1"
    spectrum = q["conv1"].spectrum
    assert spectrum is not None
    exponents, positive, negative = spectrum.msb_counts()
    for scale, floor in (("linear", 0.0), ("log", 0.7)):
        bars = panel.detail.histogram.bars[scale]  # type: ignore[index]
        assert bars.y.dtype == np.float64
        got = {int(k): tuple(pair) for k, *pair in zip(bars.x, *bars.y, strict=True) if max(pair) > floor}
        signs = zip(exponents, positive, negative, strict=True)
        assert got == {int(k): (max(p, floor), max(n, floor)) for k, p, n in signs if p or n}
    assert f"<b>{positive.sum()}</b> positive" in panel.detail.legend.value
    assert f"<b>{negative.sum()}</b> negative" in panel.detail.legend.value
    assert "<b>5</b> zero" in panel.detail.legend.value


def test_bars_are_coloured_by_sign_and_not_by_position(panel: Panel) -> None:
    for bars in panel.detail.histogram.bars.values():
        # A bqplot "group" is a position with both its bars; an "element" is one of the two.
        assert (bars.color_mode, len(bars.colors), len(bars.y)) == ("element", 2, 2)


def test_the_window_over_the_bars_follows(q: FakeQuantizer, panel: Panel) -> None:
    histogram = panel.detail.histogram
    q["input"].format = FixedPoint(True, 6, 4)
    # The sign bit has a frame of its own, under the gray: an MSB at its place overflows.
    assert [(row.min(), row.max()) for row in histogram.window.x] == [(-4.5, 0.5), (0.5, 1.5)]
    (low, lower), (upper, high) = ((row.min(), row.max()) for row in histogram.mask.x)
    assert (lower, upper) == (-4.5, 0.5)
    assert (low, high) == (histogram.bits.min, histogram.bits.max)
    q["input"].format = FixedPoint(False, 6, 4)
    assert [(row.min(), row.max()) for row in histogram.window.x] == [(-4.5, 1.5)] * 2
    q["input"].format = "float"
    assert not histogram.window.visible
    assert not histogram.mask.visible


def test_the_scale_of_the_counts_can_be_changed(panel: Panel) -> None:
    histogram = panel.detail.histogram
    assert [histogram.bars[name].visible for name in ("linear", "log")] == [False, True]
    panel.detail.scale.value = "linear"
    assert [histogram.bars[name].visible for name in ("linear", "log")] == [True, False]


def test_ticks_are_round_and_few() -> None:
    for most in (1.0, 2.0, 7.0, 99.0, 1234.0, 5e9):
        for ticks in (linear_ticks(most), decades(most)):
            assert 1 <= len(ticks) <= 7
            assert ticks[-1] <= most


def test_nothing_is_drawn_again_that_did_not_change(q: FakeQuantizer, panel: Panel) -> None:
    panel.selected = "conv1/kernel"
    drawn: list[str] = []
    for name in ("examples", "channels", "legend"):
        getattr(panel.detail, name).observe(lambda _, name=name: drawn.append(name), "value")
    panel.detail.histogram.window.observe(lambda _: drawn.append("window"), "x")
    panel.detail.histogram.bars["log"].observe(lambda _: drawn.append("bars"), "y")
    asked = q["conv1/kernel"].counted_channels
    q["conv1"].format = "sfix8_En1"
    q.evaluated(n=300)
    assert (drawn, q["conv1/kernel"].counted_channels) == ([], asked)
    q["conv1/kernel"].format = "sfix6_En6"
    assert set(drawn) == {"examples", "channels", "window"}


def test_folded_it_costs_nothing_and_unfolded_it_is_up_to_date(q: FakeQuantizer, panel: Panel) -> None:
    panel.detail.fold.value = False
    before = panel.detail.examples.value
    asked = q["dense/kernel"].counted_channels
    panel.selected = "dense/kernel"
    assert (panel.detail.examples.value, q["dense/kernel"].counted_channels) == (before, asked)
    assert len(panel.detail.widget.children) == 1
    panel.detail.fold.value = True
    assert len(panel.detail.widget.children) == 2
    assert panel.detail.examples.value != before


def test_a_large_parameter_is_counted_when_asked_for(
    q: FakeQuantizer, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COUNTED_UNASKED", 100)
    q["dense/kernel"].kind, q["dense/kernel"].shape = "weight", (21, 5)
    panel.selected = "dense/kernel"
    assert "counting 105 values apart" in panel.detail.channels.value
    assert (q["dense/kernel"].counted_channels, panel.detail.count_channels.layout.display) == (0, None)
    panel.detail.count_channels.click()
    assert "5 channels" in panel.detail.channels.value
    assert panel.detail.count_channels.layout.display == "none"


@pytest.mark.parametrize("scheme", ["float", "stochastic", "unkept", "no axis", "uncalibrated"])
def test_what_is_empty_says_why(q: FakeQuantizer, scheme: str) -> None:
    site = q["input"]
    if scheme == "float":
        site.chosen = "float"
    elif scheme == "stochastic":
        q.rounding = "stochastic"
    elif scheme == "unkept":
        site.values = None
    elif scheme == "no axis":
        site.values, site.has_channels = np.ones(1, np.float32), False
    else:
        site.spectrum, site.values = None, None
    shown = Panel(q).detail
    words = {
        "float": "a float site has no window",
        "stochastic": "only a run has counts",
        "unkept": "none were kept with this calibration",
        "no axis": "no axis of channels",
        "uncalibrated": "none seen yet; q.calibrate(data)",
    }
    assert words[scheme] in shown.examples.value + shown.channels.value


def test_the_axis_is_that_of_the_row_and_only_grows_while_it_stays(q: FakeQuantizer, panel: Panel) -> None:
    bits = panel.detail.histogram.bits
    first = (bits.min, bits.max)
    q["conv1/kernel"].format = FixedPoint(True, 8, -20)
    assert (bits.min, bits.max) == first
    q["input"].format = FixedPoint(True, 8, 12)
    assert bits.min < first[0]
    grown = (bits.min, bits.max)
    q["input"].format = FixedPoint(True, 8, 5)
    assert (bits.min, bits.max) == grown
    panel.selected = "conv1"
    panel.selected = "input"
    assert (bits.min, bits.max) == first


def test_the_axis_has_room() -> None:
    assert roomy(Columns(high=3, low=-2)) == Columns(high=3, low=3 - LEAST_COLUMNS + 1)
    assert roomy(Columns(high=3, low=-40)) == Columns(high=3, low=-40)


def test_channels_have_the_colours_of_the_map(q: FakeQuantizer, panel: Panel) -> None:
    def drawn() -> set[str]:
        strips = re.findall(r'class="bw-strip" style="background:([^"]*)"', panel.detail.channels.value)
        return set(re.findall("#[0-9a-f]{6}", "".join(strips)))

    panel.selected = next(name for name, site in q.sites.items() if site.channel_axis is not None)
    assert len(drawn()) > 1
    panel.colour(["#804020", "#804020"])
    assert drawn() == {"#804020"}
    panel.detail.fold.value = False
    panel.colour(["#102030", "#102030"])
    panel.detail.fold.value = True
    assert drawn() == {"#102030"}


@pytest.mark.parametrize("colours", [[], ["#ffffff"], ["white", "black"], ["#fff", "#000"], ["#ffffff;}", "#000000"]])
def test_other_colours_than_hexadecimal_ones_are_refused_and_nothing_is_drawn(panel: Panel, colours: list[str]) -> None:
    before = panel.heat_map.shades.colors
    with pytest.raises(ValueError, match="wanted two or more like"):
        panel.colour(colours)
    assert panel.heat_map.shades.colors == before
