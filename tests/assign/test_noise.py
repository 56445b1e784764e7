"""Whether a type is enough by its spectrum, and what is offered where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from bitwindow.assign.noise import LEAST_SQNR, better
from bitwindow.numbers.format import FixedPoint
from bitwindow.spectrum.record import Spectrum

RNG = np.random.default_rng(0)
GAUSS = RNG.normal(size=4000).astype(np.float32)
# One value in a thousand lies 3000 times higher: no window of 8 bits holds both.
SPREAD = np.where(np.arange(4000) % 1000, GAUSS, 3000 * GAUSS).astype(np.float32)


def measured(x: np.ndarray, fmt: FixedPoint) -> float:
    k = np.clip(np.trunc(x * 2.0**fmt.fraction_length + np.copysign(0.5, x)), fmt.stored_min, fmt.stored_max)
    return float(10 * np.log10(np.sum(x.astype(np.float64) ** 2) / np.sum((x - k * fmt.lsb) ** 2)))


def test_a_good_type_needs_nothing_better() -> None:
    assert better(Spectrum.of(GAUSS), FixedPoint(True, 8, 5), "round", "saturate") is None
    assert better(Spectrum.of(np.zeros(3, np.float32)), FixedPoint(True, 8, 5), "round", "saturate") is None


@pytest.mark.parametrize("rounding", ["round", "floor", "stochastic"])
def test_a_misplaced_window_is_offered_another_of_its_width(rounding: str) -> None:
    found = better(Spectrum.of(GAUSS), FixedPoint(True, 8, 9), rounding, "saturate")
    assert found is not None
    assert found.format.word_length == 8
    assert measured(GAUSS, found.present) < LEAST_SQNR < measured(GAUSS, found.format)
    assert "another window (window 2^" in found.reason


def test_too_few_bits_are_offered_the_least_width_that_is_enough() -> None:
    found = better(Spectrum.of(GAUSS), FixedPoint(True, 3, 0), "round", "saturate", GAUSS)
    assert found is not None
    bits = found.format.word_length
    assert found.reason.startswith("3 bits leave ")
    assert f"{bits} bits (window" in found.reason
    best = {
        width: max(measured(GAUSS, FixedPoint(True, width, length)) for length in range(12))
        for width in (bits - 1, bits)
    }
    assert best[bits - 1] < LEAST_SQNR < best[bits]


def test_where_nothing_reaches_the_goal_the_best_is_offered_and_its_figure_said() -> None:
    found = better(Spectrum.of(SPREAD), FixedPoint(True, 8, 12), "round", "saturate", least=200.0)
    assert found is not None
    assert found.format.word_length == 16
    assert float(found.reason.split()[-2]) == pytest.approx(measured(SPREAD, found.format), abs=1.0)
