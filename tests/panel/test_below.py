"""Messages to every widget of a panel are handled where the page asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from ipykernel.comm.comm import BaseComm
from ipywidgets.widgets.widget import _instances

from bitwindow.panel.panel import Panel
from bitwindow.registry.subshells import handle_where_asked
from tests.panel.fake_quantizer import FakeQuantizer


class RoutedComm(BaseComm):
    """A comm as ipykernel 7.4 makes them: it names the subshell that the kernel last wrote from."""

    def _reply_subshell_for(self, _data: object, _asked: object) -> str:
        return "of a page that is gone"


def made_comm(*parts: Any, **named: Any) -> RoutedComm:
    return RoutedComm(*parts, **named)  # type: ignore[no-untyped-call]


def test_no_widget_of_a_panel_hands_messages_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comm.create_comm", made_comm)
    q = FakeQuantizer.of(["input", "conv1/kernel", "conv1"])
    panel = Panel(q)
    q["conv1"].format = "sfix8_En2"  # what changed has a button, made when it is needed
    panel.detail.scale.value = "linear"
    assert panel.changes.buttons
    made = [one for one in _instances.values() if isinstance(one.comm, RoutedComm)]
    assert len(made) > 50
    assert [one for one in made if one.comm._reply_subshell_for is not None] == []
    panel.close()


def test_a_comm_without_such_a_route_is_left_alone() -> None:
    class Plain:
        pass

    plain = Plain()
    handle_where_asked(plain)
    handle_where_asked(None)
    assert vars(plain) == {}
