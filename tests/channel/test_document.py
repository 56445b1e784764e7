"""A document goes from a file over calibration to a quantizer that can be saved, and says what is wrong."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.channel.document import Document
from bitwindow.errors import DataError
from tests.channel.conftest import network


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    params = {"kernel": np.ones((4, 3), np.float32)}
    bw.Quantizer(bw.Model(network, params, x[:1])).save("net.bitwindow")
    np.savez("data.npz", x=x, y=np.zeros(12, np.int32))
    np.savez("wrong.npz", x=x[:, :2])
    (tmp_path / "net.onnx").write_bytes(b"no model at all")
    return tmp_path


def settled(document: Document, told: threading.Event) -> dict[str, object]:
    """The state once the document waits for its user again."""
    while document.described()["stage"] in {"loading", "calibrating"}:
        assert told.wait(60)
        told.clear()
    return document.described()


@pytest.fixture
def told() -> threading.Event:
    return threading.Event()


def test_a_file_becomes_a_quantizer_step_by_step(folder: Path, told: threading.Event) -> None:
    document = Document("net.bitwindow", told.set)
    document.load()
    state = settled(document, told)
    assert state["stage"] == "failed"
    assert state["wantsFunction"]
    document.load(f"{network.__module__}:network")
    state = settled(document, told)
    assert (state["stage"], state["error"]) == ("waiting", None)
    assert state["inputs"] == [{"name": "x", "shape": "samples, 4", "dtype": "float32"}]

    document.calibrate("wrong.npz", {})
    state = settled(document, told)
    assert state["stage"] == "waiting"
    assert "wants the shape (samples, 4), got (12, 2)" in str(state["error"])
    document.calibrate("data.npz", {"scheme": "minmax", "wordLength": 6, "rounding": "floor"})
    state = settled(document, told)
    assert (state["stage"], state["dirty"]) == ("ready", True)
    q = document.quantizer
    assert (q.scheme, q.word_length, q.rounding, q.calibration.samples) == ("minmax", 6, "floor", 12)

    document.save("net.bitwindow")
    assert document.described()["dirty"] is False
    q.assign(word_length=5)
    assert document.described()["dirty"] is True
    q.undo()
    assert document.described()["dirty"] is False
    told.clear()
    q.lock("kernel")
    assert told.is_set()
    assert document.described()["dirty"] is True
    document.calibrate("data.npz", {"scheme": "minmax", "wordLength": 4})
    assert settled(document, told)["stage"] == "ready"
    assert q["kernel"].format.word_length == 6  # was locked
    q.undo()
    document.save("net.bitwindow")
    assert document.described()["dirty"] is False
    with pytest.raises(DataError, match="wanted the labels as 'y'"):
        _validate_without_labels(document, folder)
    document.validate("data.npz")
    q.wait(60)
    assert document.described()["validated"]
    document.close()
    assert len(q._listeners) == 0


def _validate_without_labels(document: Document, folder: Path) -> None:
    np.savez(folder / "no_labels.npz", x=np.zeros((2, 4), np.float32))
    document.validate("no_labels.npz")


@pytest.mark.parametrize("name", ["net.onnx", "missing.keras"])
def test_what_cannot_be_opened_says_why(folder: Path, told: threading.Event, name: str) -> None:
    document = Document(name, told.set)
    document.load()
    state = settled(document, told)
    assert state["stage"] == "failed"
    assert state["error"]
    assert not state["wantsFunction"]
