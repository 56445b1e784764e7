"""Networks of known families go the whole way: counted, typed, bit-true, live, prepared, saved and opened again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import bitwindow as bw
from tests.network.known_families import KNOWN
from tests.network.networks import CASES

SAMPLES = 10
"""Two chunks and a half."""


def data_of(model: bw.Model) -> tuple[Any, ...]:
    """Drawn inputs, as many as the function takes."""
    rng = np.random.default_rng(7)
    return tuple(
        rng.normal(size=(SAMPLES, *leaf.shape[1:])).astype(leaf.dtype) for leaf in jax.tree.leaves(model.at_batch(1))
    )


def apart(outputs: Any, targets: Any) -> float:
    """The mean distance over the mean size of the targets, the worst of several outputs."""
    pairs = zip(jax.tree.leaves(outputs), jax.tree.leaves(targets), strict=True)
    return max(float(np.mean(np.abs(one - np.asarray(other))) / np.mean(np.abs(other))) for one, other in pairs)


@pytest.mark.parametrize("name", KNOWN)
def test_a_family_goes_the_whole_way(name: str, tmp_path: Path) -> None:
    model = CASES[name]()
    inputs = data_of(model)
    x = inputs if len(inputs) > 1 else inputs[0]
    y = jax.tree.map(np.asarray, model.fn(model.params, *inputs))
    q = bw.Quantizer(model, batch=4).calibrate(x, progress=False).assign("minmax", 16)
    assert apart(q(x), y) < 0.02

    q.assign("mse", 8)
    report = q.validate(x, y, "mse")
    q.watch(x, y, "mse")
    assert q.wait(240)
    live = q.evaluation
    q.unwatch()
    assert live is not None
    assert (live.error, live.n, live.quantized_metric) == (None, SAMPLES, report.quantized_metric)

    again = bw.load(q.save(tmp_path / "net.bitwindow"), fn=model.fn, params=model.params)
    for one, other in zip(jax.tree.leaves(again(x)), jax.tree.leaves(q(x)), strict=True):
        np.testing.assert_array_equal(one, other)

    prepared = bw.Quantizer(model, batch=4)
    prepared.prepare(x)
    prepared.calibrate(x, progress=False).assign("minmax", 16)
    assert apart(prepared(x), y) < 0.02
