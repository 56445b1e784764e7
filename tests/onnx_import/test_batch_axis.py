"""Graphs that have their batch elsewhere than on the first axis: models take and return it first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.errors import ModelError
from bitwindow.network.trace import trace
from tests.onnx_import.graphs import model, node, reference

RNG = np.random.default_rng(4)
HIDDEN, FEATURES, STEPS, SAMPLES = 4, 3, 5, 12
X = RNG.normal(size=(SAMPLES, STEPS, FEATURES)).astype(np.float32)
H0 = RNG.normal(size=(SAMPLES, 1, HIDDEN)).astype(np.float32)


def recurrent(batch: int | str, time: int | str = STEPS, *, start: bool = False) -> Any:
    """A GRU over (time, batch, features) with a dense layer at every step, and its last state."""
    constants = {
        "gru.W": RNG.normal(size=(1, 3 * HIDDEN, FEATURES)).astype(np.float32),
        "gru.R": RNG.normal(size=(1, 3 * HIDDEN, HIDDEN)).astype(np.float32),
        "one": np.array([1]),
        "fc": RNG.normal(size=(HIDDEN, 2)).astype(np.float32),
    }
    begun = ["", "", "h0"] if start else []
    nodes = [
        node("GRU", ["x", "gru.W", "gru.R", *begun], ["all", "last"], "/gru/GRU", hidden_size=HIDDEN),
        node("Squeeze", ["all", "one"], "steps"),
        node("MatMul", ["steps", "fc"], "y", "/fc/MatMul"),
    ]
    inputs = {"x": [time, batch, FEATURES]} | ({"h0": [1, batch, HIDDEN]} if start else {})
    return model(nodes, inputs, ["y", "last"], constants)


def test_a_size_called_batch_says_where_the_batch_is(tmp_path: Path) -> None:
    proto = recurrent("batch", "time", start=True)
    loaded = bw.load(proto, dims={"time": STEPS})
    steps, last = reference(proto, {"x": X.swapaxes(0, 1), "h0": H0.swapaxes(0, 1)})
    found = loaded.fn(loaded.params, {"x": X, "h0": H0})
    np.testing.assert_allclose(found["y"], steps.swapaxes(0, 1), atol=1e-5)
    np.testing.assert_allclose(found["last"], last.swapaxes(0, 1), atol=1e-5)
    assert list(trace(loaded, 2).sites) == list(trace(loaded, 5).sites)

    q = bw.Quantizer(loaded, batch=4).calibrate({"x": X, "h0": H0}, progress=False)
    q.assign("minmax", 16)
    out = q({"x": X, "h0": H0})
    assert np.abs(out["y"] - found["y"]).max() < 0.005 * np.abs(found["y"]).max()
    q.save(tmp_path / "net.bitwindow")
    again = bw.load(tmp_path / "net.bitwindow")({"x": X, "h0": H0})
    assert np.abs(again["last"] - out["last"]).max() == 0


@pytest.mark.parametrize(("batch", "given"), [("n?", 1), (1, {"x": 1, "y": 1, "last": 1})])
def test_an_axis_that_is_said(batch: int | str, given: Any) -> None:
    proto = recurrent(batch)
    loaded = bw.load(proto, batch_axis=given)
    one = (
        [reference(proto, {"x": x[:, None]}) for x in X] if batch == 1 else [reference(proto, {"x": X.swapaxes(0, 1)})]
    )
    found = loaded.fn(loaded.params, X)
    for place, name in enumerate(("y", "last")):
        wanted = np.concatenate([outputs[place] for outputs in one], axis=1).swapaxes(0, 1)
        np.testing.assert_allclose(found[name], wanted, atol=1e-5)


def test_words_for_an_axis_that_cannot_be() -> None:
    with pytest.raises(ModelError, match=r"batch_axis: wanted the place of the batch in input 'x' .*, got 3"):
        bw.load(recurrent("n?"), batch_axis=3)
    with pytest.raises(ModelError, match=r"batch_axis: wanted names of inputs or outputs .*, got 'z'"):
        bw.load(recurrent("n?"), batch_axis={"z": 1})
