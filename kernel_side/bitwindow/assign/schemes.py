"""The schemes by name, and what all of them share: checks, degenerate tensors, signs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import Choice, Question, Scheme
from bitwindow.assign.histogram import histogram
from bitwindow.assign.minmax import minmax
from bitwindow.assign.mse import mse
from bitwindow.assign.percentile import percentile as within_percentile
from bitwindow.errors import SettingError
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.record import Spectrum

SCHEMES: dict[str, Scheme] = {
    "minmax": minmax,
    "histogram": histogram,
    "mse": mse,
    "percentile": within_percentile,
}
"""The schemes that choose from a spectrum."""


def choose(
    scheme: str,
    spectrum: Spectrum,
    word_length: int,
    signed: bool,  # noqa: FBT001  (a field of the type, in its order)
    rounding: str = "round",
    overflow: str = "saturate",
    values: NDArray[Any] | None = None,
    percentile: float = 99.9,
) -> Choice:
    """Choose the fraction length of one tensor.

    A tensor with no nonzero finite value (empty, all zero, all NaN) gets the type whose range ends at 1, and a flag;
    NaNs and infinities beside finite values are left out, and flagged; an unsigned type is chosen by the values above
    zero.

    Args:
        scheme: A name in ``SCHEMES``.
        spectrum: Of the tensor; channels are merged.
        word_length: W, in bits.
        signed: Whether the type holds negative values.
        rounding: The active mode.
        overflow: The active mode.
        values: The tensor itself, for an exact ``mse``.
        percentile: For ``percentile``, in percent of the nonzero values: over 0, at most 100.

    Raises:
        SettingError: For a scheme or mode that does not exist, or a percentile out of range.
        FormatError: If no type has this width.

    >>> choose("histogram", Spectrum.of([0.3, 0.4, -0.9]), 8, True).reason
    'histogram: window 2^4 to 2^-2 holds 100 % of the MSBs'
    """
    found = scheme_of(scheme)
    check_percentile(percentile)
    modes = Rounding.parse(rounding), Overflow.parse(overflow)
    FixedPoint(signed, word_length, 0)
    whole = spectrum.merged()
    question = Question(
        spectrum=whole if signed else whole.positive(),
        word_length=word_length,
        signed=signed,
        rounding=modes[0],
        overflow=modes[1],
        values=_without_negative(values, signed=signed),
        percentile=percentile,
    )
    flags = _flags(whole, signed=signed)
    if question.spectrum.nonzero == 0:
        return _degenerate(question, whole, flags)
    choice = found(question)
    return replace(choice, flag="; ".join([*filter(None, [choice.flag]), *flags]))


def scheme_of(name: str) -> Scheme:
    """Return a scheme by its name.

    Raises:
        SettingError: If there is none.
    """
    if name not in SCHEMES:
        message = f"scheme: wanted one of {', '.join(map(repr, SCHEMES))}; got {name!r}. Choose one of these names."
        raise SettingError(message)
    return SCHEMES[name]


def check_percentile(percentile: float) -> None:
    """Check a percentage of values.

    Raises:
        SettingError: If it is out of range.
    """
    if not 0 < percentile <= 100:
        message = (
            f"percentile: wanted a percentage over 0 and at most 100; got {percentile!r}. "
            "99.9 lets one nonzero value in a thousand overflow."
        )
        raise SettingError(message)


def _without_negative(values: NDArray[Any] | None, *, signed: bool) -> NDArray[Any] | None:
    if values is None or signed:
        return values
    return np.asarray(values)[np.asarray(values) > 0]


def _flags(spectrum: Spectrum, *, signed: bool) -> list[str]:
    flags = []
    if spectrum.nan:
        flags.append(f"{spectrum.nan} NaN left out")
    if spectrum.inf:
        flags.append(f"{spectrum.inf} infinite left out")
    if spectrum.has_negative and not signed:
        flags.append(f"{spectrum.nonzero - spectrum.positive().nonzero} values below zero, which the type cannot hold")
    return flags


def _degenerate(question: Question, whole: Spectrum, flags: list[str]) -> Choice:
    if whole.total == 0:
        what = "the tensor is empty"
    elif whole.nonzero:
        what = "no value lies above zero"
    elif whole.zero:
        what = "all finite values are zero" if whole.nan or whole.inf else "all values are zero"
    else:
        what = "no value is finite"
    fmt = question.type_with(question.word_length - question.signed)
    return Choice(format=fmt, reason=f"{what}: the type whose range ends at 1", flag="; ".join([what, *flags]))
