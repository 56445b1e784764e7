from __future__ import annotations

import ipywidgets
import pytest

from bitwindow.numbers.format import FixedPoint
from bitwindow.panel.changes import MOST
from bitwindow.panel.panel import Panel
from tests.panel.fake_quantizer import FakeQuantizer

NAMES = ["input", "conv1/kernel", "conv1", "dense/kernel"]


@pytest.fixture
def q() -> FakeQuantizer:
    return FakeQuantizer.of(NAMES)


@pytest.fixture
def panel(q: FakeQuantizer) -> Panel:
    return Panel(q)


def types(q: FakeQuantizer) -> dict[str, str]:
    return {name: str(site.format) for name, site in q.sites.items()}


def test_each_change_has_a_button_that_takes_it_back(q: FakeQuantizer, panel: Panel) -> None:
    assert panel.changes.widget.children == ()
    q["conv1"].format = "sfix6_En4"
    q["dense/kernel"].format = "float"
    assert panel.changes.label.value == "Changed since histogram:"
    shown = [button.description for button in panel.changes.widget.children if isinstance(button, ipywidgets.Button)]
    assert shown == ["conv1: sfix8_En7 → sfix6_En4", "dense/kernel: sfix8_En8 → float", "Reset all"]
    panel.changes.buttons[0].click()
    assert types(q)["conv1"] == "sfix8_En7"
    assert panel.changes.buttons[0].description == "dense/kernel: sfix8_En8 → float"
    panel.changes.buttons[0].click()
    assert panel.changes.widget.children == ()


def test_many_changes_are_counted_and_all_taken_back() -> None:
    q = FakeQuantizer.of([f"layer{i}" for i in range(60)])
    panel = Panel(q)
    for site in q.sites.values():
        site.chosen = FixedPoint(True, 4, 3)
    q.tell("formats")
    assert len(panel.changes.buttons) == MOST
    assert panel.changes.more.value == "and 52 more"
    panel.changes.all.click()
    assert q.changed_sites == []
    assert panel.changes.widget.children == ()


def test_locked_rows_keep_their_types(q: FakeQuantizer, panel: Panel) -> None:
    q["conv1"].format = q["input"].format = "sfix6_En4"
    q.lock("conv1")
    panel.controls.reset.click()
    assert q.changed_sites == ["conv1"]
    panel.heat_map.window._receive(None, {"action": "reset", "rows": [2]}, None)
    assert q.changed_sites == ["conv1"]
    q.unlock("conv1")
    panel.heat_map.window._receive(None, {"action": "reset", "rows": [2]}, None)
    assert q.changed_sites == []


def test_an_assignment_leaves_locked_rows_alone_in_one_step(q: FakeQuantizer, panel: Panel) -> None:
    q["conv1"].format = "sfix6_En4"
    q.lock("conv1")
    panel.controls.assign.click()
    assert q.calls == [("assign", "histogram", 8, "conv1")]
    assert types(q)["conv1"] == "sfix6_En4"


def test_lock_is_for_the_selected_rows_and_says_what_it_does(panel: Panel) -> None:
    window, button = panel.heat_map.window, panel.controls.lock
    panel.selected = "conv1"
    assert button.description == "Lock"
    button.click()
    assert [row.locked for row in window.rows] == [False, False, True, False]
    assert button.description == "Unlock"
    assert "<b>1</b> locked" in panel.summary.sites.value
    window._receive(None, {"action": "unlock", "rows": [2]}, None)
    assert button.description == "Lock"
    window._receive(None, {"action": "lock", "rows": [2]}, None)
    button.click()
    assert not any(row.locked for row in window.rows)
    window.selected = [0, 1]
    button.click()
    assert [row.locked for row in window.rows] == [True, True, False, False]
    window.selected = [0, 1, 2]
    assert button.description == "Lock"
    window.selected = []
    assert (button.disabled, button.tooltip.endswith("Not now: no row is selected.")) == (True, True)


def test_a_locked_row_has_no_way_to_change(q: FakeQuantizer, panel: Panel) -> None:
    editor = panel.editor
    panel.selected = "conv1"
    buttons = (editor.up, editor.down, editor.narrower, editor.wider, editor.type)
    assert not any(control.disabled for control in buttons)
    q.lock("conv1")
    assert all(control.disabled for control in buttons)
    assert editor.type.tooltip == "The row is locked: unlock it first"
    panel.selected = "input"
    assert not any(control.disabled for control in buttons)
    assert editor.type.tooltip.startswith("sfix8_En3")


def test_all_panels_of_a_quantizer_show_its_locks(q: FakeQuantizer, panel: Panel) -> None:
    other = Panel(q)
    panel.selected = "conv1"
    panel.controls.lock.click()
    assert q.locked == ("conv1",)
    assert [row.locked for row in other.heat_map.window.rows] == [False, False, True, False]


def test_what_cannot_be_used_says_why(q: FakeQuantizer, panel: Panel) -> None:
    controls = panel.controls
    assert (controls.undo.disabled, controls.redo.disabled, controls.reset.disabled) == (True, True, True)
    assert controls.undo.tooltip == "Take back the last change. Not now: nothing was changed."
    assert "all types are as histogram chose them" in controls.reset.tooltip
    assert panel.editor.reset.tooltip == "The type is as histogram chose it"
    q["input"].format = "sfix8_En2"
    assert not any(button.disabled for button in (controls.undo, controls.reset, panel.editor.reset))
    assert controls.undo.tooltip == "Take back the last change"
    q.lock("input")
    assert panel.editor.reset.tooltip == "The row is locked: unlock it first"
    q.calibrated = False
    q.tell("settings")
    assert "call q.calibrate(data)" in controls.assign.tooltip
    assert "call q.calibrate(data)" in controls.scheme.tooltip


def test_the_row_goes_back_to_the_scheme(q: FakeQuantizer, panel: Panel) -> None:
    panel.selected = "conv1"
    panel.editor.type.value = "sfix6_En4"
    panel.editor.reset.click()
    assert types(q)["conv1"] == "sfix8_En7"
    assert panel.editor.type.value == "sfix8_En7"


def test_what_takes_long_is_announced_while_it_runs(
    q: FakeQuantizer, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(q, "assign", lambda **settings: seen.append(panel.busy.value))
    panel.controls.scheme.value = "mse"
    assert "Choosing types by mse …" in seen[0]
    assert panel.busy.value == ""
