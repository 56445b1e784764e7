"""How a panel is looked at outlives the panel."""

from __future__ import annotations

import pytest

from bitwindow.channel.tabs import dress
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.panel.panel import Panel
from bitwindow.session.view import View
from tests.panel.fake_quantizer import FakeQuantizer

SETTINGS = {"underflowThreshold": 0.2, "overflowThreshold": 0.3}


@pytest.fixture
def q() -> FakeQuantizer:
    q = FakeQuantizer.of(["input", "conv1/kernel", "conv1", "dense/kernel"])
    kernel = q["conv1/kernel"]
    kernel.kind, kernel.chosen = "weight", ChannelFormats(True, 8, (5, 4, 6, 3, 5))
    return q


def test_the_next_panel_begins_as_the_last_one_was_left(q: FakeQuantizer) -> None:
    first = Panel(q)
    window = first.heat_map.window
    window.search, window.kinds, window.sort_by, window.descending = "n", ["weight"], "overflow", True
    window.underflow_threshold = 0.125
    first.selected = "conv1/kernel"
    first.editor.channels.click()
    first.selected = "conv1/kernel[3]"
    first.close()
    assert q.view == View(
        underflow_threshold=0.125,
        search="n",
        kinds=("weight",),
        sort_by="overflow",
        descending=True,
        opened=("conv1/kernel",),
        selected="conv1/kernel[3]",
    )
    again = Panel(q)
    window = again.heat_map.window
    assert (window.search, window.kinds, window.sort_by, window.descending) == ("n", ["weight"], "overflow", True)
    assert (window.underflow_threshold, window.overflow_threshold) == (0.125, 0.001)
    assert "conv1/kernel[4]" in [row.name for row in window.rows]
    assert again.selected == "conv1/kernel[3]"
    assert window.rows[window.active].name == "conv1/kernel[3]"
    again.close()


def test_thresholds_of_the_settings_give_way_to_the_users_own(q: FakeQuantizer) -> None:
    panel = Panel(q)
    dress(panel, SETTINGS)
    window = panel.heat_map.window
    assert (window.underflow_threshold, window.overflow_threshold) == (0.2, 0.3)
    assert q.view is not None
    assert (q.view.underflow_threshold, q.view.overflow_threshold) == (None, None)
    window.overflow_threshold = 0.5
    panel.close()
    again = Panel(q)
    dress(again, SETTINGS)
    window = again.heat_map.window
    assert (window.underflow_threshold, window.overflow_threshold) == (0.2, 0.5)
    again.close()


def test_the_legend_has_the_colours_of_the_map(q: FakeQuantizer) -> None:
    panel = Panel(q)
    assert "linear-gradient(90deg,#ffffff,#c6dbef,#6baed6,#2171b5,#08306b)" in panel.legend.value
    dress(panel, {"colourMap": "oranges"})
    assert panel.heat_map.shades.colors == ["#ffffff", "#fdd0a2", "#fd8d3c", "#d94801", "#7f2704"]
    assert "linear-gradient(90deg,#ffffff,#fdd0a2,#fd8d3c,#d94801,#7f2704)" in panel.legend.value
    dress(panel, {"colourMap": "of another version"})
    assert panel.heat_map.shades.colors[-1] == "#7f2704"
    panel.close()


def test_what_a_panel_does_not_know_is_left_out(q: FakeQuantizer) -> None:
    kinds, opened = ("weight", "tin"), ("gone", "input")
    q.view = View(search="a", kinds=kinds, sort_by="colour", opened=opened, selected="gone[3]")
    panel = Panel(q)
    window = panel.heat_map.window
    assert (window.search, window.kinds, window.sort_by) == ("a", ["weight"], "network")
    assert panel.row_sites.opened == {}
    assert panel.selected == "input"
    panel.close()
