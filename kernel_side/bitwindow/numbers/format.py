"""The fixed-point type: which numbers it holds, and its text forms."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np

from bitwindow.errors import FormatError, SettingError
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.numbers.text import read_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_WORD_LENGTH = 32
MIN_EXPONENT = -126
"""The smallest exponent of a normal float32 number."""
MAX_EXPONENT = 127
"""The largest exponent of a float32 number."""


@dataclass(frozen=True)
class FixedPoint:
    """A binary fixed-point type: the values k * 2^-F of its stored integers k.

    k lies in [-2^(W-1), 2^(W-1) - 1] (signed) or [0, 2^W - 1] (unsigned), W bits in all. The magnitude bits,
    M = W - 1 (signed) or W (unsigned), are the *bit window*: the positions 2^(M-F-1) ... 2^-F. F may be negative or
    larger than W. The LSB 2^-F and the top bit 2^(M-F-1) are normal float32 numbers: -126 <= -F, M - F - 1 <= 127.

    Attributes:
        signed: Whether the type holds negative values (two's complement).
        word_length: W, in bits: 1 to 32, from 2 when signed.
        fraction_length: F, in bits; the LSB is 2^-F.

    Raises:
        FormatError: If no such type exists.

    >>> fmt = FixedPoint(signed=True, word_length=8, fraction_length=3)
    >>> str(fmt), fmt.lsb, fmt.min, fmt.max
    ('sfix8_En3', 0.125, -16.0, 15.875)
    >>> FixedPoint.parse("ap_fixed<8, 5>") == fmt
    True
    """

    signed: bool
    word_length: int
    fraction_length: int

    def __post_init__(self) -> None:
        """Check the type and turn NumPy integers into Python ones, so that equal types hash alike."""
        object.__setattr__(self, "signed", _truth("signed", self.signed))
        object.__setattr__(self, "word_length", _integer("word_length", self.word_length))
        object.__setattr__(self, "fraction_length", _integer("fraction_length", self.fraction_length))
        self._check_word_length()
        self._check_fraction_length()

    def _check_word_length(self) -> None:
        least = 2 if self.signed else 1
        if not least <= self.word_length <= MAX_WORD_LENGTH:
            kind = "a signed" if self.signed else "an unsigned"
            message = (
                f"word_length: wanted {least} to {MAX_WORD_LENGTH} bits for {kind} type; got {self.word_length}. "
                "Choose a word length in that range."
            )
            raise FormatError(message)

    def _check_fraction_length(self) -> None:
        least, most = self.magnitude_bits - 1 - MAX_EXPONENT, -MIN_EXPONENT
        if not least <= self.fraction_length <= most:
            message = (
                f"fraction_length: wanted {least} to {most} for {self.magnitude_bits} magnitude bits, so that the LSB "
                f"and the top bit are normal float32 numbers; got {self.fraction_length}, an LSB of "
                f"2^{-self.fraction_length}. Choose a fraction length in that range."
            )
            raise FormatError(message)

    @property
    def magnitude_bits(self) -> int:
        """M: the bits of the window, W - 1 when signed and W when not."""
        return self.word_length - self.signed

    @property
    def lsb_exponent(self) -> int:
        """-F: the exponent of the last bit."""
        return -self.fraction_length

    @property
    def msb_exponent(self) -> int:
        """M - F - 1: the exponent of the window's top bit."""
        return self.magnitude_bits - self.fraction_length - 1

    @property
    def stored_min(self) -> int:
        """The smallest stored integer."""
        return -(1 << self.magnitude_bits) if self.signed else 0

    @property
    def stored_max(self) -> int:
        """The largest stored integer."""
        return (1 << self.magnitude_bits) - 1

    @property
    def lsb(self) -> float:
        """The value of the last bit, 2^-F, exact."""
        return 2.0**-self.fraction_length

    @property
    def min(self) -> float:
        """The smallest value, exact."""
        return self.stored_min * self.lsb

    @property
    def max(self) -> float:
        """The largest value, exact."""
        return self.stored_max * self.lsb

    @classmethod
    def parse(cls, text: str) -> FixedPoint:
        """Read a type from ``sfix8_En3``, ``fixdt(1,8,3)``, ``ap_fixed<8,5>`` or ``Q4.3`` (sign + 4 + 3 bits).

        Case and blanks do not matter; the mode names of an ``ap_fixed`` must exist, and are not kept.

        Raises:
            FormatError: If the text is no type, or names one that cannot exist.

        >>> FixedPoint.parse("ufix4_E2")
        FixedPoint(signed=False, word_length=4, fraction_length=-2)
        """
        return cls(*read_type(text))

    def __str__(self) -> str:
        """Return the MATLAB type name, ``sfix8_En3``; ``_E2`` for F = -2 and nothing for F = 0."""
        name = f"{'sfix' if self.signed else 'ufix'}{self.word_length}"
        if self.fraction_length == 0:
            return name
        return f"{name}_{'En' if self.fraction_length > 0 else 'E'}{abs(self.fraction_length)}"

    def fixdt(self) -> str:
        """Return the MATLAB constructor, ``fixdt(1,8,3)``."""
        return f"fixdt({int(self.signed)},{self.word_length},{self.fraction_length})"

    def ap_fixed(self, rounding: str = "round", overflow: str = "saturate") -> str:
        """Return the C++ type with its modes named, since its own defaults are truncate and wrap.

        Raises:
            SettingError: If ``ap_fixed`` has no such mode.

        >>> FixedPoint(True, 8, 3).ap_fixed()
        'ap_fixed<8,5,AP_RND_INF,AP_SAT>'
        """
        rounding_name = _ap_name(Rounding.parse(rounding))
        overflow_name = _ap_name(Overflow.parse(overflow))
        integer_bits = self.word_length - self.fraction_length
        kind = "ap_fixed" if self.signed else "ap_ufixed"
        return f"{kind}<{self.word_length},{integer_bits},{rounding_name},{overflow_name}>"

    def as_array(self) -> NDArray[np.int32]:
        """Return (signed, W, F) as int32[3], the form that compiled steps take."""
        return np.array([self.signed, self.word_length, self.fraction_length], np.int32)


def as_format(value: FixedPoint | str) -> FixedPoint:
    """Return a type given as a `FixedPoint` or as text.

    Raises:
        FormatError: If the value is neither, or the text is no type.

    >>> as_format("Q4.3").word_length
    8
    """
    return value if isinstance(value, FixedPoint) else FixedPoint.parse(value)


def _truth(name: str, value: object) -> bool:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    message = f"{name}: wanted True or False; got {value!r}."
    raise FormatError(message)


def _integer(name: str, value: SupportsIndex) -> int:
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError  # noqa: TRY301  (a bool is an index to Python, but no count of bits)
        return operator.index(value)
    except TypeError:
        message = f"{name}: wanted an integer number of bits; got {value!r}."
        raise FormatError(message) from None


def _ap_name(mode: Rounding | Overflow) -> str:
    if mode.ap_name is None:
        modes = ", ".join(other.value for other in type(mode) if other.ap_name is not None)
        message = (
            f"ap_fixed: wanted a mode that ap_fixed has ({modes}); got {mode.value!r}. Choose one of these to export."
        )
        raise SettingError(message)
    return mode.ap_name
