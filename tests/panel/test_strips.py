"""The accuracy strips on their way from the quantizer to the browser."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import jsonschema
import pytest

import bitwindow.panel
from bitwindow.panel import panel as panel_module
from bitwindow.panel.paced import Paced
from bitwindow.panel.panel import Panel
from bitwindow.panel.strips import strips_to_wire
from tests.panel.fake_quantizer import FakeQuantizer, FakeStrip, FakeStripCell

SCHEMA = json.loads((Path(bitwindow.panel.__file__).parent / "wire_schema.json").read_text())
NAMES = ["input", "conv1/kernel", "conv1"]
EXACT = FakeStripCell(fraction_length=7, value=0.974, interval=None, n=5000)
ESTIMATE = FakeStripCell(fraction_length=6, value=0.9, interval=(0.88, 0.92), n=512)
STRIP = FakeStrip(site="conv1", cells=(EXACT, ESTIMATE))


@pytest.fixture
def q() -> FakeQuantizer:
    return FakeQuantizer.of(NAMES)


def test_a_strip_has_the_fields_of_the_schema() -> None:
    odd = FakeStrip(
        site="input",
        float_metric=float("nan"),
        cells=(
            FakeStripCell(fraction_length=1, value=None, interval=None, n=0),
            FakeStripCell(fraction_length=0, value=float("inf"), interval=(0.0, float("inf")), n=9, dropped=True),
        ),
    )
    sent = strips_to_wire({"conv1": STRIP, "input": odd, "elsewhere": STRIP}, NAMES)
    for strip in sent:
        jsonschema.validate(strip, SCHEMA | {"$ref": "#/definitions/Strip"})
    json.dumps(sent, allow_nan=False)
    assert [strip["row"] for strip in sent] == [0, 2]
    assert sent[1]["cells"][1] == {
        "fraction_length": 6,
        "value": 0.9,
        "interval": [0.88, 0.92],
        "n": 512,
        "dropped": False,
    }
    assert (sent[0]["float_metric"], sent[0]["cells"][1]["value"]) == (None, None)


def test_strips_reach_the_map_when_they_come_and_go(q: FakeQuantizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel_module, "SECONDS_BETWEEN_UPDATES", 0.0)
    panel = Panel(q)
    assert panel.heat_map.window.strips == []
    q.looked_ahead(STRIP)
    assert [strip["row"] for strip in panel.heat_map.window.strips] == [2]
    # a change clears them in the quantizer before it tells of it: the map shows nothing of the network that was
    q.strips = {}
    q["input"].format = "sfix8_En2"
    assert panel.heat_map.window.strips == []


def test_the_quantizer_hears_of_the_selected_row(q: FakeQuantizer) -> None:
    panel = Panel(q)
    panel.heat_map.window.active = 2
    panel.heat_map.window.active = 2
    panel.selected = "conv1/kernel"
    panel.close()
    assert q.focused == ["input", "conv1", "conv1/kernel", None]


def test_calls_are_paced_and_the_last_is_never_lost() -> None:
    seen: list[int] = []
    state, done = [0], threading.Event()

    def take() -> None:
        seen.append(state[0])
        if state[0] == 50:
            done.set()

    paced = Paced(take, 0.05)
    for n in range(1, 51):
        state[0] = n
        paced()
    assert done.wait(60)
    assert seen[0] == 1
    assert seen[-1] == 50
    assert len(seen) < 50


def test_a_closed_pace_calls_no_more() -> None:
    seen: list[int] = []
    paced = Paced(lambda: seen.append(1), 3600.0)
    paced()
    paced()
    timer = paced._timer
    assert timer is not None
    paced.close()
    paced.close()
    paced()
    timer.join(60)
    assert not timer.is_alive()
    assert seen == [1]
