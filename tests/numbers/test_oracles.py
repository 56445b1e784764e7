"""The casts against apytypes and fxpmath, which others wrote, on the modes that they share with us."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from apytypes import APyFixedArray, OverflowMode, QuantizationMode
from fxpmath.objects import Fxp

from bitwindow.numbers.cast import cast_integers
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.numbers.public import stored_integer

APYTYPES_ROUNDINGS = {
    Rounding.ROUND: QuantizationMode.TIES_AWAY,
    Rounding.NEAREST: QuantizationMode.TIES_POS,
    Rounding.CONVERGENT: QuantizationMode.TIES_EVEN,
    Rounding.HALF_ZERO: QuantizationMode.TIES_ZERO,
    Rounding.HALF_DOWN: QuantizationMode.TIES_NEG,
    Rounding.FLOOR: QuantizationMode.TO_NEG,
    Rounding.CEILING: QuantizationMode.TO_POS,
    Rounding.ZERO: QuantizationMode.TO_ZERO,
}
APYTYPES_OVERFLOWS = {Overflow.SATURATE: OverflowMode.SAT, Overflow.WRAP: OverflowMode.WRAP}
fxpmath: Any = Fxp
FXPMATH_ROUNDINGS = {
    Rounding.CONVERGENT: "around",
    Rounding.FLOOR: "floor",
    Rounding.CEILING: "ceil",
    Rounding.ZERO: "fix",
}
FXPMATH_OVERFLOWS = {Overflow.SATURATE: "saturate", Overflow.WRAP: "wrap"}


@pytest.mark.parametrize("overflow", APYTYPES_OVERFLOWS)
@pytest.mark.parametrize("rounding", APYTYPES_ROUNDINGS)
def test_apytypes_agrees(rounding: Rounding, overflow: Overflow) -> None:
    generator = np.random.default_rng(rounding.code)
    k = generator.integers(-(2**40), 2**40, 400) >> generator.integers(0, 40, 400)
    for point in (-3, 0, 1, 9, 30):
        for word_length, fraction_length in ((2, 0), (8, 3), (16, -4), (32, 20), (5, 12)):
            fmt = FixedPoint(True, word_length, fraction_length)
            exact = APyFixedArray(k.tolist(), int_bits=48 - point, frac_bits=point)
            theirs = exact.cast(
                bits=word_length,
                frac_bits=fraction_length,
                quantization=APYTYPES_ROUNDINGS[rounding],
                overflow=APYTYPES_OVERFLOWS[overflow],
            )
            bits = np.array(theirs.to_bits(), np.int64)
            signed = bits - ((bits >> (word_length - 1)) << word_length)
            ours = cast_integers(k, point, fmt.as_array(), rounding.code, overflow.code).stored
            assert np.array_equal(ours, signed), (fmt, point)


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize("overflow", FXPMATH_OVERFLOWS)
@pytest.mark.parametrize("rounding", FXPMATH_ROUNDINGS)
def test_fxpmath_agrees(rounding: Rounding, overflow: Overflow, signed: bool) -> None:  # noqa: FBT001
    generator = np.random.default_rng(rounding.code)
    # Within 2^50 LSBs a float64 product is exact, so that fxpmath's own arithmetic is.
    x = generator.integers(-4000, 4000, 400) / 64.0
    for word_length, fraction_length in ((2, 0), (8, 3), (12, 5), (16, 2), (6, -1)):
        theirs = fxpmath(
            x,
            signed,
            word_length,
            fraction_length,
            rounding=FXPMATH_ROUNDINGS[rounding],
            overflow=FXPMATH_OVERFLOWS[overflow],
        )
        ours = stored_integer(x, FixedPoint(signed, word_length, fraction_length), rounding, overflow)
        assert np.array_equal(ours, theirs.raw()), (word_length, fraction_length)
