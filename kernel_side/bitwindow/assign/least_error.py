"""The fraction length with the least squared error of the cast, by casting the values themselves.

Every row of values (a channel, or a whole tensor) walks on its own from F0, the finest LSB at which nothing overflows.
Two facts bound the walk, so that what is left out is proved worse than the best:

- Towards coarser LSBs nothing overflows, and each grid holds the next coarser one: no value's error gets smaller. So
  the walk goes on only as long as the error equals that of F0.
- Towards finer LSBs the range shrinks. What the values lie beyond it is no more than their error, under any overflow
  rule, and only grows: once that alone exceeds the least error so far, so does the error of every finer LSB.

Of equal errors the coarser LSB is taken, the higher window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Question
from bitwindow.assign.overflowing import finest
from bitwindow.numbers.cast import cast_floats
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.modes import Overflow

_SLACK = 1 + 2.0**-30
"""What sums in float64 may differ from exact ones; far more than they do."""
_LEAST_SCALE = -130
"""An octave or more below every LSB."""
_PART = 1 << 18
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Least:
    """The best fraction length of each row, with its squared error: ``errors`` times 2^(2 ``scales``)."""

    lengths: NDArray[np.int64]
    errors: NDArray[np.float64]
    scales: NDArray[np.int64]


def least_squared_error(question: Question) -> Least:
    """Return the best fraction length of each channel.

    Args:
        question: One with finite values at hand, and another rounding than ``stochastic``.
    """
    values = np.asarray(question.values)
    rows = np.ascontiguousarray(values.reshape(question.channels, -1))
    walk = _Walk(question, rows)
    walk.to_finer()
    walk.to_coarser()
    return Least(lengths=walk.best, errors=walk.least, scales=walk.scales)


class _Walk:
    def __init__(self, question: Question, rows: NDArray[np.floating]) -> None:
        self._question, self._rows = question, rows
        largest = np.max(np.abs(rows), axis=1, initial=0.0).astype(np.float64)
        # Errors as fractions of the largest magnitude there is: their squares stay within the floats.
        self.scales = np.maximum(np.frexp(largest)[1].astype(np.int64), _LEAST_SCALE)
        self._low, self._high = question.fraction_lengths[0], question.fraction_lengths[-1]
        self._start = np.maximum(finest(question, np.zeros(len(rows), np.int64)), self._low)
        self.best = self._start.copy()
        self._at_start, self._beyond = self._energies(np.arange(len(rows)), self._start)
        self.least = self._at_start.copy()

    def to_finer(self) -> None:
        length = self._start.copy()
        active = np.flatnonzero((self._beyond <= self.least * _SLACK) & (length < self._high))
        while active.size:
            length[active] += 1
            errors, beyond = self._energies(active, length[active])
            self._take(active, errors < self.least[active], errors, length)
            active = active[(beyond <= self.least[active] * _SLACK) & (length[active] < self._high)]

    def to_coarser(self) -> None:
        length = self._start.copy()
        active = np.flatnonzero((self._at_start <= self.least * _SLACK) & (length > self._low))
        while active.size:
            length[active] -= 1
            errors, _ = self._energies(active, length[active])
            self._take(active, errors <= self.least[active], errors, length)
            active = active[(errors <= self.least[active] * _SLACK) & (length[active] > self._low)]

    def _take(
        self,
        active: NDArray[np.int64],
        better: NDArray[np.bool_],
        errors: NDArray[np.float64],
        length: NDArray[np.int64],
    ) -> None:
        rows = active[better]
        self.least[rows], self.best[rows] = errors[better], length[rows]

    def _energies(
        self, active: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each active row's sum of squared errors, and of squared distances from the range of its type.

        The casts are exact; only the sums round. Both are in units of 2^(2 scale).
        """
        found, question = np.zeros((2, len(active))), self._question
        together, scales = max(1, _BLOCK // max(1, self._rows.shape[1])), self.scales[active]
        for first in range(0, len(active), together):
            some = slice(first, first + together)
            formats = ChannelFormats(question.signed, question.word_length, tuple(lengths[some].tolist()))
            for start in range(0, self._rows.shape[1], _PART):
                part = self._rows[active[some], start : start + _PART]
                for sums, distance in zip(found, _distances(question, part, formats), strict=True):
                    sums[some] += np.sum(np.ldexp(distance, -scales[some, None].astype(np.int32)) ** 2, axis=1)
        return found[0], found[1]


def _distances(
    question: Question, part: NDArray[np.floating], formats: ChannelFormats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    types = formats.as_array(0, 2)
    stored = cast_floats(part, types, question.rounding.code, question.overflow.code).stored
    # An unsigned type of 32 bits is a bit pattern.
    exact = stored.astype(np.int64) if formats.signed else stored.astype(np.int64) & 0xFFFFFFFF
    one = formats[0]
    least = -one.stored_max if question.overflow is Overflow.SATURATE_SYMMETRIC and one.signed else one.stored_min
    wide = part.astype(np.float64)
    error = wide - np.ldexp(exact.astype(np.float64), -types[2])
    low, high = (np.ldexp(float(end), -types[2]) for end in (least, one.stored_max))
    return error, wide - np.clip(wide, low, high)
