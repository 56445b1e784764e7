"""The layer of the selected row in words: folded it costs nothing, unfolded it follows, names are text."""

from __future__ import annotations

from bitwindow.panel.panel import Panel
from tests.panel.fake_quantizer import FakeQuantizer

HOSTILE = "<img src=x onerror=alert(1)>"


class Explained(FakeQuantizer):
    def explain(self, name: str | None = None) -> str:
        self.calls.append(("explain", name))
        return f"{name}: {self[name or ''].format}"

    def questions(self) -> list[object]:
        return [call[1] for call in self.calls if call[0] == "explain"]


def test_folded_it_asks_nothing_and_unfolded_it_follows_the_row_and_its_type() -> None:
    q = Explained.of(["input", "conv", HOSTILE])
    panel = Panel(q)
    panel.selected = "conv"
    q["conv"].format = "sfix6_En3"
    assert q.questions() == []
    panel.layer.fold.value = True
    assert "conv: sfix6_En3" in panel.layer.text.value
    q["conv"].format = "sfix5_En1"
    assert "conv: sfix5_En1" in panel.layer.text.value
    panel.selected = HOSTILE
    assert "&lt;img src=x" in panel.layer.text.value
    assert "<img" not in panel.layer.text.value
    asked = q.questions()
    panel.layer.fold.value = False
    panel.selected = "conv"
    assert (q.questions(), panel.layer.text.value) == (asked, "")


def test_what_goes_wrong_stands_in_the_error_line() -> None:
    class Unknown(Explained):
        def explain(self, name: str | None = None) -> str:
            raise ValueError(f"explain: wanted a site; got {name!r}.")

    panel = Panel(Unknown.of(["conv"]))
    panel.layer.fold.value = True
    assert "explain: wanted a site" in panel.error.value


def test_a_quantizer_that_explains_nothing_has_no_such_section() -> None:
    assert Panel(FakeQuantizer.of(["conv"])).layer.widget.layout.display == "none"
