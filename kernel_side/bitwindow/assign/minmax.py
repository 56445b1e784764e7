"""The scheme ``minmax``: the finest LSB with no overflow.

Objective: the largest F under which no value of the spectrum overflows, by its exact counts under the active rounding
    and
overflow modes. There is one largest F, so there are no ties.
"""

from __future__ import annotations

from bitwindow.assign.choice import Choice, Question, window_text
from bitwindow.assign.overflowing import finest, overflows


def minmax(question: Question) -> Choice:
    """Return the type with the finest LSB that holds every value."""
    fmt = finest(question, 0)
    extent = f"{question.spectrum.minimum:.6g} to {question.spectrum.maximum:.6g}"
    if fmt is None:
        fmt = question.type_with(question.fraction_lengths[0])
        lost = overflows(question, fmt)
        return Choice(
            format=fmt,
            reason=f"minmax: the coarsest type, {window_text(fmt)}; no type of this width holds {extent}",
            flag=f"{lost} values overflow every type of this width",
        )
    return Choice(format=fmt, reason=f"minmax: {window_text(fmt)}, the finest that holds {extent} without overflow")
