"""The scheme ``histogram``: the window that holds the most MSBs.

Objective: the F whose M magnitude bits hold the most MSBs of the nonzero values. Tie-break: the higher window, which
overflows less. Neither rounding nor overflow matters to it.
"""

from __future__ import annotations

import numpy as np

from bitwindow.assign.choice import Choice, Question, percent, window_text


def histogram(question: Question) -> Choice:
    """Return the type whose window holds the most MSBs."""
    exponents, positive, negative = question.spectrum.msb_counts()
    below = np.concatenate([np.zeros(1, np.int64), np.cumsum(positive + negative)])
    bits = question.word_length - question.signed
    lengths = np.array(question.fraction_lengths)
    first = np.searchsorted(exponents, -lengths)
    last = np.searchsorted(exponents, bits - lengths)
    held = below[last] - below[first]
    # argmax takes the first of equals, the coarsest LSB: the higher window.
    best = int(np.argmax(held))
    fmt = question.type_with(int(lengths[best]))
    share = percent(int(held[best]), question.spectrum.nonzero)
    flag = "" if held[best] else "no window of this width reaches an MSB of the values"
    return Choice(format=fmt, reason=f"histogram: {window_text(fmt)} holds {share} of the MSBs", flag=flag)
