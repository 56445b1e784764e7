"""A model's own file travels inside the session, and its front end makes the function again."""

from __future__ import annotations

import json
import sys
import types
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.model import load as registry
from bitwindow.model.origin import Origin
from bitwindow.session.load import read
from bitwindow.session.record import SessionRecord
from bitwindow.session.save import write

ORIGIN = Origin(kind="scaled", content=bytes(range(256)), settings={"gain": 2, "names": ["a", None]})
X = np.random.default_rng(3).normal(size=(8, 4)).astype(np.float32)


def reopen(origin: Origin, example: Any) -> bw.Model:
    if origin.content != ORIGIN.content:
        raise bw.ModelError("wanted the bytes of a scaled model")
    gain = origin.settings["gain"]
    params = {"dense": {"kernel": np.ones((4, 3), np.float32)}}
    return bw.Model(lambda params, x: gain * (x @ params["dense"]["kernel"]), params, example, origin=origin)


@pytest.fixture
def front_end(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = types.ModuleType("scaled_front_end")
    module.reopen = reopen
    monkeypatch.setitem(sys.modules, "scaled_front_end", module)
    monkeypatch.setitem(registry._ORIGINS, "scaled", "scaled_front_end")


def test_the_bytes_come_back(record: SessionRecord, tmp_path: Path) -> None:
    path = tmp_path / "net.bitwindow"
    write(replace(record, origin=ORIGIN), path)
    assert read(path).origin == ORIGIN
    write(replace(record, origin=None), path)
    assert read(path).origin is None


@pytest.mark.usefixtures("front_end")
def test_a_quantizer_comes_back_without_its_source(tmp_path: Path) -> None:
    q = bw.Quantizer(reopen(ORIGIN, X[:2])).calibrate(X, progress=False)
    back = bw.load(q.save(tmp_path / "net.bitwindow"))
    assert back.state == q.state
    assert back.model.origin == ORIGIN
    np.testing.assert_array_equal(back(X), q(X))


@pytest.mark.usefixtures("front_end")
def test_damaged_bytes_are_one_clear_error(tmp_path: Path) -> None:
    q = bw.Quantizer(reopen(ORIGIN, X[:2])).calibrate(X, progress=False)
    q.model.origin = replace(ORIGIN, content=b"other")
    path = q.save(tmp_path / "net.bitwindow")
    with pytest.raises(bw.SessionFileError, match=r"the model inside the session cannot be read: wanted the bytes of"):
        bw.load(path)


def test_a_kind_that_no_front_end_reads(tmp_path: Path) -> None:
    with pytest.raises(bw.ModelError, match=r"got 'tarot'; update bitwindow"):
        registry.reopen(Origin(kind="tarot", content=b""), X)


@pytest.mark.parametrize("damage", ["dtype", "kind", "settings"])
def test_a_damaged_description(
    record: SessionRecord, tmp_path: Path, damage: str, changed: Callable[[Any], Path], saved: Path
) -> None:
    write(replace(record, origin=ORIGIN), saved)

    def change(entries: dict[str, bytes]) -> None:
        manifest = json.loads(entries["manifest.json"])
        origin = manifest["model"]["origin"]
        changes: dict[str, Any] = {"dtype": {"content": manifest["model"]["params"]["items"][0][1]["items"][1][1]}}
        origin.update(changes.get(damage, {damage: 7}))
        entries["manifest.json"] = json.dumps(manifest).encode()

    with pytest.raises(bw.SessionFileError, match=r"model\.origin\.(content|kind|settings)"):
        read(changed(change))
    assert zipfile.is_zipfile(saved)


def test_settings_that_json_cannot_hold() -> None:
    with pytest.raises(bw.ModelError, match="wanted settings that JSON can hold"):
        Origin(kind="x", content=b"", settings={"f": reopen})
