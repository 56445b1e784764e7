"""The whole way in one call: what it keeps, what it takes back, and what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bitwindow as bw
from tests.quantizer.test_widening import PARAMS, RNG, X, Y, forward

W = RNG.normal(size=(6, 4)).astype(np.float32)


def quantizer(params: Any) -> bw.Quantizer:
    return bw.Quantizer(bw.Model(forward, params, X[:2]), batch=64).calibrate(X, progress=False)


def test_one_type_a_tensor_stays_where_it_is_enough() -> None:
    params = {"first": {"w": W}, "second": {"w": RNG.normal(size=(4, 4)).astype(np.float32)}}
    q = quantizer(params)
    found = q.assign_best(X, 8, budget=20, drop=0.05)
    assert not found.offer
    assert q.scheme == "loss"
    assert all(not isinstance(site.format, bw.ChannelFormats) for site in q.sites.values())
    assert found.error == pytest.approx(q.validate(X, None, "mse").quantized_metric)
    # No layer has a bias: there is nothing to correct, and nothing is kept of the attempt.
    assert found.corrected_error is None
    assert str(found).startswith("types: mse ")
    assert "no site needs more bits" in str(found)


def test_more_bits_are_taken_where_eight_break_the_network() -> None:
    q = quantizer(PARAMS)
    found = q.assign_best((X, Y), 8, budget=20)
    assert found.offer.enough
    assert q.validate(X, Y).quantized_metric >= 0.99
    assert max(found.offer.word_lengths.values()) > 8
    q.undo()
    assert q.assignment.scheme == "loss"


def test_biases_are_corrected_where_that_lowers_the_error() -> None:
    params = {name: {"w": layer["w"]} for name, layer in PARAMS.items()}

    def biased(p: Any, x: Any) -> Any:
        return forward(p, x) + p["bias"]

    made = bw.Quantizer(bw.Model(biased, {**params, "bias": np.zeros(4, np.float32)}, X[:2]), batch=64)
    made.rounding = "floor"
    made.calibrate(X, progress=False)
    found = made.assign_best(X, 6, budget=5, metric="mse", drop=1e9)
    assert found.corrected_error is not None
    assert found.corrected_error < found.error
    assert "biases corrected: mse " in str(found)
    assert made.assignment.corrected
