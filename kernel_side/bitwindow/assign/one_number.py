"""The type of a parameter that is one number: a slope, a factor, a constant of the program's text.

All windows that hold its one MSB are as good to a histogram, and the highest of them keeps that bit alone: 1/6 at 8
bits would be 1/8. So it takes the finest window without overflow, or the coarsest one that holds it exactly.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Choice
from bitwindow.numbers.format import FixedPoint


def is_one_number(values: NDArray[Any] | None) -> TypeGuard[NDArray[Any]]:
    """Whether a parameter is one number that a window can hold."""
    return values is not None and values.size == 1 and bool(np.isfinite(values).all() and values.any())


def of_one_number(finest: Choice, value: NDArray[Any]) -> Choice:
    """Return the choice for a number that is not 0, given that of the finest window without overflow.

    >>> finest = Choice(format=FixedPoint(True, 8, 5), reason="minmax")
    >>> of_one_number(finest, np.float32(3)).format, of_one_number(finest, np.float32(3.1)).format.fraction_length
    (FixedPoint(signed=True, word_length=8, fraction_length=0), 5)
    """
    fmt = finest.format
    # A float's denominator is a power of two.
    needed = float(np.reshape(value, ())).as_integer_ratio()[1].bit_length() - 1
    length = min(fmt.fraction_length, needed)
    made = FixedPoint(fmt.signed, fmt.word_length, length)
    held = "holds it exactly" if needed <= length else "is the finest without overflow"
    window = f"2^{made.msb_exponent} to 2^{made.lsb_exponent}"
    return replace(finest, format=made, reason=f"one number: window {window} {held}")
