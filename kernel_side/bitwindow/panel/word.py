"""One value as binary words: the ideal word of its magnitude, and the word that the type stores for it.

Exact: the digits are those of the value's own integer ratio, and the stored integer is the one cast's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bitwindow.numbers.cast import Verdict, cast_floats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding


@dataclass(frozen=True, kw_only=True)
class Digits:
    """A row of binary digits: ``bits[i]`` stands at 2^(high - i)."""

    high: int
    bits: tuple[int, ...]

    @property
    def low(self) -> int:
        """The exponent of the last digit."""
        return self.high - len(self.bits) + 1

    def at(self, exponent: int) -> int | None:
        """Return the digit at 2^exponent, None where there is none."""
        place = self.high - exponent
        return self.bits[place] if 0 <= place < len(self.bits) else None


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a type makes of one value.

    Attributes:
        value: Finite and not zero.
        ideal: The digits of the magnitude, from its MSB to its last one.
        verdict: The class of the cast; None where chance decides it.
        stored: The stored integer; None where chance decides it, or under no type.
        after: The value of the stored integer, stored * 2^-F.
        bits: The stored word, from the sign bit (of a signed type) to the LSB, in two's complement.
    """

    value: float
    ideal: Digits
    verdict: Verdict | None = None
    stored: int | None = None
    after: float | None = None
    bits: Digits | None = None


def ideal_digits(value: float) -> Digits:
    """Return the digits of a magnitude, from the most significant one to the last one.

    >>> ideal_digits(-2.625)
    Digits(high=1, bits=(1, 0, 1, 0, 1))
    """
    numerator, denominator = abs(value).as_integer_ratio()
    digits = f"{numerator:b}"
    # The denominator is a power of two, so that the numerator's last digit stands at its inverse.
    high = len(digits) - denominator.bit_length()
    return Digits(high=high, bits=tuple(map(int, digits.rstrip("0"))))


def stored_digits(stored: int, fmt: FixedPoint) -> Digits:
    """Return the word of a stored integer, W digits in two's complement.

    >>> stored_digits(-1, FixedPoint(True, 4, 1))
    Digits(high=2, bits=(1, 1, 1, 1))
    """
    width = fmt.word_length
    pattern = stored & ((1 << width) - 1)
    return Digits(high=fmt.lsb_exponent + width - 1, bits=tuple(map(int, f"{pattern:0{width}b}")))


def words(values: Sequence[float], fmt: FixedPoint | None, rounding: str, overflow: str) -> list[Word]:
    """Return what a type makes of some values, none of them zero; no type (None) leaves them alone.

    Under ``stochastic`` rounding a value that may go either way has no verdict and no stored word.
    """
    ideals = [ideal_digits(value) for value in values]
    if fmt is None:
        return [Word(value=value, ideal=ideal) for value, ideal in zip(values, ideals, strict=True)]
    mode, beyond = Rounding.parse(rounding), Overflow.parse(overflow)
    modes = (Rounding.FLOOR, Rounding.CEILING) if mode is Rounding.STOCHASTIC else (mode, mode)
    casts = [_cast(values, fmt, either, beyond) for either in modes]
    return [
        _word(value, ideal, fmt, first) if first == second else Word(value=value, ideal=ideal)
        for value, ideal, first, second in zip(values, ideals, *casts, strict=True)
    ]


def _cast(values: Sequence[float], fmt: FixedPoint, mode: Rounding, beyond: Overflow) -> list[tuple[int, Verdict]]:
    cast = cast_floats(np.array(values, np.float64), fmt.as_array(), mode.code, beyond.code)
    integers = np.asarray(cast.stored).astype(np.int64)
    if not fmt.signed:
        integers &= 0xFFFF_FFFF
    return [(int(k), Verdict(int(v))) for k, v in zip(integers, np.asarray(cast.verdict), strict=True)]


def _word(value: float, ideal: Digits, fmt: FixedPoint, cast: tuple[int, Verdict]) -> Word:
    stored, verdict = cast
    after = float(Fraction(stored) * Fraction(2) ** -fmt.fraction_length)
    return Word(value=value, ideal=ideal, verdict=verdict, stored=stored, after=after, bits=stored_digits(stored, fmt))
