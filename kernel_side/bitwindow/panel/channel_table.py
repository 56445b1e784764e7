"""The channels of a site that lose most under its type, the worst first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.schemes import choose
from bitwindow.calibrate.channels import Channels
from bitwindow.errors import SettingError
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.panel.picture import Columns, shade
from bitwindow.spectrum.landmarks import CELL_BITS
from bitwindow.spectrum.record import Spectrum

MOST = 8


@dataclass(frozen=True, kw_only=True)
class ChannelRow:
    """One channel under the type of its site.

    Attributes:
        index: Along the channel axis.
        values, nonzero, overflow, underflow: Exact numbers of values of the channel, the last two under the type.
        minimum, maximum: The least and the greatest finite value; None where there is none.
        wanted: The type of the same width that ``minmax`` gives the channel alone; None where it has no nonzero value.
        shades: How dark each bit position is, from the highest to the lowest column.
    """

    index: int
    values: int
    nonzero: int
    overflow: int
    underflow: int
    minimum: float | None
    maximum: float | None
    wanted: FixedPoint | None
    shades: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ChannelTable:
    """The worst channels of ``count``; ``lossy`` of them overflow or underflow. ``samples`` as in ``Channels``."""

    rows: tuple[ChannelRow, ...]
    count: int
    lossy: int
    samples: int | None


def channel_table(
    channels: Channels,
    fmt: FixedPoint,
    rounding: str,
    overflow: str,
    shown: Columns,
    own: ChannelFormats | None = None,
) -> ChannelTable:
    """Return at most eight channels by their share of overflows, then of underflows, among their nonzero values.

    Args:
        channels: The spectra of all of them.
        fmt: The type whose window is shown.
        rounding: The mode.
        overflow: The mode.
        shown: The bit positions.
        own: The channels' own types, where they have such: each is counted by its own, and its values are shown in the
            one window as they lie in its own.

    Raises:
        SettingError: For ``stochastic`` rounding, under which a spectrum has no counts.
    """
    mode, beyond = Rounding.parse(rounding), Overflow.parse(overflow)
    if mode is Rounding.STOCHASTIC:
        message = "channels: wanted a deterministic rounding mode; got 'stochastic', whose counts only a run has."
        raise SettingError(message)
    spectrum = channels.spectrum
    moved = spectrum
    if own is not None:
        moved = spectrum.shifted([length - fmt.fraction_length for length in own.fraction_lengths])
    under, over = moved.channel_counts(fmt, mode, beyond)
    nonzero = nonzero_of_channels(spectrum)
    whole = np.maximum(nonzero, 1)
    order = np.lexsort((-under / whole, -over / whole))
    return ChannelTable(
        rows=tuple(
            _row(spectrum, moved, int(i), under, over, nonzero, fmt, (mode, beyond), shown) for i in order[:MOST]
        ),
        count=len(nonzero),
        lossy=int(np.count_nonzero(under + over)),
        samples=channels.samples,
    )


def nonzero_of_channels(spectrum: Spectrum) -> NDArray[np.int64]:
    """Return the number of finite values other than zero of every channel."""
    counts = np.zeros(len(spectrum.parts.special), np.int64)
    np.add.at(counts, spectrum.parts.cells >> (CELL_BITS + 1), spectrum.parts.counts)
    return counts


def _row(
    spectrum: Spectrum,
    moved: Spectrum,
    index: int,
    under: NDArray[np.int64],
    over: NDArray[np.int64],
    nonzero: NDArray[np.int64],
    fmt: FixedPoint,
    modes: tuple[Rounding, Overflow],
    shown: Columns,
) -> ChannelRow:
    channel = spectrum[index]
    return ChannelRow(
        index=index,
        values=channel.total,
        nonzero=int(nonzero[index]),
        overflow=int(over[index]),
        underflow=int(under[index]),
        minimum=channel.minimum,
        maximum=channel.maximum,
        wanted=_wanted(channel, fmt, modes),
        shades=_shades(moved[index], shown),
    )


def _wanted(channel: Spectrum, fmt: FixedPoint, modes: tuple[Rounding, Overflow]) -> FixedPoint | None:
    if not (channel.nonzero if fmt.signed else channel.positive().nonzero):
        return None
    return choose("minmax", channel, fmt.word_length, fmt.signed, *modes).format


def _shades(channel: Spectrum, shown: Columns) -> tuple[float, ...]:
    counts = dict.fromkeys(shown.exponents, 0)
    for exponent, positive, negative in zip(*(array.tolist() for array in channel.msb_counts()), strict=True):
        counts[min(max(exponent, shown.low), shown.high)] += positive + negative
    return tuple(shade(count, channel.nonzero) for count in counts.values())
