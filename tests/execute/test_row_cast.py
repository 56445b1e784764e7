"""Rows of floats cast on the host: the bits of the exact cast, for every mode and every kind of number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import stored_integers
from bitwindow.execute.row_cast import cast_of_rows
from bitwindow.numbers.cast import cast_floats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import DETERMINISTIC_ROUNDINGS, OVERFLOWS

EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 2.0**-149, -(2.0**-149), 2.0**127, -(2.0**127), 0.5, -0.5, 1.5, -2.5]


def exact(x: NDArray[np.float32], fmt: FixedPoint, modes: Modes) -> NDArray[np.int64]:
    cast = cast_floats(x, fmt.as_array(), modes.rounding.code, modes.overflow.code)
    stored: NDArray[np.int64] = np.asarray(cast.stored).astype(np.int64)
    low: NDArray[np.int64] = stored & (2**fmt.word_length - 1)
    return low


@settings(max_examples=150)
@given(
    data=st.data(),
    rounding=st.sampled_from(DETERMINISTIC_ROUNDINGS),
    overflow=st.sampled_from(OVERFLOWS),
    signed=st.booleans(),
    width=st.integers(2, 16),
    point=st.one_of(st.integers(-6, 20), st.integers(-110, 120)),
)
def test_rows_are_cast_exactly(data: Any, rounding: Any, overflow: Any, signed: Any, width: int, point: int) -> None:
    fmt, modes = FixedPoint(signed, width, point), Modes(rounding=rounding, overflow=overflow)
    near = st.integers(-(2 ** (width + 1)) * 4, 2 ** (width + 1) * 4).map(
        lambda k: float(np.float32(k * 2.0 ** (-point - 2)))
    )
    x = data.draw(hnp.arrays(np.float32, (5, 4), elements=st.floats(width=32) | st.sampled_from(EDGES) | near))
    rows = data.draw(hnp.arrays(np.int64, st.integers(1, 7), elements=st.integers(0, 4)))
    for values, chosen in ((x, rows), (np.asfortranarray(x), rows), (x, None)):
        made = cast_of_rows(values, chosen, fmt, modes)
        assert made is not None
        assert made.dtype == np.int16
        picked = x if chosen is None else x[chosen]
        np.testing.assert_array_equal(stored_integers(made, fmt) & (2**width - 1), exact(picked, fmt, modes))
        if overflow != "wrap":
            assert stored_integers(made, fmt).min() >= fmt.stored_min
            assert stored_integers(made, fmt).max() <= fmt.stored_max


def test_halves_beside_the_last_bit_of_float32() -> None:
    below = np.nextafter(np.float32(0.5), np.float32(0))
    x = np.array(
        [[below, -below, 0.5, -0.5, np.nextafter(np.float32(0.5), np.float32(1)), 2.0**-30, -(2.0**-30)]], np.float32
    )
    for rounding in DETERMINISTIC_ROUNDINGS:
        fmt, modes = FixedPoint(True, 8, 0), Modes(rounding=rounding)
        made = cast_of_rows(x, None, fmt, modes)
        assert made is not None
        np.testing.assert_array_equal(made.astype(np.int64) & 255, exact(x, fmt, modes))


@pytest.mark.parametrize(
    ("x", "fmt", "rounding"),
    [
        (np.ones((2, 2), np.float64), FixedPoint(True, 8, 3), "round"),
        (np.ones((2, 2), np.float32), FixedPoint(True, 17, 3), "round"),
        (np.ones((2, 2), np.float32), FixedPoint(True, 8, 3), "stochastic"),
    ],
)
def test_what_is_cast_elsewhere(x: Any, fmt: FixedPoint, rounding: Any) -> None:
    assert cast_of_rows(x, None, fmt, Modes(rounding=rounding)) is None


def test_inputs_of_several_axes_keep_them() -> None:
    x = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    made = cast_of_rows(x, np.array([3, 0]), FixedPoint(True, 8, 0), Modes())
    assert made is not None
    np.testing.assert_array_equal(made, x[[3, 0]])
