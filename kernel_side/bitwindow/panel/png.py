"""The static picture of the heat map as a PNG image, which every notebook viewer shows as it is."""

from __future__ import annotations

import struct
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bitwindow.panel import lettering
from bitwindow.panel.drawing import Box, Drawing, Label

SCALE = 2
"""Image pixels of one pixel of the drawing, so that it is sharp on fine screens."""
MARK = "bitwindow heat map"
"""Stands in the image's Software text, right behind its header, so that its base64 form can be told apart."""
_UNIT, _PEN = 0.118, 0.1
"""Units of the lettering and width of its strokes, in font sizes."""

Canvas = NDArray[np.uint8]


def drawing_png(drawing: Drawing) -> bytes:
    """Return a drawing as a PNG image of twice its size in pixels."""
    canvas = np.full((drawing.height * SCALE, drawing.width * SCALE, 3), 255, np.uint8)
    for group in drawing.groups:
        for shape in group.shapes:
            if isinstance(shape, Box):
                _draw_box(canvas, shape)
            else:
                _draw_label(canvas, shape)
    return encoded(canvas)


def encoded(canvas: Canvas) -> bytes:
    """Return an image, uint8[height, width, 3], in the PNG format (ISO/IEC 15948): 8 bits a channel."""
    height, width, _ = canvas.shape
    rows = canvas.reshape(height, -1)
    # Each row as its difference from the one above (filter 2): most are the same, which packs fast and small.
    filtered = np.concatenate([np.full((height, 1), 2, np.uint8), np.diff(rows, axis=0, prepend=np.uint8(0))], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"tEXt", b"Software\0" + MARK.encode("ascii"))
        + _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 5))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _draw_box(canvas: Canvas, box: Box) -> None:
    left, right = round(box.x * SCALE), round((box.x + box.width) * SCALE)
    top, bottom = round(box.y * SCALE), round((box.y + box.height) * SCALE)
    if box.fill is not None:
        canvas[top:bottom, left:right] = _rgb(box.fill)
    if box.stroke is not None:
        pen, ink = max(1, round(box.stroke_width * SCALE / 2)), _rgb(box.stroke)
        for rows, cols in (
            (slice(top, top + pen), slice(left, right)),
            (slice(bottom - pen, bottom), slice(left, right)),
            (slice(top, bottom), slice(left, left + pen)),
            (slice(top, bottom), slice(right - pen, right)),
        ):
            canvas[rows, cols] = ink


def _draw_label(canvas: Canvas, label: Label) -> None:
    size = label.size * SCALE
    unit, pen, ink = size * _UNIT, size * _PEN, _rgb(label.colour).astype(np.float64)
    wide = lettering.width(label.text) * unit
    x = label.x * SCALE - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[label.anchor]
    top = round(label.y * SCALE - 6 * unit)
    for character in label.text:
        if character != " ":
            _blend(canvas, lettering.coverage(character, unit, pen), top - 2, round(x) - 2, ink)
        x += lettering.advance(character) * unit


def _blend(canvas: Canvas, covered: NDArray[np.float64], top: int, left: int, ink: NDArray[np.float64]) -> None:
    """Draw what lies on the canvas."""
    height, width, _ = canvas.shape
    rows = slice(max(top, 0), min(top + covered.shape[0], height))
    cols = slice(max(left, 0), min(left + covered.shape[1], width))
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return
    part = covered[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left, None]
    canvas[rows, cols] = np.rint(canvas[rows, cols] * (1 - part) + ink * part).astype(np.uint8)


@cache
def _rgb(colour: str) -> NDArray[np.uint8]:
    """Return the channels of a colour written #rgb or #rrggbb."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)], np.uint8)
