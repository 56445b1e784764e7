from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitwindow.numbers.cast import Verdict
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel.examples import MOST, examples
from bitwindow.panel.word import words

FMT = FixedPoint(True, 8, 3)


def roles(values: list[float], fmt: FixedPoint | None = FMT) -> dict[str, float]:
    chosen = examples(np.array(values), fmt, "round", "saturate")
    return {role: example.word.value for example in chosen for role in example.role.split(", ")}


def test_each_role_has_its_value() -> None:
    values = [-0.0, 0.0, np.nan, np.inf, 40.0, 15.9375, 3.0, 0.0625, 2.1, 0.06, -0.01, -5.0, -7.3]
    assert roles(values) == {
        "largest": 40.0,
        "smallest": -0.01,
        "overflows": 15.9375,
        "underflows": 0.06,
        "halfway": 0.0625,
        "median": 3.0,
        "most rounded": 0.0625,
        "negative": -5.0,
        "exact": -5.0,
    }


def test_a_float_site_has_no_losses_to_show() -> None:
    assert roles([1.0, -2.0, 3.0], None) == {"largest": 3.0, "smallest": 1.0, "median": -2.0, "negative": -2.0}
    assert roles([], None) == {}


@given(hnp.arrays(np.float32, st.integers(0, 60), elements=st.floats(width=32)), st.integers(-10, 20))
def test_there_are_at_most_eight_in_order_and_losses_are_among_them(x: NDArray[np.float32], fraction: int) -> None:
    fmt = FixedPoint(True, 8, fraction)
    chosen = [example.word for example in examples(x.astype(np.float64), fmt, "round", "saturate")]
    magnitudes = [abs(word.value) for word in chosen]
    assert magnitudes == sorted(magnitudes, reverse=True)
    assert len({word.value for word in chosen}) == len(chosen) <= MOST
    nonzero = [float(value) for value in x if np.isfinite(value) and value != 0]
    all_verdicts = {word.verdict for word in words(nonzero, fmt, "round", "saturate")}
    wanted = all_verdicts & {Verdict.OVERFLOW, Verdict.UNDERFLOW}
    assert wanted <= {word.verdict for word in chosen}
