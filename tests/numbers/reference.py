"""The rules of casting, written once more in exact rational arithmetic, one value at a time."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from bitwindow.numbers.kernel import Verdict
from bitwindow.numbers.modes import Overflow, Rounding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bitwindow.numbers.format import FixedPoint

HALF = Fraction(1, 2)


def rounded(value: Fraction, rounding: Rounding, word: int = 0) -> int:
    """Return the integer that a mode makes of a rational; `word` / 2^32 is the chance of ``stochastic``."""
    below, above = math.floor(value), math.ceil(value)
    directed = {
        Rounding.FLOOR: below,
        Rounding.CEILING: above,
        Rounding.ZERO: below if value > 0 else above,
        Rounding.STOCHASTIC: math.floor(value + Fraction(word, 1 << 32)),
    }
    if rounding in directed:
        return directed[rounding]
    if value - below != HALF:
        return math.floor(value + HALF)
    return {
        Rounding.ROUND: above if value > 0 else below,
        Rounding.NEAREST: above,
        Rounding.CONVERGENT: below if below % 2 == 0 else above,
        Rounding.HALF_ZERO: below if value > 0 else above,
        Rounding.HALF_DOWN: below,
    }[rounding]


def cast_value(
    value: float | Fraction, fmt: FixedPoint, rounding: Rounding, overflow: Overflow, word: int = 0
) -> tuple[int, Verdict]:
    """Return the stored integer and the verdict of one value."""
    least = -fmt.stored_max if fmt.signed and overflow is Overflow.SATURATE_SYMMETRIC else fmt.stored_min
    if isinstance(value, float) and math.isnan(value):
        return 0, Verdict.NAN
    if isinstance(value, float) and math.isinf(value):
        end = fmt.stored_max if value > 0 else least
        return (end if overflow in {Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC} else 0), Verdict.INF
    exact = Fraction(value) * Fraction(2) ** fmt.fraction_length
    if exact == 0:
        return 0, Verdict.ZERO
    k = rounded(exact, rounding, word)
    if least <= k <= fmt.stored_max:
        if k == 0:
            return 0, Verdict.UNDERFLOW
        return k, Verdict.EXACT if k == exact else Verdict.ROUNDED
    return _brought_back(k, least, fmt, overflow), Verdict.OVERFLOW


def _brought_back(k: int, least: int, fmt: FixedPoint, overflow: Overflow) -> int:
    if overflow is Overflow.SATURATE_ZERO:
        return 0
    if overflow is Overflow.WRAP:
        return (k - fmt.stored_min) % (1 << fmt.word_length) + fmt.stored_min
    return fmt.stored_max if k > 0 else least


def cast_values(
    values: Iterable[float | Fraction],
    fmt: FixedPoint,
    rounding: Rounding,
    overflow: Overflow,
    words: Iterable[int],
) -> tuple[list[int], list[int]]:
    """Return stored integers, as the int32 with their low 32 bits, and verdicts."""
    pairs = [cast_value(value, fmt, rounding, overflow, int(word)) for value, word in zip(values, words, strict=True)]
    return [low_word(k) for k, _ in pairs], [int(verdict) for _, verdict in pairs]


def low_word(k: int) -> int:
    """Return the int32 with the low 32 bits of an integer."""
    return (k + (1 << 31)) % (1 << 32) - (1 << 31)
