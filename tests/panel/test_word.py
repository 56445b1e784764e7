"""The words that the detail shows are exact: digits against integer ratios, stored words against the public cast."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import bitwindow as bw
from bitwindow.numbers.cast import Verdict
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Rounding
from bitwindow.panel.word import Digits, ideal_digits, stored_digits, words

VALUES = st.floats(allow_nan=False, allow_infinity=False, width=32).filter(bool)
DETERMINISTIC = [mode.value for mode in ROUNDINGS if mode is not Rounding.STOCHASTIC]


@st.composite
def formats(draw: st.DrawFn) -> bw.FixedPoint:
    signed = draw(st.booleans())
    width = draw(st.integers(2, 32))
    return bw.FixedPoint(signed, width, draw(st.integers(width - 120, 120)))


def value_of(digits: Digits) -> Fraction:
    return sum((bit * Fraction(2) ** (digits.high - i) for i, bit in enumerate(digits.bits)), Fraction(0))


@given(VALUES | st.floats(allow_nan=False, allow_infinity=False).filter(bool))
def test_the_ideal_digits_are_the_magnitude(value: float) -> None:
    digits = ideal_digits(value)
    assert value_of(digits) == abs(Fraction(value))
    assert digits.bits[0] == digits.bits[-1] == 1
    assert digits.at(digits.high + 1) is None
    assert digits.at(digits.low) == 1


@given(VALUES, formats(), st.sampled_from(DETERMINISTIC), st.sampled_from([mode.value for mode in OVERFLOWS]))
def test_the_stored_word_is_that_of_the_cast(value: float, fmt: bw.FixedPoint, rounding: str, overflow: str) -> None:
    (word,) = words([value], fmt, rounding, overflow)
    x = np.array([value], np.float64)
    assert word.after == float(bw.quantize(x, fmt, rounding, overflow)[0])
    assert word.stored == int(bw.stored_integer(x, fmt, rounding, overflow)[0])
    assert word.bits is not None
    assert len(word.bits.bits) == fmt.word_length
    assert word.bits.low == fmt.lsb_exponent
    magnitude = value_of(word.bits)
    if fmt.signed and word.bits.bits[0]:
        magnitude -= Fraction(2) ** (word.bits.high + 1)
    assert magnitude == Fraction(word.after)


@given(VALUES, formats())
def test_the_class_is_that_of_the_value_view(value: float, fmt: bw.FixedPoint) -> None:
    (word,) = words([value], fmt, "round", "saturate")
    exact = abs(Fraction(value)) * Fraction(2) ** fmt.fraction_length
    k = int(exact + Fraction(1, 2)) * (1 if value > 0 else -1)
    if not fmt.stored_min <= k <= fmt.stored_max:
        wanted = Verdict.OVERFLOW
    elif k == 0:
        wanted = Verdict.UNDERFLOW
    else:
        wanted = Verdict.EXACT if k == exact * (1 if value > 0 else -1) else Verdict.ROUNDED
    assert word.verdict is wanted


@given(VALUES, st.integers(-20, 20))
def test_chance_leaves_the_word_open_unless_both_ways_agree(value: float, fraction: int) -> None:
    fmt = bw.FixedPoint(True, 12, fraction)
    assume(abs(value) < fmt.max)
    (word,) = words([value], fmt, "stochastic", "saturate")
    on_the_grid = (Fraction(value) * Fraction(2) ** fraction).denominator == 1
    assert (word.verdict is None) == (word.bits is None) == (not on_the_grid)


def test_without_a_type_a_value_stays() -> None:
    (word,) = words([0.75], None, "round", "saturate")
    assert (word.verdict, word.stored, word.bits, word.ideal) == (None, None, None, Digits(high=-1, bits=(1, 1)))


def test_the_bit_pattern_of_the_widest_unsigned_type() -> None:
    (word,) = words([2.0**32 - 1], bw.FixedPoint(False, 32, 0), "round", "saturate")
    assert word.stored == 2**32 - 1
    assert stored_digits(2**32 - 1, bw.FixedPoint(False, 32, 0)).bits == (1,) * 32
