"""Locks are the quantizer's own: told to all who listen, no steps to undo, and saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.session.view import View

X = np.random.default_rng(3).normal(size=(16, 4)).astype(np.float32)


def network(params: Any, x: Any) -> Any:
    return x @ params["kernel"] + params["bias"]


@pytest.fixture(scope="module")
def counted() -> bw.Quantizer:
    params = {"kernel": np.eye(4, 3, dtype=np.float32), "bias": np.ones(3, np.float32)}
    return bw.Quantizer(bw.Model(network, params, X[:2])).calibrate(X, progress=False)


@pytest.fixture
def q(counted: bw.Quantizer) -> bw.Quantizer:
    counted.unlock()
    return counted


def test_locks_are_told_once_and_listed_in_the_order_of_the_network(q: bw.Quantizer) -> None:
    told: list[str] = []
    stop = q.listen(told.append)
    names = list(q.sites)
    q.lock(names[2], names[0])
    seen = [q.locked]
    q.lock(names[0])  # is locked already
    for change, given in ((q.unlock, names[2:3]), (q.lock, []), (q.unlock, [])):
        change(*given)
        seen.append(q.locked)
    assert seen == [(names[0], names[2]), (names[0],), tuple(names), ()]
    assert told == ["locks"] * 4
    stop()


def test_undo_leaves_locks_alone(q: bw.Quantizer) -> None:
    q["kernel"].format = "sfix8_En2"
    q.lock("kernel")
    q["bias"].format = "sfix8_En2"
    q.undo()
    assert q.locked == ("kernel",)
    assert str(q["kernel"].format) == "sfix8_En2"


def test_an_assignment_keeps_what_is_locked_when_it_is_asked_to(q: bw.Quantizer) -> None:
    q["kernel"].format = "sfix5_En1"
    q.lock("kernel")
    q.assign("minmax", keep=q.locked)
    assert str(q["kernel"].format) == "sfix5_En1"


def test_there_is_no_lock_for_a_site_that_is_not_there(q: bw.Quantizer) -> None:
    for change in (q.lock, q.unlock):
        with pytest.raises(bw.SettingError, match=r"got 'colonel'.*kernel"):
            change("bias", "colonel")
    assert q.locked == ()


def test_locks_and_the_view_come_back_from_a_file(q: bw.Quantizer, tmp_path: Path) -> None:
    q.lock("bias")
    q.view = View(overflow_threshold=0.25, search="ker", kinds=("weight",), sort_by="sqnr", selected="kernel")
    back = bw.load(q.save(tmp_path / "net.bitwindow"), fn=network)
    assert back.locked == ("bias",)
    assert back.view == q.view
    panel = back.panel()
    assert [row.name for row in panel.heat_map.window.rows if row.locked] == ["bias"]
    assert panel.heat_map.window.overflow_threshold == 0.25
    assert panel.selected == "kernel"
    panel.close()
