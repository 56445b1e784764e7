"""The whole way from a small network to its figures, and what the one mutable object promises on it."""

from __future__ import annotations

import threading
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

import bitwindow as bw

RNG = np.random.default_rng(7)
X = RNG.random((50, 8, 8, 1), np.float32)
Y = RNG.integers(0, 3, 50)


def network(params: Any, x: Any) -> Any:
    y = jax.lax.conv_general_dilated(
        x, params["conv1"]["kernel"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    y = jax.nn.relu(y + params["conv1"]["bias"])
    y = y.reshape(y.shape[0], -1)
    return y @ params["dense1"]["kernel"] + params["dense1"]["bias"]


def parameters() -> Any:
    rng = np.random.default_rng(3)
    return {
        "conv1": {"kernel": rng.normal(0, 0.4, (3, 3, 1, 4)).astype("f4"), "bias": rng.normal(0, 0.1, 4).astype("f4")},
        "dense1": {"kernel": rng.normal(0, 0.1, (256, 3)).astype("f4"), "bias": np.zeros(3, np.float32)},
    }


def fresh(**settings: Any) -> bw.Quantizer:
    return bw.Quantizer(bw.Model(network, parameters(), X[:2]), **settings)


@pytest.fixture
def q() -> bw.Quantizer:
    return fresh().calibrate(X, progress=False)


def test_sites_are_named_and_in_data_flow_order(q: bw.Quantizer) -> None:
    assert list(q.sites) == [
        "input", "conv1/kernel", "conv1/bias", "conv1", "dense1/kernel", "dense1/bias", "dense1",
    ]  # fmt: skip
    assert [site.kind for site in q.sites.values()] == [
        "input", "weight", "bias", "activation", "weight", "bias", "activation",
    ]  # fmt: skip
    assert q["conv1"].shape == (8, 8, 4)


def test_before_calibration_everything_is_float_and_assign_says_what_to_do() -> None:
    q = fresh()
    assert {str(site.format) for site in q.sites.values()} == {"float"}
    assert "calibrate" in q["conv1/kernel"].reason
    with pytest.raises(bw.DataError, match="calibration data first"):
        q.assign()


def test_calibration_does_not_depend_on_how_the_data_is_cut(q: bw.Quantizer) -> None:
    other = fresh().calibrate(iter([X[:7], X[7:8], X[8:41]]), progress=False).calibrate(X[41:], progress=False)
    assert other.calibration.samples == q.calibration.samples == 50
    for name in ("input", "conv1", "dense1"):
        assert other[name].spectrum == q[name].spectrum
    again = fresh(batch=16).calibrate((X, Y), progress=False)
    assert again["input"].spectrum == q["input"].spectrum


def test_spectra_are_those_of_the_float_network(q: bw.Quantizer) -> None:
    values = jax.jit(network)(parameters(), X)
    assert q["dense1"].spectrum is not None
    assert q["dense1"].maximum == pytest.approx(float(values.max()), rel=1e-5)
    assert q["input"].spectrum == bw.Spectrum.of(X)
    assert q["conv1"].minimum == 0.0


def test_an_interrupt_keeps_whole_chunks_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def batches() -> Any:
        yield X[:20]
        raise KeyboardInterrupt

    q = fresh(batch=10).calibrate(batches(), progress=False)
    assert q.calibration.samples == 20
    assert "20 samples counted so far are kept" in "".join(capsys.readouterr())


def test_a_non_finite_activation_is_named_and_nothing_of_its_chunk_is_kept() -> None:
    bad = X.copy()
    bad[33, 0, 0, 0] = np.nan
    q = fresh(batch=10)
    with pytest.raises(bw.DataError, match=r"'input': wanted finite values, got 1 NaN .* samples 30 to 39"):
        q.calibrate(bad, progress=False)
    assert q.calibration.samples == 30
    assert q.calibration_progress is None


def test_changing_a_type_changes_counts_and_undo_brings_it_back(q: bw.Quantizer) -> None:
    before = q["conv1/kernel"].format
    q["conv1/kernel"].format = "sfix4_En6"
    counts = q["conv1/kernel"].counts
    assert counts == bw.Spectrum.of(parameters()["conv1"]["kernel"]).counts("sfix4_En6")
    assert q["conv1/kernel"].reason == "set by hand"
    assert q.undo()
    assert q["conv1/kernel"].format == before
    assert q.redo()
    assert str(q["conv1/kernel"].format) == "sfix4_En6"
    assert not q.redo()


def test_biases_follow_until_they_are_set(q: bw.Quantizer) -> None:
    def fractions() -> tuple[int, int, int]:
        formats = [q[name].format for name in ("input", "conv1/kernel", "conv1/bias")]
        lengths = [fmt.fraction_length for fmt in formats if isinstance(fmt, bw.FixedPoint)]
        return lengths[0], lengths[1], lengths[2]

    x, w, b = fractions()
    assert b == x + w
    q["conv1/kernel"].format = "sfix8_En3"
    x, w, b = fractions()
    assert (w, b) == (3, x + 3)
    q["conv1/bias"].format = "sfix8_En5"
    q["conv1/kernel"].format = "sfix8_En4"
    assert fractions()[2] == 5


def test_outputs_are_the_same_bits_at_any_cut(q: bw.Quantizer) -> None:
    whole = q(X)
    assert whole.shape == (50, 3)
    np.testing.assert_array_equal(whole, np.concatenate([q(X[:1]), q(X[1:30]), q(X[30:])]))
    np.testing.assert_array_equal(whole, fresh(batch=8).calibrate(X, progress=False)(X))
    fmt = q["dense1"].format
    assert isinstance(fmt, bw.FixedPoint)
    np.testing.assert_array_equal(whole, bw.quantize(whole, fmt))


def test_validate_agrees_with_its_own_outputs(q: bw.Quantizer) -> None:
    report = q.validate(X, Y)
    floats = np.asarray(jax.jit(network)(parameters(), X))
    assert report.n == 50
    assert report.float_metric == np.mean(np.argmax(floats, 1) == Y)
    assert report.quantized_metric == np.mean(np.argmax(q(X), 1) == Y)
    assert report.flips == np.count_nonzero(np.argmax(floats, 1) != np.argmax(q(X), 1))
    assert report.interval is not None
    assert report.interval[0] < report.quantized_metric < report.interval[1]
    assert report.float_bytes == 4 * (36 + 4 + 768 + 3)
    assert report.quantized_bytes == 36 + 768 + 4 * (4 + 3)
    kernel = report.sites["conv1/kernel"].tally
    assert kernel is not None
    assert kernel.total == 36
    activation = report.sites["conv1"].tally
    assert activation is not None
    assert activation.total == 50 * 8 * 8 * 4
    assert report.sites["dense1"].sqnr is not None
    assert report.sites["dense1"].sqnr > 10
    assert set(report.accumulator_widths) == {"conv1", "dense1"}
    assert "exact" in str(report)
    one_hot = q.validate(X, np.eye(3)[Y])
    assert one_hot.quantized_metric == report.quantized_metric


def test_all_float_is_the_float_network(q: bw.Quantizer) -> None:
    q.set_formats(dict.fromkeys(q.sites, "float"))
    np.testing.assert_allclose(q(X), jax.jit(network)(parameters(), X), rtol=1e-5, atol=1e-5)
    assert q.quantized_bytes == q.float_bytes


@pytest.mark.parametrize(
    ("rounding", "overflow"), [("round", "saturate"), ("floor", "wrap"), ("stochastic", "saturate")]
)
def test_the_live_figure_is_that_of_validate(q: bw.Quantizer, rounding: str, overflow: str) -> None:
    q.rounding, q.overflow = rounding, overflow
    events: list[str] = []
    stop = q.listen(events.append)
    q.watch(X, Y)
    assert q.wait(60)
    q["dense1/kernel"].format = "sfix3_En3"
    assert q.wait(60)
    live, report = q.evaluation, q.validate(X, Y)
    assert live is not None
    assert live.error is None
    assert live.exact
    assert not live.running
    assert (live.float_metric, live.quantized_metric) == (report.float_metric, report.quantized_metric)
    assert live.population == report.interval
    assert live.interval == (report.quantized_metric, report.quantized_metric)
    assert "evaluation" in events
    assert "formats" in events
    stop()
    events.clear()
    q.undo()
    assert q.wait(60)
    assert events == []
    q.unwatch()
    assert q.evaluation is None
    assert not [thread for thread in threading.enumerate() if thread.name == "bitwindow-evaluation"]


def test_a_listener_that_fails_stops_neither_the_others_nor_the_live_figure(
    q: bw.Quantizer, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: str) -> None:
        message = f"cannot take {event}"
        raise RuntimeError(message)

    heard: list[str] = []
    q.listen(broken)
    q.listen(heard.append)
    q.watch(X, Y)
    assert q.wait(60)
    q["conv1"].format = "ufix8_En2"
    assert q.wait(60)
    assert q.evaluation is not None
    assert q.evaluation.exact
    assert {"formats", "evaluation"} <= set(heard)
    assert "cannot take formats" in caplog.text
    q.unwatch()


def test_what_fails_in_the_background_is_told_in_words(q: bw.Quantizer) -> None:
    def broken(outputs: Any, labels: Any) -> float:
        message = "no such figure"
        raise ValueError(message)

    q.watch(X, Y, metric=broken)
    assert q.wait(60)
    assert q.evaluation is not None
    assert q.evaluation.error is not None
    assert "no such figure" in q.evaluation.error
    assert not q.evaluation.running
    q.unwatch()


def test_unknown_names_and_settings_are_refused_in_words(q: bw.Quantizer) -> None:
    with pytest.raises(bw.SettingError, match=r"got 'conv1/kernal'. Did you mean \['conv1/kernel'"):
        q["conv1/kernal"]
    with pytest.raises(bw.SettingError, match="rounding: wanted one of"):
        q.rounding = "up"
    with pytest.raises(bw.SettingError, match="accumulator_bits"):
        q.accumulator_bits = 1
    with pytest.raises(bw.FormatError):
        q["conv1/kernel"].format = "int8"
    with pytest.raises(bw.DataError, match="wanted one per sample"):
        q.validate(X, Y[:10])


def test_an_accumulator_limit_is_applied_and_counted(q: bw.Quantizer) -> None:
    wide = q.validate(X, Y)
    assert set(wide.accumulator_overflows.values()) <= {0}
    q.accumulator_bits = max(wide.accumulator_widths.values())
    np.testing.assert_array_equal(q(X), fresh().calibrate(X, progress=False)(X))
    q.accumulator_bits = 12
    assert sum(q.validate(X, Y).accumulator_overflows.values()) > 0


def test_measured_noise_of_a_parameter_is_that_of_its_values(q: bw.Quantizer) -> None:
    q["conv1/kernel"].format = "sfix6_En4"
    values = parameters()["conv1"]["kernel"].astype(np.float64)
    after = np.asarray(bw.quantize(values, "sfix6_En4"))
    wanted = 10 * np.log10(np.sum(values**2) / np.sum((after - values) ** 2))
    assert q["conv1/kernel"].sqnr == pytest.approx(wanted)
    assert q["conv1/kernel"].sqnr_is_exact
    counts = q["conv1/kernel"].counts
    assert counts is not None
    changed = int(np.count_nonzero(after != values))
    assert q["conv1/kernel"].rounded == changed - counts.underflow - counts.overflow


def test_a_stage_in_a_thread_and_a_change_in_another_do_not_disturb_each_other(q: bw.Quantizer) -> None:
    results: list[NDArray[Any]] = []
    wanted = q(X)
    worker = threading.Thread(target=lambda: results.append(q(X)))
    worker.start()
    q["conv1"].format = q["conv1"].format if q["conv1"].format == "float" else str(q["conv1"].format)
    worker.join()
    np.testing.assert_array_equal(results[0], wanted)


def test_parameters_given_as_jax_arrays_work_too() -> None:
    params = jax.tree.map(jnp.asarray, parameters())
    q = bw.Quantizer(bw.Model(network, params, jnp.asarray(X[:2]))).calibrate(jnp.asarray(X), progress=False)
    np.testing.assert_array_equal(q(X), fresh().calibrate(X, progress=False)(X))
