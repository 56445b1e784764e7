"""The schemes that the panel offers: the one that measures only where there is something to measure on."""

from __future__ import annotations

from bitwindow.assign.schemes import SCHEMES
from bitwindow.panel.panel import Panel
from tests.panel.fake_quantizer import FakeEvaluation, FakeQuantizer


def offered(q: FakeQuantizer) -> list[str]:
    panel = Panel(q)
    found = [value for _, value in panel.controls.scheme.options]
    panel.close()
    return found


def test_loss_is_offered_where_data_is_watched() -> None:
    q = FakeQuantizer.of(["a", "b"])
    assert offered(q) == list(SCHEMES)
    q.evaluation = FakeEvaluation()
    assert offered(q) == [*SCHEMES, "loss"]
