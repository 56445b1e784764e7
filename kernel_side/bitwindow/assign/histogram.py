"""The scheme ``histogram``: the window that holds the most MSBs.

Objective: the F whose M magnitude bits hold the most MSBs of the nonzero values. Tie-break: the higher window, which
overflows less. Neither rounding nor overflow matters to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Choice, Question, percent, window_text


def histogram_lengths(question: Question) -> NDArray[np.int64]:
    """Return, for each channel, the F whose window holds the most MSBs; of equals the coarsest."""
    # argmax takes the first of equals, the coarsest LSB: the higher window.
    best: NDArray[np.int64] = question.fraction_lengths[0] + np.argmax(_held(question), axis=1)
    return best


def histogram(question: Question) -> Choice:
    """Return the type whose window holds the most MSBs."""
    held = int(_held(question).max())
    fmt = question.type_with(int(histogram_lengths(question)[0]))
    share = percent(held, question.spectrum.nonzero)
    flag = "" if held else "no window of this width reaches an MSB of the values"
    return Choice(format=fmt, reason=f"histogram: {window_text(fmt)} holds {share} of the MSBs", flag=flag)


def _held(question: Question) -> NDArray[np.int64]:
    """Return how many MSBs of each channel lie in the window of each fraction length, int64[channels, lengths]."""
    exponents, counts = question.spectrum.channel_msb_counts()
    below = np.pad(np.cumsum(counts.sum(axis=2), axis=1), ((0, 0), (1, 0)))
    bits = question.word_length - question.signed
    lengths = np.array(question.fraction_lengths)
    held: NDArray[np.int64] = (
        below[:, np.searchsorted(exponents, bits - lengths)] - below[:, np.searchsorted(exponents, -lengths)]
    )
    return held
