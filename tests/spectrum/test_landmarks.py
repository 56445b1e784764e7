"""The order of the ranks is the order of the magnitudes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bitwindow.spectrum.generic_kernel import rank_of_fraction
from bitwindow.spectrum.landmarks import RANKS, above_power, below_next_power, fraction_of_rank, power, runs_of_ranks

LANDMARKS = [Fraction(numerator, 1 << bits) for numerator, bits in map(fraction_of_rank, range(0, RANKS, 2))]
fractions_of_a_float = st.one_of(
    st.integers(0, 2**52 - 1),
    st.builds(lambda m, off: min(max((1 << (52 - m)) + off, 0), 2**52 - 1), st.integers(1, 52), st.integers(-2, 2)),
    st.builds(lambda m, off: 2**52 - 1 - max((1 << (52 - m)) + off, 0), st.integers(1, 52), st.integers(-2, 2)),
)


def test_landmarks_rise_from_a_power_of_two_to_the_last_below_the_next() -> None:
    assert sorted(set(LANDMARKS)) == LANDMARKS
    deepest = Fraction(1, 1 << 32)
    assert [LANDMARKS[0], LANDMARKS[1], LANDMARKS[-1]] == [Fraction(0), deepest, 1 - deepest]


def test_positions_of_landmarks_are_those_of_their_fractions() -> None:
    assert fraction_of_rank(power(0)) == (0, 0)
    for m in range(1, 33):
        assert LANDMARKS[above_power(0, m) // 2] == Fraction(1, 1 << m)
        assert LANDMARKS[below_next_power(0, m) // 2] == 1 - Fraction(1, 1 << m)
    assert below_next_power(4, 0) == power(4)


@given(fractions_of_a_float)
def test_a_fraction_gets_the_rank_of_the_landmark_at_or_below_it(bits: int) -> None:
    f = Fraction(bits, 1 << 52)
    below = sum(mark <= f for mark in LANDMARKS) - 1
    assert rank_of_fraction(np.uint64(bits)) == 2 * below + (f != LANDMARKS[below])


@given(fractions_of_a_float)
def test_runs_are_those_of_the_bits(bits: int) -> None:
    run, tail = runs_of_ranks()
    text = f"{bits:052b}"
    rank = rank_of_fraction(np.uint64(bits))
    if bits == 0:
        assert (run[rank], tail[rank]) == (-33, 1)
        return
    length = len(text) - len(text.lstrip(text[0]))
    rest = text[length + (text[0] == "0") :]
    if length >= 32 and not (length == 32 and text[0] == "1" and "1" not in rest):
        assert (abs(run[rank]), tail[rank]) == (32, 0)
    else:
        assert (run[rank], tail[rank]) == (length if text[0] == "1" else -length, "1" not in rest)
