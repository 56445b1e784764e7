"""The loss scheme on a quantizer: better than every other scheme on its data, with and without labels."""

from __future__ import annotations

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.assign.schemes import SCHEMES

RNG = np.random.default_rng(4)
X = RNG.normal(size=(300, 8)).astype(np.float32)
PARAMS = {"first": RNG.normal(size=(8, 12)).astype(np.float32), "second": RNG.normal(size=(12, 4)).astype(np.float32)}
MODEL = bw.Model(lambda params, x: abs(x @ params["first"]) @ params["second"], PARAMS, X[:2])
Y = np.argmax(abs(X @ PARAMS["first"]) @ PARAMS["second"], axis=1)


@pytest.fixture(scope="module")
def q() -> bw.Quantizer:
    return bw.Quantizer(MODEL, batch=64).calibrate(X, progress=False)


def loss_of(q: bw.Quantizer, scheme: str, metric: str) -> float:
    q.assign(scheme, 4)
    return q.validate(X, Y if metric == "accuracy" else None, metric).quantized_metric


def test_it_is_at_least_as_good_as_every_other_scheme_on_its_data(q: bw.Quantizer) -> None:
    best = max(loss_of(q, scheme, "accuracy") for scheme in SCHEMES)
    q.assign("loss", 4, data=(X, Y))
    found, types = q.validate(X, Y).quantized_metric, q.assignment.formats
    assert found > best
    assert q.scheme == "loss"
    reasons = [site.reason for site in q.sites.values() if site.format != "float" and "follows" not in site.reason]
    assert all("evaluations in all; accuracy" in reason for reason in reasons)
    q.assign("histogram", 4).assign("loss", 4, data=(X, Y))
    assert q.assignment.formats == types


def test_it_needs_no_labels(q: bw.Quantizer) -> None:
    best = min(loss_of(q, scheme, "mse") for scheme in SCHEMES)
    q.assign("loss", 4, data=X, metric="mse", budget=8)
    assert q.validate(X, metric="mse").quantized_metric < best


def test_it_takes_the_watched_data_and_else_asks_for_some(q: bw.Quantizer) -> None:
    with pytest.raises(bw.DataError, match=r"wants data to measure on, got none. Pass data=\(x, y\)"):
        q.assign("loss")
    q.look_ahead = False
    q.watch(X, Y)
    q.assign("loss", 4, budget=3)
    assert q.wait(240)
    assert q.evaluation is not None
    assert f"accuracy {q.evaluation.quantized_metric:.4g} over 300 samples" in q["input"].reason
    with pytest.raises(bw.SettingError, match="budget: wanted a positive number"):
        q.assign("loss", budget=0)
    q.unwatch()
