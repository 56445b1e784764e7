"""Prepared networks of every front end come back from their files to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.session.load import read
from bitwindow.session.record import PreparedRecord
from bitwindow.session.save import write
from tests.model.cases import CASES, arguments, case_of, leaves

X = np.random.default_rng(2).normal(size=(6, 3)).astype(np.float32)


def same_bits(one: Any, other: Any) -> None:
    for first, second in zip(leaves(one), leaves(other), strict=True):
        assert first.dtype == second.dtype
        np.testing.assert_array_equal(first, second)


def distance(outputs: Any, labels: Any) -> float:
    """Of any number of outputs from the float network's."""
    pairs = zip(leaves(outputs), leaves(labels), strict=True)
    return float(sum(np.mean(np.abs(one.astype(np.float64) - other)) for one, other in pairs))


@pytest.mark.parametrize("name", CASES)
def test_a_prepared_network_comes_back(name: str, tmp_path: Path) -> None:
    case = case_of(name)
    q = bw.Quantizer(case.make(), batch=8)
    report = q.prepare(case.inputs)
    assert not [step for step in report.refused if "noise" in step.what]
    assert report.output_change < 1e-5
    q.calibrate(case.inputs, progress=False).assign("mse", 8)
    wanted = q.validate(case.inputs, None, distance)
    path = q.save(tmp_path / "net.bitwindow")
    fresh = case.make()  # as another process would open it
    back = bw.load(path, **({} if case.whole else {"fn": fresh.fn, "params": fresh.params}))
    assert back.state == q.state
    assert back.calibration == q.calibration
    assert list(back.sites) == list(q.sites)
    structures: list[Any] = [jax.tree.structure(one.model.params) for one in (back, q)]
    assert structures[0] == structures[1]
    same_bits(back.model.params, q.model.params)
    same_bits(back.original_model.params, q.original_model.params)
    run = [one.model.fn(one.model.params, *arguments(case)) for one in (back, q)]
    same_bits(*run)
    same_bits(back(case.inputs), q(case.inputs))
    found = back.validate(case.inputs, None, distance)
    assert str(found) == str(wanted)
    for figure in ("float_metric", "quantized_metric", "interval", "n", "float_bytes", "quantized_bytes", "flips"):
        assert getattr(found, figure) == getattr(wanted, figure), figure
    again = back.save(tmp_path / "again.bitwindow")
    assert again.read_bytes() == path.read_bytes()
    assert (read(again, fresh.params).prepared is None) == (q.model is q.original_model)


def test_a_network_that_preparation_leaves_alone(tmp_path: Path) -> None:
    tree = {"w": [np.eye(3, dtype=np.float32), {"b": np.ones(3, np.float32)}]}
    model = bw.Model(lambda params, x: jax.numpy.tanh(x @ params["w"][0]) * params["w"][1]["b"], tree, X)
    q = bw.Quantizer(model, batch=4)
    assert not q.prepare(X).done
    assert q.model is model
    q.calibrate(X, progress=False).assign("minmax", 8)
    path = q.save(tmp_path / "net.bitwindow")
    np.testing.assert_array_equal(bw.load(path, fn=model.fn)(X), q(X))
    # As files were written before: with the model's own tree.
    record = read(path)
    assert record.prepared is None
    write(replace(record, prepared=PreparedRecord(settings={"fold": True}, params=tree)), path)
    np.testing.assert_array_equal(bw.load(path, fn=model.fn)(X), q(X))
