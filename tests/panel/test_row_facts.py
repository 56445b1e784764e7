"""What stands below the map about the selected row, as its user reads it."""

from __future__ import annotations

from bitwindow.panel.panel import Panel
from tests.panel.fake_quantizer import FakeQuantizer


def test_the_type_is_named_in_cpp_with_its_modes_or_the_mode_that_cpp_lacks() -> None:
    q = FakeQuantizer.of(["input", "conv"])
    panel = Panel(q)
    q["input"].format = "sfix8_En3"
    assert "ap_fixed&lt;8, 5, AP_RND_INF, AP_SAT&gt;" in panel.editor.facts.value
    q.rounding = "ceiling"
    assert "got &#x27;ceiling&#x27;" in panel.editor.facts.value
    q["input"].format = "float"
    assert "In C++" not in panel.editor.facts.value


def test_powers_of_two_in_a_reason_are_raised() -> None:
    q = FakeQuantizer.of(["input", "conv"])
    q["conv"].reason = "window 2^0 to 2^-13 <b>"
    panel = Panel(q)
    panel.selected = "conv"
    assert "window 2⁰ to 2⁻¹³ &lt;b&gt;" in panel.editor.facts.value


def test_a_name_stays_as_it_is() -> None:
    panel = Panel(FakeQuantizer.of(["conv 2^3", "<script>"]))
    panel.selected = "conv 2^3"
    assert "conv 2^3" in panel.editor.facts.value
    panel.selected = "<script>"
    assert "&lt;script&gt;" in panel.editor.facts.value
    assert "<script>" not in panel.editor.facts.value
