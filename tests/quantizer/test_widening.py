"""More bits where they are needed: flagged after ``assign``, offered, measured, accepted, undone."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.assign.offer import Better, Offer

RNG = np.random.default_rng(4)
X = RNG.normal(size=(200, 6)).astype(np.float32)
# A feature of the hidden layer 60 times as large as the others, which the last layer weighs down by as much.
SCALE = np.array([60.0, 1, 1, 1, 1, 1, 1, 1], np.float32)
PARAMS = {
    "first": {"w": RNG.normal(size=(6, 8)).astype(np.float32) * SCALE},
    "second": {"w": RNG.normal(size=(8, 4)).astype(np.float32) / SCALE[:, None]},
}
Y = np.argmax(np.maximum(X @ PARAMS["first"]["w"], 0) @ PARAMS["second"]["w"], axis=1)


def forward(params: Any, x: Any) -> Any:
    return jnp.maximum(x @ params["first"]["w"], 0) @ params["second"]["w"]


@pytest.fixture(scope="module")
def q() -> bw.Quantizer:
    return bw.Quantizer(bw.Model(forward, PARAMS, X[:2]), batch=64).calibrate(X, progress=False).assign("mse", 8)


def test_a_network_that_eight_bits_break_says_so_and_is_mended_by_the_offer(q: bw.Quantizer) -> None:
    report = q.validate(X, Y)
    assert report.quantized_metric < 0.9
    assert "below float: q.wider((x, y)) offers more bits where they are needed" in str(report)
    offer = q.wider((X, Y))
    assert offer.enough
    assert offer
    assert all(8 <= bits <= 16 for bits in offer.word_lengths.values())
    before = q.assignment
    q.accept(offer)
    mended = q.validate(X, Y)
    assert mended.quantized_metric >= 0.99
    assert "below float" not in str(mended)
    name = next(iter(offer.sites))
    assert q[name].format == offer.formats[name]
    assert q[name].reason.endswith(f"{before.formats[name]} -> {q[name].format}")
    assert not q.wider((X, Y))
    q.undo()
    assert q.assignment == before


def test_the_offer_may_compare_with_the_float_network_and_with_another_metric(q: bw.Quantizer) -> None:
    assert q.wider(X).formats == q.wider((X, Y)).formats
    assert q.wider(X, metric="mse", drop=0.05).enough
    with pytest.raises(bw.SettingError, match="drop: wanted how much mse may lose"):
        q.wider(X, metric="mse")


def test_a_window_that_loses_its_tensor_is_flagged_and_another_offered(q: bw.Quantizer) -> None:
    assert not q.wider()
    q.assign("mse", 3)
    assert q["input"].flag.startswith("3 bits leave ")
    assert q.wider().sites["input"].reason == q["input"].flag
    q["input"].format = "sfix8_En9"
    offer = q.wider()
    assert "another window" in offer.sites["input"].reason
    q.accept(offer)
    assert q["input"].sqnr is not None
    assert q["input"].sqnr > 20
    assert q["input"].flag == ""
    q.assign("mse", 8)


def test_what_cannot_be_offered_or_accepted_is_refused_in_words(q: bw.Quantizer) -> None:
    fresh = bw.Quantizer(bw.Model(forward, PARAMS, X[:2]), batch=64)
    with pytest.raises(bw.DataError, match="wider: wanted calibration data first"):
        fresh.wider()
    fmt = bw.FixedPoint(True, 9, 3)
    other = Offer(summary="", sites={"conv9": Better(present=fmt, format=fmt, reason="")})
    with pytest.raises(bw.SettingError, match="got one for 'conv9'"):
        q.accept(other)


def test_weights_whose_channels_differ_are_offered_a_window_for_each_before_more_bits() -> None:
    scales = 2.0 ** np.array([0, -6, -3, -8], np.float32)
    w = RNG.normal(size=(6, 4)).astype(np.float32)
    params = {"first": {"w": w * scales}, "second": {"w": np.diag(1 / scales).astype(np.float32)}}
    labels = np.argmax(np.maximum(X @ w, 0), axis=1)
    q = bw.Quantizer(bw.Model(forward, params, X[:2]), batch=64).calibrate(X, progress=False)
    q.assign("mse", 16, word_lengths={"weight": 6})
    assert q.validate(X, labels).quantized_metric < 0.7
    offer = q.wider((X, labels), drop=0.04)
    assert offer.enough
    assert set(offer.sites) <= {"first/w", "second/w"}
    assert all(isinstance(fmt, bw.ChannelFormats) for fmt in offer.formats.values())
    assert set(offer.word_lengths.values()) == {6}
    assert "of no more bits, but other windows: accuracy " in str(offer)
    before = q.quantized_bytes
    q.accept(offer)
    assert q.validate(X, labels).quantized_metric >= 0.96
    assert q.quantized_bytes == before
    assert "a window for each channel, as measured: sfix6_En" in q["first/w"].reason
    assert not q.wider((X, labels), drop=0.04)
    q.undo()
    assert isinstance(q["first/w"].format, bw.FixedPoint)


def test_types_by_channel_are_flagged_and_mended_as_one_type_is(q: bw.Quantizer) -> None:
    q.assign("mse", 8, per_channel=True)
    good = q["first/w"].format
    assert isinstance(good, bw.ChannelFormats)
    assert q["first/w"].flag == ""
    assert not q.wider()
    q["first/w"].format = good.moved_to(bw.FixedPoint(True, 8, good.coarsest.fraction_length - 7))
    offer = q.wider()
    assert list(offer.formats.items()) == [("first/w", good)]
    q.accept(offer)
    assert q["first/w"].format == good
    # Six bits are enough for random values in each channel; two are not, and the row says what would be.
    q.assign("mse", 2, per_channel=True, word_lengths={"activation": 8, "input": 8})
    assert q["first/w"].flag.startswith("2 bits leave ")
    wanted = q.wider().formats["first/w"]
    assert isinstance(wanted, bw.ChannelFormats)
    assert 3 <= wanted.word_length <= 6
    q.assign("mse", 8, per_channel=False)
