"""SQNR from the spectrum: exact where it says so, close where it says estimate."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import DETERMINISTIC_ROUNDINGS, Overflow, Rounding
from bitwindow.spectrum.record import Spectrum
from bitwindow.spectrum.sqnr import error_energy as energy_of
from tests.spectrum.exact_counts import error_energy


@given(
    st.lists(st.floats(-40, 40, width=16) | st.integers(-64, 64).map(lambda k: k / 4), min_size=1, max_size=10),
    st.builds(FixedPoint, st.booleans(), st.integers(2, 12), st.integers(-3, 8)),
    st.sampled_from(DETERMINISTIC_ROUNDINGS),
    st.sampled_from(list(Overflow)),
)
def test_exact_means_exact(values: list[float], fmt: FixedPoint, rounding: Rounding, overflow: Overflow) -> None:
    spectrum = Spectrum.of(np.array(values))
    energy = energy_of(spectrum, fmt, rounding, overflow)
    truth = error_energy(values, fmt, rounding, overflow)
    assert energy.above + energy.below <= truth
    if energy.exact:
        assert energy.total == truth


@pytest.mark.parametrize("rounding", DETERMINISTIC_ROUNDINGS)
@pytest.mark.parametrize("fmt", ["sfix8_En5", "sfix4_En1", "ufix6_En3", "sfix12_En9"])
def test_estimates_are_close_on_smooth_data(fmt: str, rounding: str) -> None:
    x = np.random.default_rng(1).standard_normal(20_000).astype(np.float32)
    got = Spectrum.of(x).sqnr(fmt, rounding)
    kind = FixedPoint.parse(fmt)
    noise = error_energy(x[:4000].tolist(), kind, rounding, "saturate") * 5
    truth = 10 * math.log10(float(Spectrum.of(x).signal_energy() / noise))
    assert not got.exact
    assert abs(got.db - truth) < 0.35


def test_saturation_and_underflow_are_exact() -> None:
    x = [100.3, 77.7, -1000.1, 0.011, -0.02, 3.0]
    got = Spectrum.of(x).sqnr("sfix8_En3")
    noise = error_energy(x, FixedPoint.parse("sfix8_En3"), "round", "saturate")
    assert got.exact
    assert got.db == pytest.approx(10 * math.log10(float(sum(Fraction(v) ** 2 for v in x) / noise)), abs=1e-9)


def test_nothing_lost_and_no_signal() -> None:
    assert Spectrum.of([1.0, 0.5, -0.75]).sqnr("sfix8_En4").db == math.inf
    assert Spectrum.of([0.0]).sqnr("sfix8_En4").db == math.inf
    fine = Spectrum.of(np.array([1.1, 1.2, 1.3], np.float32)).sqnr("sfix32_En28")
    assert (fine.db, fine.exact) == (math.inf, True)
