"""The heat map as a static SVG image, for saved notebooks that no kernel runs behind."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bitwindow.panel.contract import SiteView
from bitwindow.panel.palette import colour
from bitwindow.panel.picture import Columns, Part, PictureRow, columns, picture_row
from bitwindow.panel.rows import RowText, row_text

CELL, ROW, TOP, NAMES = 15, 20, 26, 150
"""Width of a cell, height of a row, height of the header, width of the names, in pixels."""
TABLE = (
    ("Type", 8, "start"),
    ("Zeros", 125, "end"),
    ("Underflow", 225, "end"),
    ("Overflow", 325, "end"),
    ("Rounded", 390, "end"),
    ("SQNR", 455, "end"),
)
"""Heading, offset in pixels from the map's right edge and alignment of the columns on the right."""


def picture_svg(sites: Sequence[SiteView]) -> str:
    """Return the heat map of the sites with names, types and counts as one SVG document."""
    shown = columns(sites)
    edge = NAMES + CELL * len(shown.exponents)
    width, height = edge + TABLE[-1][1] + 12, TOP + ROW * len(sites) + 6
    body = [_exponents(shown), _headings(edge)]
    for place, site in enumerate(sites):
        body.append(_row(picture_row(site, shown), row_text(site), TOP + ROW * place, edge))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img" font-family="system-ui, sans-serif" font-size="11" fill="#1f2328">'
        f"<title>MSB heat map of {len(sites)} sites</title>"
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(body)}</svg>'
    )


def _exponents(shown: Columns) -> str:
    texts = (
        f'<text x="{NAMES + CELL * (place + 0.5)}" y="{TOP - 8}" text-anchor="middle" font-size="9">{k}</text>'
        for place, k in enumerate(shown.exponents)
        if k % 2 == 0
    )
    return f'<text x="6" y="{TOP - 8}" fill="#57606a">bit 2^k, k =</text>' + "".join(texts)


def _headings(edge: int) -> str:
    return "".join(_text(edge + left, TOP - 8, heading, anchor) for heading, left, anchor in TABLE)


def _row(row: PictureRow, text: RowText, top: int, edge: int) -> str:
    cells = "".join(
        f'<rect x="{NAMES + CELL * place}" y="{top}" width="{CELL}" height="{ROW}" fill="{colour(cell)}" '
        'stroke="#e3e8ee"/>' + (_sign(NAMES + CELL * (place + 0.5), top) if cell.part == Part.SIGN else "")
        for place, cell in enumerate(row.cells)
    )
    columns_ = (text.type, text.zeros, text.underflow, text.overflow, text.rounded, text.precision)
    beside = "".join(
        _text(edge + left, top + 14, value, anchor) for value, (_, left, anchor) in zip(columns_, TABLE, strict=True)
    )
    return f"<g>{_text(NAMES - 6, top + 14, _shortened(row.name), 'end')}{cells}{_window(row, top)}{beside}</g>"


def _window(row: PictureRow, top: int) -> str:
    """Return the outline of the window, as far as it is shown."""
    places = [place for place, cell in enumerate(row.cells) if cell.part in {Part.WINDOW, Part.SIGN}]
    if not places:
        return ""
    left, width = NAMES + CELL * places[0], CELL * len(places)
    return (
        f'<rect x="{left}" y="{top + 0.5}" width="{width}" height="{ROW - 1}" fill="none" stroke="#1f2328" '
        'stroke-width="1.2"/>'
    )


def _sign(middle: float, top: int) -> str:
    return f'<text x="{middle}" y="{top + 14}" text-anchor="middle" font-size="10">±</text>'


def _text(x: float, y: float, value: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(value)}</text>'


def _shortened(name: str, longest: int = 24) -> str:
    """Return the end of a long name, where names that share a path differ."""
    return name if len(name) <= longest else "…" + name[1 - longest :]
