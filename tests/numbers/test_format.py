"""The type: which exist, what they hold, and how they print."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from bitwindow.errors import FormatError, SettingError
from bitwindow.numbers.format import FixedPoint, as_format
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS
from tests.numbers import strategies

S8 = FixedPoint(signed=True, word_length=8, fraction_length=3)


def test_the_worked_type() -> None:
    assert (S8.lsb, S8.min, S8.max) == (0.125, -16.0, 15.875)
    assert (S8.stored_min, S8.stored_max, S8.magnitude_bits) == (-128, 127, 7)
    assert (S8.msb_exponent, S8.lsb_exponent) == (3, -3)
    assert S8.as_array().tolist() == [1, 8, 3]
    assert S8.as_array().dtype == np.int32


@given(fmt=strategies.formats())
def test_values_are_exact_and_the_window_lies_in_float32(fmt: FixedPoint) -> None:
    lsb = Fraction(2) ** -fmt.fraction_length
    assert Fraction(fmt.lsb) == lsb
    assert Fraction(fmt.min) == fmt.stored_min * lsb
    assert Fraction(fmt.max) == fmt.stored_max * lsb
    tiny = np.finfo(np.float32).tiny
    assert fmt.lsb >= tiny
    assert 2.0**fmt.msb_exponent <= np.finfo(np.float32).max
    assert fmt.msb_exponent - fmt.lsb_exponent + 1 == fmt.magnitude_bits


@given(fmt=strategies.formats())
def test_every_printed_form_is_read_back(fmt: FixedPoint) -> None:
    assert FixedPoint.parse(str(fmt)) == fmt
    assert FixedPoint.parse(fmt.fixdt()) == fmt
    for rounding in ROUNDINGS:
        for overflow in OVERFLOWS:
            if rounding.ap_name is not None:
                assert FixedPoint.parse(fmt.ap_fixed(rounding, overflow)) == fmt


def test_printed_forms() -> None:
    assert [str(FixedPoint(True, 8, f)) for f in (3, 0, -2)] == ["sfix8_En3", "sfix8", "sfix8_E2"]
    assert S8.fixdt() == "fixdt(1,8,3)"
    assert S8.ap_fixed() == "ap_fixed<8,5,AP_RND_INF,AP_SAT>"
    assert FixedPoint(False, 8, 10).ap_fixed("floor", "wrap") == "ap_ufixed<8,-2,AP_TRN,AP_WRAP>"


@pytest.mark.parametrize("rounding", ["ceiling", "stochastic"])
def test_modes_that_ap_fixed_lacks_are_refused(rounding: str) -> None:
    with pytest.raises(SettingError, match=rf"wanted a mode that ap_fixed has .*got '{rounding}'"):
        S8.ap_fixed(rounding)


@pytest.mark.parametrize(("signed", "word_length"), [(False, 0), (True, 1), (True, 33), (False, 33), (False, -4)])
def test_word_lengths_out_of_range(signed: bool, word_length: int) -> None:  # noqa: FBT001  (a parameter of the test)
    with pytest.raises(FormatError, match=rf"word_length: wanted {1 + signed} to 32 bits .*got {word_length}\."):
        FixedPoint(signed, word_length, 0)


@pytest.mark.parametrize(
    ("signed", "word_length", "first", "last"), [(True, 8, -121, 126), (False, 8, -120, 126), (False, 1, -127, 126)]
)
def test_fraction_lengths_out_of_range(signed: bool, word_length: int, first: int, last: int) -> None:  # noqa: FBT001
    assert FixedPoint(signed, word_length, first).msb_exponent == 127
    assert FixedPoint(signed, word_length, last).lsb == 2.0**-126
    for outside in (first - 1, last + 1):
        with pytest.raises(FormatError, match=rf"fraction_length: wanted {first} to {last} .*; got {outside},"):
            FixedPoint(signed, word_length, outside)


@pytest.mark.parametrize("value", [8.0, "8", None, True])
def test_lengths_are_integers(value: int) -> None:
    with pytest.raises(FormatError, match="word_length: wanted an integer number of bits; got"):
        FixedPoint(True, value, 3)
    with pytest.raises(FormatError, match="fraction_length: wanted an integer number of bits; got"):
        FixedPoint(True, 8, value)


def test_signed_is_a_truth_value() -> None:
    with pytest.raises(FormatError, match="signed: wanted True or False; got 1"):
        FixedPoint(1, 8, 3)  # type: ignore[arg-type]


def test_numpy_integers_make_the_same_type() -> None:
    made: Any = FixedPoint(np.bool_(True), np.int64(8), np.int32(3))  # type: ignore[arg-type]
    assert made == S8
    assert hash(made) == hash(S8)
    assert repr(made) == repr(S8)
    assert type(made.word_length) is int


def test_as_format_takes_a_type_or_its_text() -> None:
    assert as_format(S8) is S8
    assert as_format("fixdt(1,8,3)") == S8
    with pytest.raises(FormatError, match=r"wanted text like 'sfix8_En3'.*got 8"):
        as_format(8)  # type: ignore[arg-type]
