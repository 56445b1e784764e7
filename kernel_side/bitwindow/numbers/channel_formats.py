"""The types of a tensor whose output channels each have an LSB of their own, and their text form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.errors import FormatError
from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TEXT = re.compile(r"\s*([su])fix([0-9]{1,4})_En\[\s*(.*?)\s*\]\s*", re.IGNORECASE | re.ASCII | re.DOTALL)
_LENGTH = re.compile(r"\s*([+-]?[0-9]{1,4})\s*", re.ASCII)


@dataclass(frozen=True)
class ChannelFormats:
    """One fixed-point type a channel: they share sign and word length, and channel c has its own LSB 2^-F_c.

    The text form lists the fraction lengths: ``sfix8_En[7,7,6]`` is ``sfix8_En7``, ``sfix8_En7``, ``sfix8_En6``; a
    negative F stands there as it is.

    Attributes:
        signed: Whether the types hold negative values.
        word_length: W of every channel, in bits.
        fraction_lengths: F_c by channel, in bits; one at least.

    Raises:
        FormatError: If there is no channel, or a channel's type cannot exist.

    >>> formats = ChannelFormats(signed=True, word_length=8, fraction_lengths=(7, 7, 6))
    >>> str(formats), str(formats[2]), len(formats)
    ('sfix8_En[7,7,6]', 'sfix8_En6', 3)
    >>> ChannelFormats.parse("sfix8_En[7, 7, 6]") == formats
    True
    """

    signed: bool
    word_length: int
    fraction_lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        """Check every channel's type, and turn NumPy integers into Python ones."""
        lengths: object = self.fraction_lengths
        if not isinstance(lengths, tuple | list | np.ndarray) or not len(lengths):
            message = (
                f"fraction_lengths: wanted a tuple of at least one fraction length, got {lengths!r}. "
                "Give one for each output channel."
            )
            raise FormatError(message)
        # Channels share few types, and each of them is checked once.
        made = {length: FixedPoint(self.signed, self.word_length, length) for length in dict.fromkeys(lengths)}
        first = next(iter(made.values()))
        object.__setattr__(self, "signed", first.signed)
        object.__setattr__(self, "word_length", first.word_length)
        object.__setattr__(self, "fraction_lengths", tuple(made[length].fraction_length for length in lengths))

    def __len__(self) -> int:
        """Return the number of channels."""
        return len(self.fraction_lengths)

    def __getitem__(self, channel: int) -> FixedPoint:
        """Return the type of one channel."""
        return FixedPoint(self.signed, self.word_length, self.fraction_lengths[channel])

    def __iter__(self) -> Iterator[FixedPoint]:
        """Yield the channels' types in order."""
        return (FixedPoint(self.signed, self.word_length, length) for length in self.fraction_lengths)

    @property
    def magnitude_bits(self) -> int:
        """M: the bits of every channel's window."""
        return self.word_length - self.signed

    @property
    def coarsest(self) -> FixedPoint:
        """The type of the channels with the coarsest LSB, and so the widest range; it stands for all in one row."""
        return FixedPoint(self.signed, self.word_length, min(self.fraction_lengths))

    @property
    def finest(self) -> FixedPoint:
        """The type of the channels with the finest LSB."""
        return FixedPoint(self.signed, self.word_length, max(self.fraction_lengths))

    def moved_to(self, coarsest: FixedPoint) -> ChannelFormats:
        """Return the types with all windows moved together, until the coarsest is the given one.

        Raises:
            FormatError: If a channel's type would not exist.

        >>> str(ChannelFormats(True, 8, (7, 6)).moved_to(FixedPoint(True, 6, 5)))
        'sfix6_En[6,5]'
        """
        by = coarsest.fraction_length - min(self.fraction_lengths)
        return ChannelFormats(
            coarsest.signed, coarsest.word_length, tuple(length + by for length in self.fraction_lengths)
        )

    def with_channel(self, channel: int, fmt: FixedPoint) -> ChannelFormats:
        """Return the types with another LSB in one channel; sign and word length are all channels'.

        A new word length moves no other channel's top bit.

        >>> str(ChannelFormats(True, 8, (7, 6)).with_channel(1, FixedPoint(True, 7, 3)))
        'sfix7_En[6,3]'
        """
        grown = fmt.magnitude_bits - self.magnitude_bits
        lengths = [length + grown for length in self.fraction_lengths]
        lengths[channel] = fmt.fraction_length
        return ChannelFormats(fmt.signed, fmt.word_length, tuple(lengths))

    @classmethod
    def parse(cls, text: str) -> ChannelFormats:
        """Read the types from ``sfix8_En[7,7,6]``.

        Raises:
            FormatError: If the text is not of this form, or names a type that cannot exist.
        """
        match = _TEXT.fullmatch(text)
        lengths = [] if match is None else [_LENGTH.fullmatch(part) for part in match[3].split(",")]
        if match is None or not all(lengths):
            message = (
                "types by channel: wanted text like 'sfix8_En[7,7,6]', a fraction length for each channel; "
                f"got {text!r}. Write the types in this form."
            )
            raise FormatError(message)
        return cls(match[1] in "sS", int(match[2]), tuple(int(length[1]) for length in lengths if length))

    def __str__(self) -> str:
        """Return the text form, ``sfix8_En[7,7,6]``."""
        kind = "sfix" if self.signed else "ufix"
        return f"{kind}{self.word_length}_En[{','.join(map(str, self.fraction_lengths))}]"

    def short(self) -> str:
        """Return a text that is as short for a thousand channels.

        >>> ChannelFormats(True, 8, (7, 7, 6)).short(), ChannelFormats(True, 8, (7, 7)).short()
        ('sfix8_En6..7 (3 channels)', 'sfix8_En7 (2 channels)')
        """
        coarsest, finest = self.coarsest, self.finest
        end = "" if coarsest == finest else f"..{finest.fraction_length}"
        return f"{coarsest}{end} ({len(self)} channels)"

    def as_array(self, axis: int, rank: int) -> NDArray[np.int32]:
        """Return (signed, W, F) as int32[3, 1, ..., C, ..., 1], which broadcasts over a tensor.

        Args:
            axis: The channel axis of the tensor.
            rank: The tensor's number of axes.
        """
        shape = [1] * rank
        shape[axis] = len(self)
        lengths = np.array(self.fraction_lengths, np.int32).reshape(shape)
        return np.stack([np.full_like(lengths, self.signed), np.full_like(lengths, self.word_length), lengths])


AnyFormat = FixedPoint | ChannelFormats
"""The type of a whole tensor, or its types channel by channel."""


def as_any_format(value: AnyFormat | str) -> AnyFormat:
    """Return a type, or types by channel, given as a record or as text.

    Raises:
        FormatError: If the value is none of these.

    >>> as_any_format("sfix8_En[3,4]").coarsest, as_any_format("sfix8_En3")
    (FixedPoint(signed=True, word_length=8, fraction_length=3), FixedPoint(signed=True, word_length=8,
    fraction_length=3))
    """
    if isinstance(value, AnyFormat):
        return value
    if "[" in str(value):
        return ChannelFormats.parse(value)
    return FixedPoint.parse(value)
