"""The finest LSB whose overflows stay within an allowance."""

from __future__ import annotations

from dataclasses import replace

from bitwindow.assign.choice import Question
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding


def overflows(question: Question, fmt: FixedPoint) -> int:
    """Return the exact number of overflows; under ``stochastic`` rounding a bound that no run exceeds."""
    if question.rounding is Rounding.STOCHASTIC:
        # Every stochastic result is that of floor or of ceiling.
        modes = (Rounding.FLOOR, Rounding.CEILING)
        return sum(overflows(replace(question, rounding=mode), fmt) for mode in modes)
    return question.spectrum.counts(fmt, question.rounding, question.overflow).overflow


def finest(question: Question, allowed: int) -> FixedPoint | None:
    """Return the type with the finest LSB that has at most ``allowed`` overflows; None where none has.

    Halving the LSB halves the range, so the overflows never fewer: a bisection finds the border.
    """
    lengths = question.fraction_lengths
    low, high = 0, len(lengths)
    while low < high:
        middle = (low + high) // 2
        if overflows(question, question.type_with(lengths[middle])) <= allowed:
            low = middle + 1
        else:
            high = middle
    return None if low == 0 else question.type_with(lengths[low - 1])
