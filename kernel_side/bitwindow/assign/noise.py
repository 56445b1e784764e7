"""Whether a type is enough for its tensor, by its own values alone: the noise of its cast, and what would lower it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.cast_noise import cast_noise
from bitwindow.assign.channel_schemes import choose_channels
from bitwindow.assign.choice import window_text
from bitwindow.assign.offer import Better, short
from bitwindow.assign.schemes import choose
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.record import Spectrum

LEAST_SQNR = 20.0
"""In dB; a tensor whose cast leaves less has noise of more than a tenth of its values' root mean square.

Measured on the networks of ``docs/accuracy.md``: 8-bit types of the scheme ``mse`` leave 33 dB and more at every site,
and the sites that broke a network had 1 to 13.
"""
MOST_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """What is known of a site's values.

    Attributes:
        spectrum: Of all of them.
        rounding: The active mode; ``stochastic`` is taken as ``round``.
        overflow: The active mode.
        values: The tensor itself, where it is a parameter.
        channel_axis: Where it can have a type for each channel, the axis that counts them.
    """

    spectrum: Spectrum
    rounding: str
    overflow: str
    values: NDArray[Any] | None = None
    channel_axis: int | None = None

    def db(self, fmt: AnyFormat) -> float:
        """Return the ratio of signal to noise that types leave; of types by channel, all channels together."""
        if isinstance(fmt, ChannelFormats):
            assert self.values is not None  # noqa: S101  (only parameters have types by channel)
            modes = Rounding.parse(self.mode), Overflow.parse(self.overflow)
            return cast_noise(self.values, fmt, self.channel_axis, *modes).db
        return self.spectrum.sqnr(fmt, self.mode, self.overflow).db

    def least_noise(self, bits: int, *, signed: bool) -> AnyFormat:
        """Return the type of a width with the least squared error."""
        return choose("mse", self.spectrum, bits, signed, self.mode, self.overflow, self.values).format

    def least_noise_by_channel(self, bits: int) -> ChannelFormats:
        """Return the types of a width with the least squared error in each channel; for tensors that can have them."""
        spectrum, rows = self._channels
        return choose_channels("mse", spectrum, bits, rows, self.mode, self.overflow)[0]

    @property
    def mode(self) -> str:
        """The rounding, a deterministic one."""
        known = Rounding.parse(self.rounding)
        return Rounding.ROUND.value if known is Rounding.STOCHASTIC else known.value

    @cached_property
    def _channels(self) -> tuple[Spectrum, NDArray[Any]]:
        assert self.values is not None  # noqa: S101  (the caller has looked)
        assert self.channel_axis is not None  # noqa: S101
        rows = np.moveaxis(self.values, self.channel_axis, 0)
        return Spectrum.of(rows, axis=0), rows


def better(tensor: Tensor, fmt: AnyFormat, least: float = LEAST_SQNR) -> Better | None:
    """Return the types of least width, from the present one on, that leave enough; None where the present ones do.

    Of one width, a type for the whole tensor is tried before one for each channel.

    Args:
        tensor: What is known of the values.
        fmt: The present type or types.
        least: What is enough, in dB.
    """
    if fmt.word_length > MOST_BITS:
        return None
    before = tensor.db(fmt)
    if before >= least:
        return None
    best, after = fmt, before
    for other in _others(tensor, fmt):
        found = tensor.db(other)
        if found > after:
            best, after = other, found
        if found >= least:
            break
    return None if best == fmt else Better(present=fmt, format=best, reason=_words(fmt, best, before, after))


def _others(tensor: Tensor, fmt: AnyFormat) -> Iterator[AnyFormat]:
    for bits in range(fmt.word_length, MOST_BITS + 1):
        if not isinstance(fmt, ChannelFormats):
            yield tensor.least_noise(bits, signed=fmt.signed)
        if tensor.channel_axis is not None and fmt.signed:
            yield tensor.least_noise_by_channel(bits)


def _words(fmt: AnyFormat, best: AnyFormat, before: float, after: float) -> str:
    what = [] if best.word_length == fmt.word_length else [f"{best.word_length} bits"]
    if isinstance(best, ChannelFormats):
        what.append("a window for each channel" if not isinstance(fmt, ChannelFormats) else "other windows")
        where = short(best)
    else:
        what = what or ["another window"]
        where = window_text(best).removeprefix("window ")
    return f"{fmt.word_length} bits leave {before:.1f} dB here, {', '.join(what)} ({where}) {after:.1f} dB"
