"""The widths that sums need: under the modes that are set, and without storing again what is stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.execute import parameters

X = np.linspace(0, 1, 24, dtype=np.float32).reshape(6, 4)
WEIGHTS = np.full((4, 2), 0.75, np.float32)


def forward(params: Any, x: Any) -> Any:
    return x @ params["w"]


@pytest.fixture
def q() -> bw.Quantizer:
    made = bw.Quantizer(bw.Model(forward, {"w": WEIGHTS}, X[:2]), batch=2).calibrate(X, progress=False)
    made["w"].format = "sfix4_En0"
    made["input"].format = "ufix8_En8"
    return made


def test_a_report_gives_those_of_the_modes_that_are_set(q: bw.Quantizer) -> None:
    # Four products of 1 and 255: 1020 is 11 bits signed. Floor stores 0, whose sums need next to nothing.
    assert q.validate(X).accumulator_widths == {"dense1": 11}
    assert "accumulator: 11 bits" in q.explain("dense1")
    q.rounding = "floor"
    (width,) = q.validate(X).accumulator_widths.values()
    assert width < 11
    assert f"accumulator: {width} bits" in q.explain("dense1")


def test_to_explain_stores_no_parameter_again(q: bw.Quantizer, monkeypatch: pytest.MonkeyPatch) -> None:
    q.explain("dense1")
    stored: list[str] = []
    store_one = parameters._store_one

    def noted(network: Any, site: str, *rest: Any) -> Any:
        stored.append(site)
        return store_one(network, site, *rest)

    monkeypatch.setattr(parameters, "_store_one", noted)
    q.explain("dense1")
    assert stored == []
    q["w"].format = "sfix4_En1"
    q.explain("dense1")
    assert stored == ["w"]
