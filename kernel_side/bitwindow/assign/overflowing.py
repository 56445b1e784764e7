"""The finest LSB whose overflows stay within an allowance, for all channels of a spectrum at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Question
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.modes import Rounding


def overflows(question: Question, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the exact number of overflows by channel; under ``stochastic`` rounding a bound that no run exceeds.

    Args:
        question: One with as many channels as there are lengths.
        lengths: The fraction length of each channel.
    """
    if question.rounding is Rounding.STOCHASTIC:
        # Every stochastic result is that of floor or of ceiling.
        floor, ceiling = (replace(question, rounding=mode) for mode in (Rounding.FLOOR, Rounding.CEILING))
        return overflows(floor, lengths) + overflows(ceiling, lengths)
    formats = ChannelFormats(question.signed, question.word_length, tuple(lengths.tolist()))
    return question.spectrum.channel_counts(formats, question.rounding, question.overflow)[1]


def finest(question: Question, allowed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the finest fraction length of each channel with at most its ``allowed`` overflows.

    Where none has so few it is one less than the coarsest LSB's. Halving the LSB halves the range, so the overflows are
    never fewer: a bisection finds the border.
    """
    first = question.fraction_lengths[0]
    low, high = np.zeros_like(allowed), np.full_like(allowed, len(question.fraction_lengths))
    while np.any(open_ := low < high):
        middle = np.minimum((low + high) // 2, len(question.fraction_lengths) - 1)
        fits = overflows(question, first + middle) <= allowed
        low = np.where(open_ & fits, middle + 1, low)
        high = np.where(open_ & ~fits, middle, high)
    return first + low - 1
