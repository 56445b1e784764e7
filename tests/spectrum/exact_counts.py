"""The counts of a type by exact rational arithmetic, value by value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from bitwindow.numbers.format import FixedPoint
from bitwindow.spectrum.counts import Counts

HALF = Fraction(1, 2)


def rounded(a: Fraction, mode: str) -> int:
    below = math.floor(a)
    match mode:
        case "floor":
            return below
        case "ceiling":
            return math.ceil(a)
        case "zero":
            return math.trunc(a)
    if a - below != HALF:
        return below + (a - below > HALF)
    ties = {
        "round": below + (a > 0),
        "nearest": below + 1,
        "convergent": below + below % 2,
        "half_zero": below + (a < 0),
        "half_down": below,
    }
    return ties[mode]


def stored(x: float, fmt: FixedPoint, mode: str) -> int:
    return rounded(Fraction(x) * Fraction(2) ** fmt.fraction_length, mode)


def value_range(fmt: FixedPoint, overflow: str) -> tuple[int, int]:
    narrowed = fmt.signed and overflow == "saturate_symmetric"
    return fmt.stored_min + narrowed, fmt.stored_max


def cast_value(x: float, fmt: FixedPoint, mode: str, overflow: str) -> Fraction:
    k = stored(x, fmt, mode)
    low, high = value_range(fmt, overflow)
    if not low <= k <= high:
        match overflow:
            case "wrap":
                k = (k - fmt.stored_min) % (1 << fmt.word_length) + fmt.stored_min
            case "saturate_zero":
                k = 0
            case _:
                k = max(low, min(high, k))
    return k * Fraction(2) ** -fmt.fraction_length


def error_energy(values: Iterable[float], fmt: FixedPoint, mode: str, overflow: str) -> Fraction:
    return sum(((Fraction(x) - cast_value(x, fmt, mode, overflow)) ** 2 for x in values), Fraction(0))


def counts_by_hand(values: Iterable[float], fmt: FixedPoint, mode: str, overflow: str) -> Counts:
    total = zero = under = over = nan = inf = 0
    low, high = value_range(fmt, overflow)
    for x in values:
        total += 1
        if math.isnan(x):
            nan += 1
        elif math.isinf(x):
            inf += 1
        elif x == 0:
            zero += 1
        else:
            k = stored(x, fmt, mode)
            over += not low <= k <= high
            under += k == 0
    return Counts(total=total, zero=zero, underflow=under, overflow=over, nan=nan, inf=inf)
