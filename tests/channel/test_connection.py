"""What the kernel tells a page, what a page can ask for, and that nothing stays behind."""

from __future__ import annotations

import gc
import json
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import jsonschema
import pytest
from comm.base_comm import BaseComm

import bitwindow as bw
from bitwindow.channel import connection
from bitwindow.registry.living import QUANTIZERS
from tests.channel.conftest import FakeComm, FakeKernel

SCHEMA = json.loads((Path(connection.__file__).parent / "schema.json").read_text(encoding="utf-8"))
Page = Callable[..., FakeComm]


def number_of(quantizer: bw.Quantizer) -> int:
    return next(number for number, living in QUANTIZERS.items().items() if living is quantizer)


def record_of(comm: FakeComm, quantizer: bw.Quantizer) -> dict[str, Any]:
    """The quantizer's record in the last listing that was pushed."""
    listing = next(sent for sent in reversed(comm.sent) if sent["kind"] == "sessions")
    found: dict[str, Any] = next(each for each in listing["sessions"] if each["id"] == number_of(quantizer))
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for the throttle's thread."""
    patience = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.01)


def test_a_page_is_told_at_once_and_after_every_change(
    page: Page, kernel: FakeKernel, calibrated: bw.Quantizer
) -> None:
    kernel.user_ns = {"q": calibrated, "_": calibrated, "other": 1}
    comm = page("a")
    try:
        record = record_of(comm, calibrated)
        assert (record["name"], record["variables"], record["samples"]) == ("<b>net</b>", ["q"], 16)
        before = record["quantizedMemory"]
        calibrated.assign(word_length=12)
        wait_for(lambda: record_of(comm, calibrated)["wordLength"] == 12)
        assert record_of(comm, calibrated)["quantizedMemory"] != before
        reply = comm.receive(do="undo", quantizer=number_of(calibrated))
        assert reply == {"kind": "reply", "request": 7, "ok": True, "changed": True}
        wait_for(lambda: record_of(comm, calibrated)["wordLength"] == 8)
        for sent in comm.sent:
            jsonschema.validate(sent, SCHEMA)
    finally:
        comm.leave()


def test_many_changes_are_told_in_few_pushes(page: Page, calibrated: bw.Quantizer) -> None:
    comm = page("a")
    try:
        for fraction in range(40):
            calibrated["kernel"].format = bw.FixedPoint(True, 16, fraction)
        calibrated["kernel"].format = "float"
        # Twelve values as float32 again: the last change is the one that is told last.
        wait_for(lambda: record_of(comm, calibrated)["quantizedMemory"] == "48 bytes")
        assert len(comm.sent) < 40
    finally:
        comm.leave()


def test_a_page_that_was_loaded_again_replaces_the_one_before(
    page: Page, kernel: FakeKernel, calibrated: bw.Quantizer
) -> None:
    first = page("a")
    second = page("b", "a")
    third = page("c")
    assert sorted(each.client for each in connection.connections()) == ["b", "c"]
    assert first.comm_id not in kernel.comms
    first.leave()
    second.leave()
    third.leave()
    assert connection.connections() == []
    assert QUANTIZERS.watchers == 0
    assert len(calibrated._listeners) == 0


def test_the_comm_of_a_page_that_is_gone_is_dropped_without_a_message(page: Page, kernel: FakeKernel) -> None:
    told: list[str] = []

    class RealComm(BaseComm):
        def publish_msg(self, msg_type: str, *_: Any, **__: Any) -> None:
            told.append(msg_type)

    gone = RealComm(target_name="bitwindow.sessions", comm_id="gone", primary=False)
    kernel.comms["gone"] = gone
    connection.connect(gone, {"content": {"data": {"client": "a"}}})
    known = weakref.ref(gone)
    del gone
    second = page("b", "a")
    gc.collect()
    # A comm that is forgotten while it is open says so, and the page that came after it does not know it.
    assert (known(), told) == (None, ["comm_msg"])
    second.leave()


def test_fifty_tabs_leave_nothing_behind(page: Page, calibrated: bw.Quantizer) -> None:
    comm = page("a")
    widgets = ipywidgets.widgets.widget._instances
    before, listeners = set(widgets), len(calibrated._listeners)
    try:
        for count in range(50):
            asked = {"quantizer": number_of(calibrated), "tab": f"tab {count}", "display": {"colourMap": "grays"}}
            model = comm.receive(do="panel", **asked)["model"]
            assert comm.receive(do="panel", **asked)["model"] == model
            assert comm.receive(do="panel", **(asked | {"tab": "another"}))["model"] == model
            comm.receive(do="release", tab=f"tab {count}")
            assert model in widgets
            comm.receive(do="release", tab="another")
            assert model not in widgets
        assert set(widgets) == before
        assert len(calibrated._listeners) == listeners
    finally:
        comm.leave()


def test_a_tab_shows_the_panel_of_a_cell_and_leaves_it_open(page: Page, calibrated: bw.Quantizer) -> None:
    comm = page("a")
    panel = calibrated.panel()
    try:
        asked = {"quantizer": number_of(calibrated), "tab": "one"}
        assert comm.receive(do="panel", **asked)["model"] == panel.model_id
        comm.receive(do="release", tab="one")
        assert panel.comm is not None
    finally:
        panel.close()
        comm.leave()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("net.keras", "wanted a name that ends in .bitwindow"),
        ("missing/net.bitwindow", "wanted a file in a folder that exists"),
        ("taken.bitwindow", "exists already"),
    ],
)
def test_a_save_that_would_lose_something_is_refused(
    page: Page, calibrated: bw.Quantizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.bitwindow").write_text("somebody's")
    comm = page("a")
    reply = comm.receive(do="save", quantizer=number_of(calibrated), path=path)
    comm.leave()
    assert not reply["ok"]
    assert words in reply["error"]
    assert reply["exists"] == (path == "taken.bitwindow")
    assert (tmp_path / "taken.bitwindow").read_text() == "somebody's"


def test_unknown_requests_and_lost_quantizers_are_answered_in_words(page: Page) -> None:
    comm = page("a")
    assert "wanted one of panel" in comm.receive(do="dance")["error"]
    assert "This quantizer is gone" in comm.receive(do="undo", quantizer=999_999)["error"]
    comm.leave()
