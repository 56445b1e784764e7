"""What the scheme chose is remembered: where the types differ, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bitwindow as bw

X = np.random.default_rng(11).normal(size=(20, 6)).astype(np.float32)


def network(params: Any, x: Any) -> Any:
    return x @ params["out"]["kernel"] + params["out"]["bias"]


@pytest.fixture
def q() -> bw.Quantizer:
    rng = np.random.default_rng(5)
    params = {"out": {"kernel": rng.normal(size=(6, 3)).astype("f4"), "bias": rng.normal(size=3).astype("f4")}}
    return bw.Quantizer(bw.Model(network, params, X[:2])).calibrate(X, progress=False).assign("minmax", 6)


def changed(q: bw.Quantizer) -> list[str]:
    return list(q.changed_sites)


def types(q: bw.Quantizer) -> dict[str, str]:
    return {name: str(site.format) for name, site in q.sites.items()}


def test_before_any_assignment_nothing_is_chosen() -> None:
    params = {"out": {"kernel": np.ones((6, 3), np.float32), "bias": np.ones(3, np.float32)}}
    q = bw.Quantizer(bw.Model(network, params, X[:2]))
    q["out"].format = "sfix8_En1"
    assert (dict(q.chosen_formats), changed(q)) == ({}, [])
    q.reset("out")
    assert str(q["out"].format) == "sfix8_En1"


def test_changes_are_listed_and_taken_back_one_by_one_and_all_together(q: bw.Quantizer) -> None:
    chosen, reason = types(q), q["out/kernel"].reason
    q["out"].format = "float"
    q["out/kernel"].format = "sfix4_En1"
    assert changed(q) == ["out/kernel", "out"]
    assert str(q.chosen_formats["out/kernel"]) == chosen["out/kernel"]
    q.reset("out/kernel")
    assert changed(q) == ["out"]
    assert q["out/kernel"].reason == reason
    q["out/bias"].format = "sfix8_En3"
    q.reset()
    assert (types(q), changed(q)) == (chosen, [])
    q.undo()
    assert changed(q) == ["out/bias", "out"]


def test_a_bias_that_follows_is_no_change_and_one_that_was_set_follows_again(q: bw.Quantizer) -> None:
    chosen = types(q)
    q["out/kernel"].format = "sfix4_En1"
    assert types(q)["out/bias"] != chosen["out/bias"]
    assert changed(q) == ["out/kernel"]
    q["out/bias"].format = "sfix8_En3"
    assert changed(q) == ["out/kernel", "out/bias"]
    q.reset("out/bias")
    assert changed(q) == ["out/kernel"]
    q.reset("out/kernel")
    assert types(q) == chosen


def test_an_undone_assignment_brings_the_choice_before_it_back(q: bw.Quantizer) -> None:
    before = dict(q.chosen_formats)
    q["out"].format = "sfix4_En1"
    q.assign("minmax", 4)
    assert changed(q) == []
    q.undo()
    assert dict(q.chosen_formats) == before
    assert changed(q) == ["out"]


def test_a_site_that_is_none_is_refused(q: bw.Quantizer) -> None:
    q["out"].format = "sfix4_En1"
    with pytest.raises(bw.SettingError, match="got 'outt'"):
        q.reset("out", "outt")
    assert changed(q) == ["out"]


def test_the_choice_comes_back_from_a_file(q: bw.Quantizer, tmp_path: Path) -> None:
    q["out"].format = "sfix4_En1"
    back = bw.load(q.save(tmp_path / "net.bitwindow"), fn=network)
    assert changed(back) == ["out"]
    back.reset()
    assert back["out"].format == q.chosen_formats["out"]
