"""Channels that a fold has switched off still get types that can be executed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bitwindow as bw

RNG = np.random.default_rng(8)
X = RNG.normal(size=(16, 5)).astype(np.float32)


def network(params: Any, x: Any) -> Any:
    return x @ params["w"] + params["b"]


def quantizer(scales: Any, bias: Any) -> bw.Quantizer:
    w = (RNG.normal(size=(5, 4)) * scales).astype(np.float32)
    params = {"w": w, "b": np.asarray(bias, np.float32)}
    return bw.Quantizer(bw.Model(network, params, X[:2]), batch=8).calibrate(X, progress=False)


@pytest.mark.parametrize("scheme", ["minmax", "histogram", "mse", "percentile"])
def test_a_channel_that_is_switched_off_is_executed_all_the_same(scheme: str) -> None:
    q = quantizer([1, 1e-35, 1, 1e-20], [0.3, 1.0, -0.2, 0.5])
    q.assign(scheme, 8, per_channel=True)
    formats = q["w"].format
    assert isinstance(formats, bw.ChannelFormats)
    assert q["w"].flag.endswith(
        "2 channels of weights too small to count beside b: the LSB is the finest that an exact sum of both allows"
    )
    out = np.asarray(q(X))
    wanted = np.asarray(network(q.model.params, X))
    assert np.abs(out - wanted).max() <= 0.06 * np.abs(wanted).max()
    assert q["b"].counts is not None
    assert q["b"].counts.overflow == 0


def test_what_is_within_reach_is_left_alone() -> None:
    q = quantizer([1, 1e-4, 1e4, 1e-6], [0.3, 1.0, -0.2, 0.5])
    q.assign("minmax", 8, per_channel=True)
    formats = q["w"].format
    assert isinstance(formats, bw.ChannelFormats)
    for channel, fmt in enumerate(formats):
        spectrum = bw.Spectrum.of(q.network.parameters["w"][:, channel])
        assert spectrum.counts(fmt).overflow == 0 < spectrum.counts(finer(fmt)).overflow
    assert q["w"].flag == ""


def finer(fmt: bw.FixedPoint) -> bw.FixedPoint:
    return bw.FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length + 1)


def test_a_weight_of_one_type_is_brought_into_reach_too() -> None:
    q = quantizer(1e-35, [0.3, 1.0, -0.2, 0.5]).assign("mse", 8)
    assert q["w"].flag.startswith("weights too small to count beside b")
    assert np.allclose(np.asarray(q(X)), [0.3, 1.0, -0.2, 0.5], atol=0.01)
    assert not q.wider()  # finer types would leave less noise, and could not be executed


def test_offers_measured_on_data_stay_within_reach() -> None:
    scales = np.array([1, 2.0**-8, 2.0**-3, 1e-35], np.float32)
    params = {
        "w": RNG.normal(size=(5, 4)).astype(np.float32) * scales,
        "b": np.array([0, 0, 0, 0.5], np.float32),
        "v": np.diag([1, 2.0**8, 2.0**3, 1]).astype(np.float32),
    }

    def two(p: Any, x: Any) -> Any:
        return (x @ p["w"] + p["b"]) @ p["v"]

    x = RNG.normal(size=(60, 5)).astype(np.float32)
    q = bw.Quantizer(bw.Model(two, params, x[:2]), batch=8).calibrate(x, progress=False)
    q.assign("mse", 16, word_lengths={"weight": 6})
    offer = q.wider(x, drop=0.05)
    assert isinstance(offer.formats.get("w"), bw.ChannelFormats)
    assert offer.word_lengths["w"] == 6
    q.accept(offer)
    assert q.validate(x, None, "agreement").quantized_metric >= 0.95
