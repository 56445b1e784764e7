"""The scheme ``percentile``: the finest LSB with few overflows.

Objective: the largest F under which at most a share 1 - p of the nonzero finite values overflows, by the exact counts
under the active modes; p = 100 allows none. There is one largest F, so there are no ties.
"""

from __future__ import annotations

from fractions import Fraction

from bitwindow.assign.choice import Choice, Question, percent, window_text
from bitwindow.assign.minmax import minmax
from bitwindow.assign.overflowing import finest, overflows


def percentile(question: Question) -> Choice:
    """Return the type with the finest LSB whose overflows stay within the allowance."""
    nonzero = question.spectrum.nonzero
    # As the text says, not as the binary fraction next to it: 99.9 leaves out exactly one in a thousand.
    allowed = int((100 - Fraction(str(question.percentile))) * nonzero / 100)
    fmt = finest(question, allowed)
    if fmt is None:
        return minmax(question)
    lost = overflows(question, fmt)
    return Choice(
        format=fmt,
        reason=(
            f"percentile: {window_text(fmt)}, the finest where at most {100 - question.percentile:.6g} % of the "
            f"nonzero values overflow ({percent(lost, nonzero)} do)"
        ),
    )
