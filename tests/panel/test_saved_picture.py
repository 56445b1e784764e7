"""The stored picture follows the quantizer: once at rest, only where it differs, by the protocol's own update."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bitwindow.panel import palette, saved_picture
from bitwindow.panel.display import mimebundle, picture_bundle, static_html
from bitwindow.panel.panel import Panel
from tests.panel.fake_quantizer import FakeQuantizer

PATIENCE = 60


class Screen:
    """Stands for the notebook: what was displayed, by the display's id."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bool, str]] = []
        self.came = threading.Semaphore(0)

    def display(self, bundle: dict[str, str], **options: Any) -> None:
        if "image/png" in bundle:
            self.calls.append((options["display_id"], options["update"], bundle["image/png"]))
            self.came.release()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr("IPython.display.display", screen.display)
    monkeypatch.setattr(saved_picture, "REST", 0.05)
    return screen


@pytest.fixture
def q() -> FakeQuantizer:
    return FakeQuantizer.of(["input", "conv1/kernel", "conv1"])


@pytest.fixture
def panel(q: FakeQuantizer, screen: Screen) -> Iterator[Panel]:
    del screen  # is there before the panel
    panel = Panel(q)
    yield panel
    panel.close()


def test_the_picture_is_sent_again_when_a_window_has_moved(q: FakeQuantizer, panel: Panel, screen: Screen) -> None:
    q["conv1"].format = "sfix8_En2"
    panel._ipython_display_()
    assert screen.came.acquire(timeout=PATIENCE)
    for fraction in (3, 4, 5):
        q["conv1"].format = f"sfix8_En{fraction}"
    assert screen.came.acquire(timeout=PATIENCE)
    (name, first, before), (again, second, after) = screen.calls
    assert (again, first, second) == (name, False, True)
    assert name == f"bitwindow-picture-{panel.model_id}"
    assert after == picture_bundle(q)[0]["image/png"] != before
    assert base64.b64decode(after).startswith(b"\x89PNG")


def test_what_looks_the_same_is_not_sent(q: FakeQuantizer, panel: Panel, screen: Screen) -> None:
    panel._ipython_display_()
    assert screen.came.acquire(timeout=PATIENCE)
    panel.saved_picture._send(update=True)
    assert len(screen.calls) == 1
    q.lock("conv1")
    panel.saved_picture._send(update=True)
    assert len(screen.calls) == 1


def test_a_panel_that_is_not_displayed_or_closed_sends_nothing(q: FakeQuantizer, panel: Panel, screen: Screen) -> None:
    listeners = len(q.listeners)
    q["conv1"].format = "sfix8_En2"
    panel._ipython_display_()
    assert len(q.listeners) == listeners + 1
    panel.close()
    assert q.listeners == []
    assert [update for _, update, _ in screen.calls] == [False]


def test_the_picture_has_the_colours_of_the_panel(q: FakeQuantizer, panel: Panel, screen: Screen) -> None:
    panel._ipython_display_()
    assert screen.came.acquire(timeout=PATIENCE)
    grays = ["#ffffff", "#808080", "#000000"]
    panel.colour(grays)
    assert screen.came.acquire(timeout=PATIENCE)
    assert screen.calls[1][2] == picture_bundle(q, palette.ramp(grays))[0]["image/png"] != screen.calls[0][2]
    assert static_html(q, palette.ramp(grays)) in mimebundle(panel)["text/html"] != static_html(q)
