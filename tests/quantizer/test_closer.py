"""The examples of a site show each loss that its counts report, and its channels add up to the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

import bitwindow as bw
from bitwindow.numbers.cast import Verdict
from bitwindow.panel.word import words
from bitwindow.quantizer.closer import _picked

X = np.random.default_rng(3).normal(size=(300, 5, 4)).astype(np.float32)


def network(params: Any, x: Any) -> Any:
    return jax.nn.relu(x @ params["mix"]["kernel"])


def fresh() -> bw.Quantizer:
    params = {"mix": {"kernel": np.random.default_rng(4).normal(size=(4, 6)).astype(np.float32)}}
    return bw.Quantizer(bw.Model(network, params, X[:2]), batch=16)


@pytest.fixture(scope="module")
def q() -> bw.Quantizer:
    return fresh().calibrate(X, progress=False)


@pytest.mark.parametrize("rounding", ["round", "floor", "ceiling", "convergent"])
@pytest.mark.parametrize("name", ["input", "mix/kernel", "mix"])
def test_an_example_is_lost_if_and_only_if_a_value_is(q: bw.Quantizer, name: str, rounding: str) -> None:
    examples, spectrum = q[name].examples, q[name].spectrum
    assert examples is not None
    assert spectrum is not None
    nonzero = np.unique(examples[examples != 0]).tolist()
    seen = set()
    for signed in (True, False):
        for fraction in range(-4, 24):
            fmt = bw.FixedPoint(signed, 6, fraction)
            counts = spectrum.counts(fmt, rounding)
            verdicts = {word.verdict for word in words(nonzero, fmt, rounding, "saturate")}
            assert (Verdict.OVERFLOW in verdicts) == (counts.overflow > 0)
            assert (Verdict.UNDERFLOW in verdicts) == (counts.underflow > 0)
            seen.add((counts.overflow > 0, counts.underflow > 0))
    assert len(seen) >= 2


def test_examples_are_values_of_the_site(q: bw.Quantizer) -> None:
    values: dict[str, NDArray[Any]] = {"input": X, "mix/kernel": q.network.parameters["mix/kernel"]}
    for name, x in values.items():
        examples = q[name].examples
        assert examples is not None
        assert set(examples) <= set(x.reshape(-1).astype(np.float64).tolist())


def test_the_examples_of_a_parameter_are_few_and_may_be_none() -> None:
    x = np.random.default_rng(0).normal(size=(100, 1000)).astype(np.float32)
    x[0, :3] = np.nan, np.inf, 0
    picked = _picked(x)
    assert 256 <= len(picked) <= 260
    assert {np.nanmin(x), x[np.isfinite(x)].max()} <= set(picked.astype(np.float32))
    assert len(_picked(np.full(3, np.nan, np.float32))) == 0


def test_the_channels_of_a_parameter_add_up(q: bw.Quantizer) -> None:
    channels = q["mix/kernel"].channels
    assert channels is not None
    assert (channels.samples, channels.spectrum.channels) == (None, 6)
    assert channels.spectrum.merged() == q["mix/kernel"].spectrum
    assert q["mix/kernel"].channels is channels


def test_the_channels_of_an_activation_are_those_of_its_first_samples(q: bw.Quantizer) -> None:
    channels = q["mix"].channels
    assert q["mix"].channel_axis == 1
    assert channels is not None
    assert (channels.samples, channels.spectrum.channels) == (256, 6)
    assert channels.spectrum.total == 256 * 5 * 6
    assert q["input"].channel_axis is None
    assert q["input"].channels is None


def test_before_calibration_there_is_nothing_to_look_at() -> None:
    q = fresh()
    assert (q["mix"].examples, q["mix"].channels) == (None, None)
    assert q["mix/kernel"].examples is not None


def test_the_cut_of_the_batches_does_not_matter_and_a_file_keeps_it(q: bw.Quantizer, tmp_path: Path) -> None:
    other = fresh().calibrate(iter([X[:7], X[7:100]]), progress=False).calibrate(X[100:], progress=False)
    assert dict(other.calibration.glimpses) == dict(q.calibration.glimpses)
    back = bw.load(q.save(tmp_path / "net.bitwindow"), fn=network)
    assert dict(back.calibration.glimpses) == dict(q.calibration.glimpses)
    examples = back["mix"].examples
    assert examples is not None
    np.testing.assert_array_equal(examples, q["mix"].examples)
