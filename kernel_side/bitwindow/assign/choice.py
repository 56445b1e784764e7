"""What a scheme is asked and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.numbers.format import MAX_EXPONENT, MIN_EXPONENT, FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.record import Spectrum


@dataclass(frozen=True, kw_only=True)
class Question:
    """A tensor that has a nonzero finite value that the type's signs can hold, and what its type must be.

    It may be of several channels at once, each with such a value and nothing but finite ones: a scheme then answers for
    each of them, as if it were a tensor of its own.

    Attributes:
        spectrum: Of the whole tensor, or of its channels; for an unsigned type, of its values above zero alone.
        word_length: W, in bits.
        signed: Whether the type holds negative values.
        rounding: The active mode.
        overflow: The active mode.
        values: The tensor itself, where it is at hand (a parameter), channels along the first axis where there are
            some; for an unsigned type without those below zero.
        percentile: Percent of the nonzero values that must not overflow, for the scheme of that name.
    """

    spectrum: Spectrum
    word_length: int
    signed: bool
    rounding: Rounding
    overflow: Overflow
    values: NDArray[Any] | None
    percentile: float

    @property
    def channels(self) -> int:
        """How many channels are asked for; one for a whole tensor."""
        return self.spectrum.channels or 1

    @property
    def fraction_lengths(self) -> range:
        """Every F that a type of this width can have, from the coarsest LSB to the finest."""
        bits = self.word_length - self.signed
        return range(bits - 1 - MAX_EXPONENT, 1 - MIN_EXPONENT)

    def type_with(self, fraction_length: int) -> FixedPoint:
        """Return the type of this width with an LSB of 2^-fraction_length."""
        return FixedPoint(self.signed, self.word_length, fraction_length)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A type, why it was chosen, in words for people, and a warning (empty for none)."""

    format: FixedPoint
    reason: str
    flag: str = ""


Scheme = Callable[[Question], Choice]
"""From a question about a whole tensor to its answer."""

ChannelScheme = Callable[[Question], NDArray[np.int64]]
"""From a question about channels to the fraction length of each, the one that ``Scheme`` gives a channel alone."""


def window_text(fmt: FixedPoint) -> str:
    """Return the bit window in words.

    >>> window_text(FixedPoint(True, 8, 6))
    'window 2^0 to 2^-6'
    """
    return f"window 2^{fmt.msb_exponent} to 2^{fmt.lsb_exponent}"


def percent(part: int, whole: int) -> str:
    """Return a share in percent, never rounded up to 100 nor down to 0.

    >>> percent(999_999, 1_000_000), percent(3, 4), percent(1, 1)
    ('99.99 %', '75 %', '100 %')
    """
    hundredths = part * 10_000 // whole
    if part and not hundredths:
        return "under 0.01 %"
    return f"{hundredths / 100:g} %"
