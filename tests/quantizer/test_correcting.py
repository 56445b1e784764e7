from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from numpy.typing import NDArray

import bitwindow as bw
from bitwindow.errors import SessionFileError, SettingError

RNG = np.random.default_rng(21)


def f32(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


PARAMS = {
    "conv": {"kernel": f32(RNG.normal(size=(3, 3, 2, 5)) / 4), "bias": f32(RNG.normal(size=5) / 8)},
    "depth": {"kernel": f32(RNG.normal(size=(3, 3, 1, 5)) / 3), "bias": f32(RNG.normal(size=5) / 8)},
    "plain": {"kernel": f32(RNG.normal(size=(5, 6)))},
    "dense": {"kernel": f32(RNG.normal(size=(6, 3))), "bias": f32(RNG.normal(size=3))},
}
X = f32(RNG.normal(size=(96, 8, 8, 2)))
SPECS = ("NHWC", "HWIO", "NHWC")


def network(params: Any, x: Any) -> Any:
    y = lax.conv_general_dilated(x, params["conv"]["kernel"], (1, 1), "SAME", dimension_numbers=SPECS)
    y = jax.nn.relu(y + params["conv"]["bias"])
    y = lax.conv_general_dilated(
        y, params["depth"]["kernel"], (1, 1), "SAME", dimension_numbers=SPECS, feature_group_count=5
    )
    y = jax.nn.relu(y + params["depth"]["bias"]).mean(axis=(1, 2))
    y = jax.nn.relu(y @ params["plain"]["kernel"])
    return y @ params["dense"]["kernel"] + params["dense"]["bias"]


SHARED = bw.Quantizer(bw.Model(network, PARAMS, X[:2]), batch=32).calibrate(X, progress=False)
"""One for all tests, so that its steps compile once."""


def quantizer(rounding: str = "floor", width: int = 6) -> bw.Quantizer:
    SHARED.rounding = rounding
    return SHARED.assign("minmax", width, per_channel=False)


def mean_errors(q: bw.Quantizer) -> NDArray[np.float64]:
    error = np.asarray(q(X), np.float64) - np.asarray(network(PARAMS, X), np.float64)
    return np.asarray(np.abs(error.mean(axis=0)))


@pytest.mark.parametrize("per_channel", [False, True])
def test_truncation_no_longer_shifts_the_outputs(per_channel: bool) -> None:  # noqa: FBT001  (a case)
    q = quantizer()
    q.assign("minmax", 6, per_channel=per_channel)
    before = mean_errors(q)
    report = q.correct_biases(X)
    after = mean_errors(q)
    lsb = 2.0 ** -q.assignment.formats[list(q.sites)[-1]].fraction_length  # type: ignore[union-attr]
    assert before.max() > lsb / 4
    assert (after < before.max() / 4).all()
    assert after.max() < lsb / 8
    assert [one.layer for one in report.corrected] == ["conv", "depth", "dense"]
    assert [(one.layer, one.skipped) for one in report.skipped] == [("plain", "it has no bias")]
    assert report.largest == max(one.largest or 0.0 for one in report.corrected) > 0
    assert "3 biases corrected, 1 layers left alone" in str(report)
    assert report.samples == 96


def test_each_layer_alone_has_the_mean_error_of_its_channels_taken_out() -> None:
    """By hand, for the first layer: b' = b + mean(z) - mean(floor(z' to the output's LSB))."""
    q = quantizer()
    kernel, x, out = (q[name].format for name in ("conv/kernel", "input", "conv"))
    assert isinstance(out, bw.FixedPoint)
    assert isinstance(kernel, bw.FixedPoint | bw.ChannelFormats)
    conv = q.network.layers[0]
    assert conv.name == "conv"
    weights = bw.quantize(PARAMS["conv"]["kernel"], str(kernel), rounding="floor")
    bias = bw.quantize(PARAMS["conv"]["bias"], str(q["conv/bias"].format), rounding="floor")
    stored = bw.quantize(X, str(x), rounding="floor")

    def sums(x: Any, kernel: Any, bias: Any) -> NDArray[np.float64]:
        pads = np.pad(np.asarray(x, np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
        taps = [
            pads[:, i : i + 8, j : j + 8] @ np.asarray(kernel, np.float64)[i, j] for i in range(3) for j in range(3)
        ]
        return np.asarray(sum(taps) + np.asarray(bias, np.float64))

    wanted = sums(X, PARAMS["conv"]["kernel"], PARAMS["conv"]["bias"]).mean(axis=(0, 1, 2))
    floored = np.floor(sums(stored, weights, bias) / out.lsb) * out.lsb
    q.correct_biases(X)
    got = q.assignment.corrected["conv/bias"].values - PARAMS["conv"]["bias"]
    np.testing.assert_allclose(got, wanted - floored.mean(axis=(0, 1, 2)), atol=2e-6)


def test_what_is_not_shifted_is_left_nearly_alone() -> None:
    q = quantizer("round", 16)
    report = q.correct_biases(X)
    assert report.largest < 2e-3
    again = q.correct_biases(X)  # from the float network's biases again, not from the corrected ones
    assert again.largest == report.largest


def test_it_is_one_step_to_undo_and_the_float_network_stays() -> None:
    q = quantizer()
    plain, before = np.asarray(q(X)), q.validate(X, None)
    stored = q["dense/bias"].spectrum
    q.correct_biases(X, samples=40)
    assert q["dense/bias"].reason.count("corrected by at most") == 1
    assert q["dense/bias"].spectrum != stored
    corrected = np.asarray(q(X))
    assert not np.array_equal(plain, corrected)
    assert q.validate(X, None).float_metric == before.float_metric
    q.undo()
    assert "corrected" not in q["dense/bias"].reason
    assert q["dense/bias"].spectrum == stored
    np.testing.assert_array_equal(np.asarray(q(X)), plain)
    q.redo()
    np.testing.assert_array_equal(np.asarray(q(X)), corrected)
    q["conv"].format = "ufix6_En3"
    assert set(q.assignment.corrected) == {"conv/bias", "depth/bias", "dense/bias"}
    q.assign()
    assert not q.assignment.corrected


def test_a_session_keeps_the_corrected_biases(tmp_path: Path) -> None:
    q = quantizer()
    q.correct_biases(X)
    loaded = bw.load(q.save(tmp_path / "corrected.bitwindow"), fn=network)
    assert loaded.assignment == q.assignment
    np.testing.assert_array_equal(np.asarray(loaded(X)), np.asarray(q(X)))


def test_the_live_figure_follows_a_correction() -> None:
    q = quantizer()
    labels = np.asarray(network(PARAMS, X))
    q.watch(X, labels, metric="mse")
    assert q.wait(60)
    before = q.evaluation
    q.correct_biases(X)
    assert q.wait(60)
    after = q.evaluation
    assert before is not None
    assert after is not None
    assert after.quantized_metric == q.validate(X, labels, metric="mse").quantized_metric
    assert after.quantized_metric is not None
    assert before.quantized_metric is not None
    assert after.quantized_metric < before.quantized_metric / 2
    q.unwatch()


def test_accuracy_of_a_real_network_under_truncation_rises() -> None:
    from bitwindow.demo.record import digits

    demo = digits()
    q = bw.Quantizer(demo.model, batch=64)
    q.rounding = "floor"
    q.calibrate(demo.calibration[:128], progress=False)
    q.assign("minmax", 5)
    x, y = demo.x[:512], demo.y[:512]
    before = q.validate(x, y)
    q.correct_biases(demo.calibration[:128])
    after = q.validate(x, y)
    # No chance of the draw: the 95 % intervals of the population's accuracy do not meet.
    assert before.interval is not None
    assert after.interval is not None
    assert after.interval[0] > before.interval[1]


def test_layers_that_it_cannot_correct_say_why() -> None:
    def shared(params: Any, x: Any) -> Any:
        y = jnp.tanh(x @ params["w"] + params["b"])
        return y @ params["v"] + params["b"] + jnp.zeros(())

    params = {"w": f32(RNG.normal(size=(4, 4))), "v": f32(RNG.normal(size=(4, 4))), "b": f32(RNG.normal(size=4))}
    x = f32(RNG.normal(size=(6, 4)))
    q = bw.Quantizer(bw.Model(shared, params, x[:2]), batch=2).calibrate(x, progress=False)
    q.assign("minmax", 8)
    reasons = {one.skipped for one in q.correct_biases(x).skipped}
    assert reasons <= {"its bias b is another layer's too", "it runs in float", "it has no bias"}
    assert reasons
    with pytest.raises(SettingError, match="samples: wanted a positive integer, got 0"):
        q.correct_biases(x, samples=0)


def test_a_session_with_a_corrected_bias_of_another_shape_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    from bitwindow.assign.records import CorrectedBias

    q = quantizer()
    q.correct_biases(X)
    wrong = {**q.assignment.corrected, "dense/bias": CorrectedBias(values=f32(np.ones(2)), largest=1.0)}
    q.restore(q.calibration, replace(q.state, assignment=replace(q.assignment, corrected=wrong), chosen=None))
    path = q.save(tmp_path / "wrong.bitwindow")
    with pytest.raises(SessionFileError, match=r"dense/bias: wanted a bias with corrected values of shape \(3,\)"):
        bw.load(path, fn=network)
