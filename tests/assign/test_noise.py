"""Whether a type is enough by its spectrum, and what is offered where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bitwindow.assign.noise import LEAST_SQNR, Tensor, better
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.spectrum.record import Spectrum

RNG = np.random.default_rng(0)
GAUSS = RNG.normal(size=4000).astype(np.float32)
# One value in a thousand lies 3000 times higher: no window of 8 bits holds both.
SPREAD = np.where(np.arange(4000) % 1000, GAUSS, 3000 * GAUSS).astype(np.float32)


def tensor(x: np.ndarray, rounding: str = "round", **more: Any) -> Tensor:
    return Tensor(spectrum=Spectrum.of(x), rounding=rounding, overflow="saturate", **more)


def measured(x: np.ndarray, fmt: AnyFormat) -> float:
    assert isinstance(fmt, FixedPoint)
    k = np.clip(np.trunc(x * 2.0**fmt.fraction_length + np.copysign(0.5, x)), fmt.stored_min, fmt.stored_max)
    return float(10 * np.log10(np.sum(x.astype(np.float64) ** 2) / np.sum((x - k * fmt.lsb) ** 2)))


def test_a_good_type_needs_nothing_better() -> None:
    assert better(tensor(GAUSS), FixedPoint(True, 8, 5)) is None
    assert better(tensor(np.zeros(3, np.float32)), FixedPoint(True, 8, 5)) is None


@pytest.mark.parametrize("rounding", ["round", "floor", "stochastic"])
def test_a_misplaced_window_is_offered_another_of_its_width(rounding: str) -> None:
    found = better(tensor(GAUSS, rounding=rounding), FixedPoint(True, 8, 9))
    assert found is not None
    assert found.format.word_length == 8
    assert measured(GAUSS, found.present) < LEAST_SQNR < measured(GAUSS, found.format)
    assert "another window (2^" in found.reason


def test_too_few_bits_are_offered_the_least_width_that_is_enough() -> None:
    found = better(tensor(GAUSS, values=GAUSS), FixedPoint(True, 3, 0))
    assert found is not None
    bits = found.format.word_length
    assert found.reason.startswith("3 bits leave ")
    assert f"{bits} bits (2^" in found.reason
    best = {
        width: max(measured(GAUSS, FixedPoint(True, width, length)) for length in range(12))
        for width in (bits - 1, bits)
    }
    assert best[bits - 1] < LEAST_SQNR < best[bits]


def test_where_nothing_reaches_the_goal_the_best_is_offered_and_its_figure_said() -> None:
    found = better(tensor(SPREAD), FixedPoint(True, 8, 12), least=200.0)
    assert found is not None
    assert found.format.word_length == 16
    assert float(found.reason.split()[-2]) == pytest.approx(measured(SPREAD, found.format), abs=1.0)


# Channels of four octaves each; the lowest lies 12 octaves below the highest.
APART = np.stack([GAUSS[:500] * 2.0**-scale for scale in (0, 4, 8, 12)]).astype(np.float32)


def test_a_window_for_each_channel_is_offered_before_more_bits() -> None:
    # Half of the energy in many values about 1, half in one of 22: no window of 5 bits holds both.
    rows = np.stack([GAUSS[:500], np.where(np.arange(500) == 9, np.float32(22), np.float32(0))])
    present = FixedPoint(True, 5, 3)
    one, each = (better(tensor(rows, values=rows, channel_axis=axis), present) for axis in (None, 0))
    assert one is not None
    assert isinstance(one.format, FixedPoint)
    assert one.format.word_length > 5
    assert each is not None
    assert isinstance(each.format, ChannelFormats)
    assert each.format.word_length == 5
    assert "5 bits leave " in each.reason
    assert f"a window for each channel ({each.format.short()})" in each.reason
    assert measured(rows[0], each.format[0]) > LEAST_SQNR


def test_types_by_channel_that_leave_too_little_are_flagged_with_better_ones() -> None:
    apart = tensor(APART, values=APART, channel_axis=0)
    good = apart.least_noise_by_channel(8)
    assert better(apart, good) is None
    bad = ChannelFormats(True, 8, tuple(length - 7 for length in good.fraction_lengths))
    found = better(apart, bad)
    assert found is not None
    assert found.format == good
    assert "8 bits leave " in found.reason
    assert f"other windows ({good.short()})" in found.reason
    errors = [measured(row, fmt) for row, fmt in zip(APART, good, strict=True)]
    assert min(errors) > 30
    # All channels together: that of the sum of their errors.
    signal = np.sum(APART.astype(np.float64) ** 2, axis=1)
    noise = np.sum(signal / 10 ** (np.array(errors) / 10))
    assert apart.db(good) == pytest.approx(10 * np.log10(signal.sum() / noise), rel=1e-6)
