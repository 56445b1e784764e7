"""The schemes' choices for all channels of a parameter in one go: those that each channel would get alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.choice import ChannelScheme, Question
from bitwindow.assign.histogram import histogram_lengths
from bitwindow.assign.minmax import minmax_lengths
from bitwindow.assign.mse import mse_lengths
from bitwindow.assign.percentile import percentile_lengths
from bitwindow.assign.schemes import check_percentile, choose, scheme_of
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.record import Spectrum

CHANNEL_SCHEMES: dict[str, ChannelScheme] = {
    "minmax": minmax_lengths,
    "histogram": histogram_lengths,
    "mse": mse_lengths,
    "percentile": percentile_lengths,
}
"""By the names of ``schemes.SCHEMES``."""


def choose_channels(
    scheme: str,
    spectrum: Spectrum,
    word_length: int,
    rows: NDArray[Any],
    rounding: str = "round",
    overflow: str = "saturate",
    percentile: float = 99.9,
) -> tuple[ChannelFormats, list[str]]:
    """Choose the fraction length of every channel; the types are signed.

    Args:
        scheme: A name in ``CHANNEL_SCHEMES``.
        spectrum: One with a channel for each row.
        word_length: W, in bits.
        rows: The parameter, channels along the first axis.
        rounding: The active mode.
        overflow: The active mode.
        percentile: For ``percentile``, in percent of the nonzero values.

    Returns:
        The types, and the warning of each channel, empty for none.

    Raises:
        SettingError: As ``schemes.choose``.
    """
    scheme_of(scheme)
    check_percentile(percentile)
    lengths, flags = np.zeros(len(rows), np.int64), [""] * len(rows)
    ordinary = np.flatnonzero((spectrum.channel_nonzero() > 0) & (spectrum.parts.special[:, 1:3].sum(axis=1) == 0))
    coarsest = None
    if ordinary.size:
        question = Question(
            spectrum=spectrum.only(ordinary),
            word_length=word_length,
            signed=True,
            rounding=Rounding.parse(rounding),
            overflow=Overflow.parse(overflow),
            values=rows[ordinary],
            percentile=percentile,
        )
        lengths[ordinary] = CHANNEL_SCHEMES[scheme](question)
        coarsest = question.fraction_lengths[0]
    # The coarsest type of all is what a scheme takes where none will do, with a warning.
    alone = np.setdiff1d(np.arange(len(rows)), ordinary[lengths[ordinary] != coarsest])
    for channel in alone.tolist():
        choice = choose(
            scheme, spectrum[channel], word_length, True, rounding, overflow, rows[channel], percentile=percentile
        )
        lengths[channel], flags[channel] = choice.format.fraction_length, choice.flag
    return ChannelFormats(True, word_length, tuple(lengths.tolist())), flags
