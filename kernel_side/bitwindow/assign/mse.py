"""The scheme ``mse``: the least squared error.

Objective: the F with the least sum of squared errors of the cast under the active modes, over every F. For a parameter
    the
values themselves are cast, by the exact cast, and their errors added in float64. For an activation the error comes from
the spectrum: exact for what saturates or underflows, expected for what is rounded inside the window. ``stochastic`` is
taken as ``round``. Tie-break: the coarser LSB, the higher window.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Choice, Question, window_text
from bitwindow.numbers.cast import cast_floats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.sqnr import Energy, error_energy

_SLACK = Fraction(1, 1 << 30)
"""What float64 sums may differ from exact ones; far more than they do."""


def mse(question: Question) -> Choice:
    """Return the type with the least squared error."""
    if question.rounding is Rounding.STOCHASTIC:
        question = replace(question, rounding=Rounding.ROUND)
    energies = [_energy(question, length) for length in _candidates(question)]
    fmt, error = _least_exact(question, energies) if question.values is not None else _least_expected(energies)
    kind = "" if question.values is not None else "expected "
    signal = question.spectrum.signal_energy()
    root = float(error / signal) ** 0.5
    return Choice(
        format=fmt,
        reason=f"mse: {window_text(fmt)} has the least {kind}squared error ({100 * root:.3g} % of the values' RMS)",
    )


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


def _energy(question: Question, fraction_length: int) -> tuple[FixedPoint, Energy]:
    fmt = question.type_with(fraction_length)
    return fmt, error_energy(question.spectrum, fmt, question.rounding, question.overflow)


def _least_expected(energies: list[tuple[FixedPoint, Energy]]) -> tuple[FixedPoint, Fraction]:
    fmt, energy = min(energies, key=lambda pair: pair[1].total)
    return fmt, energy.total


def _least_exact(question: Question, energies: list[tuple[FixedPoint, Energy]]) -> tuple[FixedPoint, Fraction]:
    """Cast the values, the likeliest types first; what the spectrum proves worse than the best so far is left out."""
    values = np.ravel(np.asarray(question.values))
    values = values[np.isfinite(values)]
    best: tuple[Fraction, int] | None = None
    for fmt, energy in sorted(energies, key=lambda pair: pair[1].total):
        if best is not None and energy.known > best[0] * (1 + _SLACK):
            continue
        found = squared_error(values, fmt, question.rounding, question.overflow), fmt.fraction_length
        best = found if best is None else min(best, found)
    if best is None:
        message = "mse: there is always a candidate"
        raise AssertionError(message)
    return question.type_with(best[1]), best[0]


def squared_error(values: NDArray[Any], fmt: FixedPoint, rounding: Rounding, overflow: Overflow) -> Fraction:
    """Return the sum of squared errors of the exact cast of finite values; only the errors' sum is in float64."""
    largest = float(np.max(np.abs(values), initial=0.0))
    # Errors as fractions of the largest magnitude there is: their squares stay within the floats.
    scale = max(math.frexp(largest)[1], fmt.msb_exponent + 2)
    total = 0.0
    for start in range(0, values.size, 1 << 18):
        part = values[start : start + (1 << 18)]
        stored = cast_floats(part, fmt.as_array(), rounding.code, overflow.code).stored
        # An unsigned type of 32 bits is a bit pattern.
        exact = stored.astype(np.int64) if fmt.signed else stored.astype(np.int64) & 0xFFFFFFFF
        error = part.astype(np.float64) - np.ldexp(exact.astype(np.float64), -fmt.fraction_length)
        total += float(np.sum(np.ldexp(error, -scale) ** 2))
    return Fraction(total) * Fraction(2) ** (2 * scale)
