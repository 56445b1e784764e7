"""Counts from the spectrum equal counts by exact rational arithmetic, for every type and deterministic mode."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitwindow.errors import SettingError
from bitwindow.numbers.cast import Verdict, cast_floats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import DETERMINISTIC_ROUNDINGS, Overflow, Rounding
from bitwindow.spectrum.record import Spectrum
from tests.spectrum.exact_counts import counts_by_hand


@st.composite
def formats(draw: st.DrawFn) -> FixedPoint:
    signed = draw(st.booleans())
    width = draw(st.integers(2 if signed else 1, 32))
    bits = width - signed
    return FixedPoint(signed, width, draw(st.integers(bits - 128, 126)))


@st.composite
def types_and_values(draw: st.DrawFn) -> tuple[FixedPoint, list[float]]:
    """A type and float64 values on, and next to, its borders."""
    fmt = draw(formats())
    top = 2.0**fmt.magnitude_bits
    borders = [0.5, 1.0, 1.5, top / 2, top - 1, top - 0.5, top, top + 0.5, top + 1, 2 * top]
    scaled = draw(st.lists(st.sampled_from(borders) | st.floats(0, 4 * top), min_size=1, max_size=8))
    values: list[float] = []
    for magnitude in scaled:
        x = draw(st.sampled_from([-1.0, 1.0])) * magnitude * fmt.lsb
        steps = draw(st.integers(-1, 1))
        values.append(float(np.nextafter(x, steps * np.inf)) if steps else x)
    return fmt, values


@given(types_and_values(), st.sampled_from(DETERMINISTIC_ROUNDINGS), st.sampled_from(list(Overflow)))
@settings(max_examples=600)
def test_counts_at_the_borders(case: tuple[FixedPoint, list[float]], rounding: Rounding, overflow: Overflow) -> None:
    fmt, values = case
    assert Spectrum.of(np.array(values)).counts(fmt, rounding, overflow) == counts_by_hand(
        values, fmt, rounding, overflow
    )


@given(
    st.lists(st.floats(width=32), max_size=12),
    formats(),
    st.sampled_from(DETERMINISTIC_ROUNDINGS),
    st.sampled_from(list(Overflow)),
)
def test_counts_of_any_float32(values: list[float], fmt: FixedPoint, rounding: Rounding, overflow: Overflow) -> None:
    spectrum = Spectrum.of(np.array(values, np.float32))
    assert spectrum.counts(fmt, rounding, overflow) == counts_by_hand(values, fmt, rounding, overflow)


def verdict_counts(x: NDArray[Any], fmt: FixedPoint, rounding: Rounding, overflow: Overflow) -> tuple[int, ...]:
    verdict = cast_floats(x, fmt.as_array(), rounding.code, overflow.code).verdict
    kinds = (Verdict.ZERO, Verdict.UNDERFLOW, Verdict.OVERFLOW, Verdict.NAN, Verdict.INF)
    return x.size, *(int(np.count_nonzero(np.asarray(verdict) == kind)) for kind in kinds)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("rounding", DETERMINISTIC_ROUNDINGS)
def test_every_16_bit_float_is_counted_as_the_cast_judges_it(dtype: type[np.generic], rounding: Rounding) -> None:
    x = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16).view(dtype)
    spectrum = Spectrum.of(x)
    widths = {True: (2, 3, 8, 12, 32), False: (1, 2, 9, 32)}
    types = [FixedPoint(signed, w, f) for signed in widths for w in widths[signed] for f in (-3, 4, 11)]
    for fmt in types:
        for overflow in (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC):
            assert astuple(spectrum.counts(fmt, rounding, overflow)) == verdict_counts(x, fmt, rounding, overflow)


def test_the_worked_example() -> None:
    x = np.array([0.03125, 0.0624, 2.0**-149, 2.1, 16.25, 16, 1e30, 0.0625, -0.0625, 15.9375, 15.99, -15.9375, -16])
    x = np.append(x, [-16.0625, 0, -0.0, np.inf, -np.inf, np.nan]).astype(np.float32)
    assert astuple(Spectrum.of(x).counts("sfix8_En3")) == (19, 2, 3, 6, 1, 2)


def test_stochastic_rounding_has_no_counts() -> None:
    with pytest.raises(SettingError, match="wanted a deterministic mode"):
        Spectrum.of([1.0]).counts("sfix8", rounding="stochastic")


def test_kept_is_what_is_left() -> None:
    counts = Spectrum.of([0.0, 0.01, 1.0, 300.0, np.nan, np.inf]).counts("ufix8")
    assert counts.kept == 1
