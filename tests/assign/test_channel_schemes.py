"""All channels at once get what each of them gets alone, whatever the scheme, the modes and the values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitwindow.assign.channel_schemes import CHANNEL_SCHEMES, choose_channels
from bitwindow.assign.schemes import SCHEMES, choose
from bitwindow.errors import DataError, SettingError
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.record import Spectrum
from tests.spectrum.exact_counts import error_energy

RNG = np.random.default_rng(3)
SPECIAL = np.array([0.0, -0.0, 1.0, -(2.0**-140), 2.0**127, 1e-35, np.nan, np.inf, 127.5, -128.5], np.float32)
elements = st.one_of(
    st.floats(-4, 4, width=16), st.sampled_from(SPECIAL.tolist()), st.floats(-(2.0**100), 2.0**100, width=32)
)
tensors = hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 7)), elements=elements)


def test_every_scheme_is_there() -> None:
    assert list(CHANNEL_SCHEMES) == ["minmax", "histogram", "mse", "percentile"]
    assert set(CHANNEL_SCHEMES) == set(SCHEMES)


@settings(max_examples=150)
@given(
    rows=tensors,
    scheme=st.sampled_from(list(CHANNEL_SCHEMES)),
    width=st.integers(2, 16),
    rounding=st.sampled_from(list(Rounding)),
    overflow=st.sampled_from([Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.SATURATE_ZERO]),
    percentile=st.sampled_from([60, 99.9, 100]),
)
def test_each_channel_gets_what_it_gets_alone(
    rows: NDArray[np.float32], scheme: str, width: int, rounding: str, overflow: str, percentile: float
) -> None:
    formats, flags = choose_channels(scheme, Spectrum.of(rows, axis=0), width, rows, rounding, overflow, percentile)
    for channel, row in enumerate(rows):
        alone = choose(scheme, Spectrum.of(row), width, True, rounding, overflow, row, percentile)
        assert formats[channel] == alone.format
        assert flags[channel] == alone.flag


@pytest.mark.parametrize("scheme", CHANNEL_SCHEMES)
@pytest.mark.parametrize("width", [3, 8])
def test_on_a_layer_of_a_real_size(scheme: str, width: int) -> None:
    rows = RNG.standard_t(3, size=(70, 500)) * 2.0 ** RNG.integers(-20, 20, (70, 1))
    rows = rows.astype(np.float32)
    rows[7] = 0
    formats, flags = choose_channels(scheme, Spectrum.of(rows, axis=0), width, rows)
    alone = [choose(scheme, Spectrum.of(row), width, True, values=row) for row in rows]
    assert list(formats) == [choice.format for choice in alone]
    assert [channel for channel, flag in enumerate(flags) if flag] == [7]


@settings(max_examples=60)
@given(
    rows=hnp.arrays(
        np.float32, st.tuples(st.integers(1, 3), st.integers(1, 5)), elements=st.floats(-100, 100, width=16)
    ),
    width=st.integers(2, 9),
    rounding=st.sampled_from([mode for mode in Rounding if mode is not Rounding.STOCHASTIC]),
    overflow=st.sampled_from(list(Overflow)),
)
def test_mse_of_channels_is_the_least_of_all_types_and_the_coarsest_of_equals(
    rows: NDArray[np.float32], width: int, rounding: Rounding, overflow: Overflow
) -> None:
    rows[:, 0] = np.where(rows[:, 0] == 0, 1, rows[:, 0])
    formats, _ = choose_channels("mse", Spectrum.of(rows, axis=0), width, rows, rounding, overflow)
    for row, fmt in zip(rows, formats, strict=True):
        errors = {
            length: error_energy(row.tolist(), FixedPoint(True, width, length), rounding, overflow)
            for length in range(width - 129, 127)
        }
        least = min(errors.values())
        assert float(errors[fmt.fraction_length]) == pytest.approx(float(least), rel=1e-12)
        assert not [length for length, error in errors.items() if error == least and length < fmt.fraction_length]


def test_counts_of_types_by_channel_are_those_of_each_channel() -> None:
    rows = RNG.normal(size=(4, 30)).astype(np.float32)
    formats = ChannelFormats(True, 4, (0, 3, -2, 7))
    under, over = Spectrum.of(rows, axis=0).channel_counts(formats, "floor", "saturate_symmetric")
    for channel, row in enumerate(rows):
        alone = Spectrum.of(row).counts(formats[channel], "floor", "saturate_symmetric")
        assert (alone.underflow, alone.overflow) == (under[channel], over[channel])
    with pytest.raises(DataError, match="wanted a type for each of 1 channels; got 4 types"):
        Spectrum.of(rows).channel_counts(formats)


def test_some_channels_alone_have_their_own_spectra() -> None:
    rows = RNG.normal(size=(6, 20)).astype(np.float32)
    rows[2] = 0
    some = Spectrum.of(rows, axis=0).only(np.array([1, 2, 5]))
    assert some == Spectrum.of(rows[[1, 2, 5]], axis=0)
    assert Spectrum.of(rows, axis=0).channel_nonzero().tolist() == [20, 20, 0, 20, 20, 20]
    exponents, counts = some.channel_msb_counts()
    for channel, row in enumerate(rows[[1, 2, 5]]):
        seen, positive, negative = Spectrum.of(row).msb_counts()
        own = np.isin(exponents, seen)
        assert np.array_equal(counts[channel, own], np.stack([positive, negative], axis=1))
        assert counts[channel].sum() == np.count_nonzero(row)


def test_settings_that_do_not_exist_are_refused() -> None:
    rows = np.ones((2, 3), np.float32)
    with pytest.raises(SettingError, match="scheme: wanted one of 'minmax'"):
        choose_channels("best", Spectrum.of(rows, axis=0), 8, rows)
    with pytest.raises(SettingError, match="percentile: wanted a percentage"):
        choose_channels("percentile", Spectrum.of(rows, axis=0), 8, rows, percentile=0)
