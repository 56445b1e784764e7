"""The colours of the heat map, the same in light and dark themes: a ramp from light to dark, under a gray mask.

Blue against gray differs in lightness too, so that the picture reads without colour vision.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bitwindow.panel.picture import Cell, Part

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255 each."""
Ramp = tuple[Colour, ...]
"""The colours of shades 0 to 1, at equal distances."""

BLUES: Ramp = (
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
_HEXADECIMAL = re.compile("#[0-9a-fA-F]{6}")


def hexadecimal(colour: Colour) -> str:
    """Return a colour as CSS writes it.

    >>> hexadecimal((8, 48, 107))
    '#08306b'
    """
    return "#" + "".join(f"{channel:02x}" for channel in colour)


def ramp(colours: Sequence[str]) -> Ramp:
    """Return a ramp of colours as ``hexadecimal`` writes them, from light to dark.

    >>> ramp(["#ffffff", "#08306b"])
    ((255, 255, 255), (8, 48, 107))

    Raises:
        ValueError: If there are fewer than two, or one is not ``#`` and six hexadecimal digits.
    """
    if len(colours) < 2 or not all(_HEXADECIMAL.fullmatch(one) for one in colours):
        message = f"colours: wanted two or more like '#08306b', from light to dark; got {list(colours)!r}."
        raise ValueError(message)
    return tuple((int(one[1:3], 16), int(one[3:5], 16), int(one[5:], 16)) for one in colours)


def shaded(shade: float, colours: Ramp = BLUES) -> Colour:
    """Return the colour of a shade in [0, 1], linear between the colours of the ramp.

    >>> shaded(0.25), shaded(1)
    ((198, 219, 239), (8, 48, 107))
    """
    place = min(max(shade, 0.0), 1.0) * (len(colours) - 1)
    left = min(int(place), len(colours) - 2)
    return _blend(colours[left], colours[left + 1], place - left)


def colour(cell: Cell, colours: Ramp = BLUES) -> str:
    """Return the colour of a cell: that of its shade, under the gray mask where the type has no bit."""
    plain = shaded(cell.shade, colours)
    if cell.part in {Part.ABOVE, Part.BELOW}:
        return hexadecimal(_blend(plain, MASK, MASK_OPACITY))
    return hexadecimal(plain)


def _blend(first: Colour, second: Colour, weight: float) -> Colour:
    red, green, blue = (round(a + (b - a) * weight) for a, b in zip(first, second, strict=True))
    return red, green, blue
