"""Each scheme keeps its promise, and degenerate tensors get a type and a flag."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitwindow.assign.schemes import SCHEMES, choose
from bitwindow.errors import FormatError, SettingError
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import DETERMINISTIC_ROUNDINGS, Overflow, Rounding
from bitwindow.spectrum.record import Spectrum
from bitwindow.spectrum.sqnr import error_energy as expected_energy
from tests.spectrum.exact_counts import error_energy

arrays = hnp.arrays(np.float32, st.integers(1, 30), elements=st.floats(-1e6, 1e6, width=32))
roundings, overflows = st.sampled_from(DETERMINISTIC_ROUNDINGS), st.sampled_from(list(Overflow))


def finer(fmt: FixedPoint) -> FixedPoint:
    return FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length + 1)


@given(x=arrays, width=st.integers(2, 16), signed=st.booleans(), rounding=roundings, overflow=overflows)
def test_minmax_never_overflows_and_one_finer_would(
    *, x: NDArray[np.float32], width: int, signed: bool, rounding: Rounding, overflow: Overflow
) -> None:
    x = x if signed else np.abs(x)
    spectrum = Spectrum.of(x)
    assume(spectrum.nonzero)
    fmt = choose("minmax", spectrum, width, signed, rounding, overflow).format
    assert spectrum.counts(fmt, rounding, overflow).overflow == 0
    if fmt.fraction_length < 126:
        assert spectrum.counts(finer(fmt), rounding, overflow).overflow > 0


@given(arrays, st.integers(2, 16), roundings, overflows, st.sampled_from([50, 90.0, 99.9, 100]))
def test_percentile_holds_and_is_tight(
    x: NDArray[np.float32], width: int, rounding: Rounding, overflow: Overflow, percentile: float
) -> None:
    spectrum = Spectrum.of(x)
    assume(spectrum.nonzero)
    fmt = choose("percentile", spectrum, width, True, rounding, overflow, percentile=percentile).format
    allowed = spectrum.nonzero * (100 - percentile) / 100
    assert spectrum.counts(fmt, rounding, overflow).overflow <= allowed
    if fmt.fraction_length < 126:
        assert spectrum.counts(finer(fmt), rounding, overflow).overflow > allowed


@given(x=arrays, width=st.integers(2, 16), signed=st.booleans())
def test_histogram_holds_the_most_msbs_and_takes_the_higher_of_equals(
    *, x: NDArray[np.float32], width: int, signed: bool
) -> None:
    x = x if signed else np.abs(x)
    spectrum = Spectrum.of(x)
    assume(spectrum.nonzero)
    fmt = choose("histogram", spectrum, width, signed).format
    msb = np.frexp(np.abs(x[x != 0]).astype(np.float64))[1] - 1
    bits = width - signed

    def held(length: int) -> int:
        return int(((msb >= -length) & (msb <= bits - 1 - length)).sum())

    best = min(range(bits - 128, 127), key=lambda length: (-held(length), length))
    assert fmt.fraction_length == best


@settings(max_examples=40)
@given(
    x=hnp.arrays(np.float32, st.integers(1, 6), elements=st.floats(-100, 100, width=16)),
    width=st.integers(2, 9),
    signed=st.booleans(),
    rounding=roundings,
    overflow=overflows,
)
def test_mse_of_a_parameter_is_the_least_of_all_types(
    *, x: NDArray[np.float32], width: int, signed: bool, rounding: Rounding, overflow: Overflow
) -> None:
    x = x if signed else np.abs(x)
    assume(np.any(x))
    fmt = choose("mse", Spectrum.of(x), width, signed, rounding, overflow, values=x).format
    bits = width - signed
    errors = {
        length: error_energy(x.tolist(), FixedPoint(signed, width, length), rounding, overflow)
        for length in range(bits - 128, 127)
    }
    least = min(errors.values())
    assert float(errors[fmt.fraction_length]) == pytest.approx(float(least), rel=1e-12)


def test_mse_from_the_spectrum_finds_the_same_type_on_smooth_data() -> None:
    rng = np.random.default_rng(0)
    for width in (3, 4, 8, 12):
        x = rng.standard_normal(20_000).astype(np.float32)
        spectrum = Spectrum.of(x)
        expected = choose("mse", spectrum, width, True)
        assert expected.format == choose("mse", spectrum, width, True, values=x).format
        assert "expected squared error" in expected.reason


@settings(max_examples=25)
@given(x=arrays, width=st.integers(2, 9), signed=st.booleans(), rounding=roundings, overflow=overflows)
def test_mse_from_the_spectrum_is_the_least_of_all_types_and_the_coarsest_of_equals(
    *, x: NDArray[np.float32], width: int, signed: bool, rounding: Rounding, overflow: Overflow
) -> None:
    spectrum = Spectrum.of(x if signed else np.abs(x))
    assume(spectrum.nonzero)
    fmt = choose("mse", spectrum, width, signed, rounding, overflow).format
    lengths = range(width - signed - 128, 127)
    totals = [expected_energy(spectrum, FixedPoint(signed, width, at), rounding, overflow).total for at in lengths]
    assert fmt.fraction_length == lengths[min(range(len(totals)), key=totals.__getitem__)]


def test_reasons() -> None:
    x = np.append(np.full(992, 0.75), np.full(8, 300.0))
    reasons = {name: choose(name, Spectrum.of(x), 8, True, values=x).reason for name in SCHEMES}
    assert reasons == {
        "minmax": "minmax: window 2^8 to 2^2, the finest that holds 0.75 to 300 without overflow",
        "histogram": "histogram: window 2^5 to 2^-1 holds 99.2 % of the MSBs",
        "mse": "mse: window 2^8 to 2^2 has the least squared error (2.78 % of the values' RMS)",
        "percentile": (
            "percentile: window 2^8 to 2^2, the finest where at most 0.1 % of the nonzero values overflow (0 % do)"
        ),
    }


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    ("values", "flag"),
    [
        ([], "the tensor is empty"),
        ([0.0, -0.0], "all values are zero"),
        ([np.nan, np.inf], "no value is finite; 1 NaN left out; 1 infinite left out"),
        ([np.nan, 0.0], "all finite values are zero; 1 NaN left out"),
    ],
)
def test_tensors_without_a_value_get_the_type_that_ends_at_one(
    *, scheme: str, signed: bool, values: list[float], flag: str
) -> None:
    x = np.array(values, np.float32)
    choice = choose(scheme, Spectrum.of(x), 8, signed, values=x)
    assert choice.format == FixedPoint(signed, 8, 8 - signed)
    assert choice.flag == flag
    assert "range ends at 1" in choice.reason


@pytest.mark.parametrize("scheme", SCHEMES)
def test_non_finite_values_are_left_out_and_flagged(scheme: str) -> None:
    x = np.array([1.5, -0.25, np.nan, np.inf, -np.inf], np.float32)
    choice = choose(scheme, Spectrum.of(x), 8, True, values=x)
    assert choice.format == choose(scheme, Spectrum.of(x[:2]), 8, True, values=x[:2]).format
    assert choice.flag == "1 NaN left out; 2 infinite left out"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_unsigned_type_is_chosen_by_the_values_above_zero(scheme: str) -> None:
    x = np.array([1.5, 0.25, -700.0, -3.0], np.float32)
    choice = choose(scheme, Spectrum.of(x), 8, False, values=x)
    assert choice.format == choose(scheme, Spectrum.of(x[:2]), 8, False, values=x[:2]).format
    assert choice.flag == "2 values below zero, which the type cannot hold"
    assert choose(scheme, Spectrum.of(x[2:]), 8, False, values=x[2:]).flag.startswith("no value lies above zero")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("magnitude", [1e300, 1e-300])
def test_values_beyond_every_type(scheme: str, magnitude: float) -> None:
    x = np.array([magnitude, -magnitude])
    choice = choose(scheme, Spectrum.of(x), 8, True, values=x)
    assert choice.format.word_length == 8
    if scheme == "minmax" and magnitude > 1:
        assert choice.flag == "2 values overflow every type of this width"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_channels_are_merged(scheme: str) -> None:
    x = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    assert choose(scheme, Spectrum.of(x, axis=1), 8, True) == choose(scheme, Spectrum.of(x), 8, True)


def test_minmax_under_stochastic_rounding_overflows_in_no_run() -> None:
    spectrum = Spectrum.of([127.3, -128.0])
    fmt = choose("minmax", spectrum, 8, True, rounding="stochastic").format
    assert fmt == FixedPoint(True, 8, -1)
    assert choose("minmax", spectrum, 8, True).format == FixedPoint(True, 8, 0)
    for scheme in SCHEMES:
        assert choose(scheme, spectrum, 8, True, rounding="stochastic").format.word_length == 8


def test_settings_are_checked() -> None:
    spectrum = Spectrum.of([1.0])
    with pytest.raises(SettingError, match=r"scheme: wanted one of 'minmax', .*; got 'entropy'"):
        choose("entropy", spectrum, 8, True)
    for percentile in (0, 100.5, float("nan")):
        with pytest.raises(SettingError, match="percentile: wanted a percentage"):
            choose("percentile", spectrum, 8, True, percentile=percentile)
    with pytest.raises(SettingError, match="rounding: wanted one of"):
        choose("minmax", spectrum, 8, True, rounding="up")
    with pytest.raises(FormatError, match="word_length"):
        choose("minmax", spectrum, 40, True)


def test_histogram_takes_the_higher_of_equal_windows_and_mse_the_one_that_errs_least() -> None:
    sigmoid = np.linspace(2.0**-5, 0.999, 1000, dtype=np.float32)
    found = {scheme: choose(scheme, Spectrum.of(sigmoid), 8, False) for scheme in ("histogram", "mse")}
    assert str(found["histogram"].format) == "ufix8_En5"
    assert found["histogram"].reason == "histogram: window 2^2 to 2^-5 holds 100 % of the MSBs"
    assert str(found["mse"].format) == "ufix8_En8"
