"""The scheme ``percentile``: the finest LSB with few overflows.

Objective: the largest F under which at most a share 1 - p of the nonzero finite values overflows, by the exact counts
under the active modes; p = 100 allows none. There is one largest F, so there are no ties.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Choice, Question, percent, window_text
from bitwindow.assign.minmax import minmax
from bitwindow.assign.overflowing import finest, overflows


def percentile_lengths(question: Question) -> NDArray[np.int64]:
    """Return, for each channel, the F of the finest LSB within the allowance; the coarsest where none is."""
    return np.maximum(_finest(question), question.fraction_lengths[0])


def percentile(question: Question) -> Choice:
    """Return the type with the finest LSB whose overflows stay within the allowance."""
    length = _finest(question)
    if length[0] < question.fraction_lengths[0]:
        return minmax(question)
    fmt, lost = question.type_with(int(length[0])), int(overflows(question, length)[0])
    return Choice(
        format=fmt,
        reason=(
            f"percentile: {window_text(fmt)}, the finest where at most {100 - question.percentile:.6g} % of the "
            f"nonzero values overflow ({percent(lost, question.spectrum.nonzero)} do)"
        ),
    )


def _finest(question: Question) -> NDArray[np.int64]:
    # As the text says, not as the binary fraction next to it: 99.9 leaves out exactly one in a thousand.
    share = (100 - Fraction(str(question.percentile))) / 100
    allowed = [int(share * nonzero) for nonzero in question.spectrum.channel_nonzero().tolist()]
    return finest(question, np.array(allowed, np.int64))
