"""What the buttons do to a type: move its window by whole bits, or change its width at the low end."""

from __future__ import annotations

from bitwindow.numbers.format import FixedPoint


def moved(fmt: FixedPoint, bits: int) -> FixedPoint:
    """Return the type with its window moved up by some bits (down when negative), the width unchanged.

    Raises:
        FormatError: If no such type exists.

    >>> str(moved(FixedPoint(True, 8, 3), 1))
    'sfix8_En2'
    """
    return FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length - bits)


def widened(fmt: FixedPoint, bits: int) -> FixedPoint:
    """Return the type with some more bits at the low end (fewer when negative); the top bit stays where it is.

    Raises:
        FormatError: If no such type exists.

    >>> wider = widened(FixedPoint(True, 8, 3), 2)
    >>> str(wider), wider.msb_exponent
    ('sfix10_En5', 3)
    """
    return FixedPoint(fmt.signed, fmt.word_length + bits, fmt.fraction_length + bits)
