"""The scheme ``mse``: the least squared error.

Objective: the F with the least sum of squared errors of the cast under the active modes, over every F. For a parameter
the values themselves are cast, by the exact cast, and their errors added in float64. For an activation the error comes
from the spectrum: exact for what saturates or underflows, expected for what is rounded inside the window. What
saturates grows with every finer LSB and what underflows with every coarser one, so that few types have to be tried.
``stochastic`` is taken as ``round``. Tie-break: the coarser LSB, the higher window.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Choice, Question, window_text
from bitwindow.assign.least_error import least_squared_error
from bitwindow.assign.minmax import minmax_lengths
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.sqnr import error_energy


def mse(question: Question) -> Choice:
    """Return the type with the least squared error."""
    question = _deterministic(question)
    fmt, error = _least_expected(question) if question.values is None else _least_exact(question)
    kind = "" if question.values is not None else "expected "
    signal = question.spectrum.signal_energy()
    root = float(error / signal) ** 0.5
    return Choice(
        format=fmt,
        reason=f"mse: {window_text(fmt)} has the least {kind}squared error ({100 * root:.3g} % of the values' RMS)",
    )


def mse_lengths(question: Question) -> NDArray[np.int64]:
    """Return, for each channel of values at hand, the F with the least squared error."""
    return least_squared_error(_deterministic(question)).lengths


def _deterministic(question: Question) -> Question:
    return replace(question, rounding=Rounding.ROUND) if question.rounding is Rounding.STOCHASTIC else question


def _candidates(question: Question) -> list[int]:
    """Return the F outside of which no other can be better: from all values below half an LSB to all beyond the top."""
    exponents, _, _ = question.spectrum.msb_counts()
    bits = question.word_length - question.signed
    lengths = question.fraction_lengths
    coarsest = -int(exponents[-1]) - 2 - bits
    finest = bits + 2 - int(exponents[0])
    low, high = (min(max(edge, lengths[0]), lengths[-1]) for edge in (coarsest, finest))
    if question.overflow is Overflow.WRAP:
        # Wrapping brings any value anywhere: every type is a candidate.
        low, high = lengths[0], lengths[-1]
    return [*lengths[:1], *range(low, high + 1)] if low > lengths[0] else list(range(low, high + 1))


def _least_expected(question: Question) -> tuple[FixedPoint, Fraction]:
    """Walk both ways from the finest LSB without overflow, until what only grows exceeds the least error so far."""
    lengths = _candidates(question)
    first = min(max(int(minmax_lengths(question)[0]), lengths[0]), lengths[-1])
    start = next(place for place, length in enumerate(lengths) if length >= first)
    known: dict[int, Fraction] = {}
    for places, side in ((range(start, len(lengths)), "above"), (range(start - 1, -1, -1), "below")):
        for place in places:
            fmt = question.type_with(lengths[place])
            energy = error_energy(question.spectrum, fmt, question.rounding, question.overflow)
            known[lengths[place]] = energy.total
            if getattr(energy, side) > min(known.values()):
                break
    # Of equal errors the coarser LSB, the higher window.
    error, best = min((error, length) for length, error in known.items())
    return question.type_with(best), error


def _least_exact(question: Question) -> tuple[FixedPoint, Fraction]:
    values = np.ravel(np.asarray(question.values))
    found = least_squared_error(replace(question, values=values[np.isfinite(values)]))
    error = Fraction(float(found.errors[0])) * Fraction(2) ** (2 * int(found.scales[0]))
    return question.type_with(int(found.lengths[0])), error
