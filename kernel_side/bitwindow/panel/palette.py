"""The colours of the heat map, the same in light and dark themes: paper white to dark blue, under a gray mask.

Blue against gray differs in lightness too, so that the picture reads without colour vision.
"""

from __future__ import annotations

from bitwindow.panel.picture import Cell, Part

RAMP: tuple[tuple[int, int, int], ...] = (
    (255, 255, 255),
    (198, 219, 239),
    (107, 174, 214),
    (33, 113, 181),
    (8, 48, 107),
)
"""The blues at shade 0, 1/4, 1/2, 3/4 and 1 (ColorBrewer's Blues)."""
POSITIVE, NEGATIVE = "#2171b5", "#e6862a"
"""The bars of positive and of negative counts: blue and orange stay apart without red-green vision, and in gray."""
MASK = (110, 116, 122)
MASK_OPACITY = 0.55


def hexadecimal(colour: tuple[int, int, int]) -> str:
    """Return a colour as CSS writes it.

    >>> hexadecimal((8, 48, 107))
    '#08306b'
    """
    return "#" + "".join(f"{channel:02x}" for channel in colour)


def blue(shade: float) -> tuple[int, int, int]:
    """Return the blue of a shade in [0, 1], linear between the colours of the ramp.

    >>> blue(0.25), blue(1)
    ((198, 219, 239), (8, 48, 107))
    """
    place = min(max(shade, 0.0), 1.0) * (len(RAMP) - 1)
    left = min(int(place), len(RAMP) - 2)
    return _blend(RAMP[left], RAMP[left + 1], place - left)


def colour(cell: Cell) -> str:
    """Return the colour of a cell: its blue, under the gray mask where the type has no bit."""
    plain = blue(cell.shade)
    if cell.part in {Part.ABOVE, Part.BELOW}:
        return hexadecimal(_blend(plain, MASK, MASK_OPACITY))
    return hexadecimal(plain)


def _blend(first: tuple[int, int, int], second: tuple[int, int, int], weight: float) -> tuple[int, int, int]:
    red, green, blue_ = (round(a + (b - a) * weight) for a, b in zip(first, second, strict=True))
    return red, green, blue_
