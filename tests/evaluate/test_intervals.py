"""Intervals against their definitions: Wilson's bounds are where the score test just rejects."""

from __future__ import annotations

from math import inf, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitwindow.evaluate.intervals import Z_95, effective_count, normal, wilson


@given(n=st.integers(1, 5000), data=st.data())
def test_wilson_bounds_solve_the_score_equation(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    for bound in wilson(hits, n):
        if bound in {0.0, 1.0}:
            continue
        assert abs(hits / n - bound) == pytest.approx(Z_95 * sqrt(bound * (1 - bound) / n), rel=1e-9, abs=1e-12)


@given(n=st.integers(1, 999), data=st.data())
def test_the_correction_narrows_and_closes(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = wilson(hits, n)
    corrected = wilson(hits, n, total=1000)
    assert low <= corrected[0] <= hits / n <= corrected[1] <= high
    assert wilson(hits, n, total=n) == (hits / n, hits / n)


def test_the_effective_count_is_the_variance_ratio() -> None:
    assert effective_count(100, None) == 100
    assert effective_count(100, 1000) == pytest.approx(100 / ((1000 - 100) / 999))
    assert effective_count(1000, 1000) == inf


def test_the_normal_interval_is_symmetric_and_closes() -> None:
    low, high = normal(2.0, 4.0, 100)
    assert high - 2.0 == pytest.approx(Z_95 * 0.2)
    assert 2.0 - low == pytest.approx(Z_95 * 0.2)
    assert normal(2.0, 4.0, 100, total=100) == (2.0, 2.0)
