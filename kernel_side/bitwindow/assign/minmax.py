"""The scheme ``minmax``: the finest LSB with no overflow.

Objective: the largest F under which no value of the spectrum overflows, by its exact counts under the active rounding
and overflow modes. There is one largest F, so there are no ties.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Choice, Question, window_text
from bitwindow.assign.overflowing import finest, overflows


def minmax_lengths(question: Question) -> NDArray[np.int64]:
    """Return, for each channel, the F of the finest LSB that holds every value; the coarsest where none does."""
    found = finest(question, np.zeros(question.channels, np.int64))
    return np.maximum(found, question.fraction_lengths[0])


def minmax(question: Question) -> Choice:
    """Return the type with the finest LSB that holds every value."""
    length = minmax_lengths(question)
    fmt, lost = question.type_with(int(length[0])), int(overflows(question, length)[0])
    extent = f"{question.spectrum.minimum:.6g} to {question.spectrum.maximum:.6g}"
    if lost:
        return Choice(
            format=fmt,
            reason=f"minmax: the coarsest type, {window_text(fmt)}; no type of this width holds {extent}",
            flag=f"{lost} values overflow every type of this width",
        )
    return Choice(format=fmt, reason=f"minmax: {window_text(fmt)}, the finest that holds {extent} without overflow")
