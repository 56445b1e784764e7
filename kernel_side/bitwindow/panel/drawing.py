"""The static picture of the heat map as boxes and labels, which ``svg`` and ``png`` then draw.

It stands in saved notebooks that no kernel runs behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bitwindow.panel.contract import SiteView
from bitwindow.panel.palette import BLUES, Ramp, colour
from bitwindow.panel.picture import Columns, Part, PictureRow, map_columns, picture_row
from bitwindow.panel.rows import RowText, row_text
from bitwindow.panel.wording import count

Anchor = Literal["start", "middle", "end"]

CELL, ROW, TOP, NAMES = 15, 20, 26, 150
"""Width of a cell, height of a row, height of the header, width of the names, in pixels."""
TABLE: tuple[tuple[str, int, Anchor], ...] = (
    ("Type", 8, "start"),
    ("Zeros", 125, "end"),
    ("Underflow", 225, "end"),
    ("Overflow", 325, "end"),
    ("Rounded", 390, "end"),
    ("SQNR", 455, "end"),
)
"""Heading, offset in pixels from the map's right edge and alignment of the columns on the right."""
MOST_ROWS = 60
"""Rows that are drawn; a saved notebook shall stay small."""
INK, FAINT = "#1f2328", "#57606a"


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in pixels, filled, outlined, or both."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    stroke: str | None = None
    stroke_width: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text in pixels: where its anchor stands on the base line."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: int = 11
    colour: str = INK


@dataclass(frozen=True, kw_only=True)
class Group:
    """What belongs to one row, or to the header."""

    shapes: tuple[Box | Label, ...]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A picture of ``width`` by ``height`` pixels on white paper; ``title`` says in words what it shows."""

    width: int
    height: int
    title: str
    groups: tuple[Group, ...]


def heat_map_drawing(sites: Sequence[SiteView], caption: str = "", ramp: Ramp = BLUES) -> Drawing:
    """Return the heat map of at most sixty sites with names, types and counts; ``caption`` stands above it."""
    shown, drawn = map_columns(sites), sites[:MOST_ROWS]
    edge, top = NAMES + CELL * len(shown.exponents), TOP + (18 if caption else 0)
    header: list[Box | Label] = [*_exponents(shown, top), *_headings(edge, top)]
    if caption:
        header.append(Label(x=6, y=15, text=caption, size=12))
    groups = [Group(shapes=tuple(header))]
    for place, site in enumerate(drawn):
        groups.append(_row(picture_row(site, shown), row_text(site), top + ROW * place, edge, ramp))
    height = top + ROW * len(drawn) + 6
    if len(sites) > len(drawn):
        more = f"and {count(len(sites) - len(drawn))} more"
        groups.append(Group(shapes=(Label(x=NAMES - 6, y=height + 8, text=more, anchor="end", colour=FAINT),)))
        height += 18
    title = f"MSB heat map of {count(len(sites))} sites"
    return Drawing(width=edge + TABLE[-1][1] + 12, height=height, title=title, groups=tuple(groups))


def _exponents(shown: Columns, top: int) -> Iterator[Label]:
    yield Label(x=6, y=top - 8, text="bit 2^k, k =", colour=FAINT)
    for place, k in enumerate(shown.exponents):
        if k % 2 == 0:
            yield Label(x=NAMES + CELL * (place + 0.5), y=top - 8, text=f"{k}", anchor="middle", size=9)


def _headings(edge: int, top: int) -> Iterator[Label]:
    for heading, left, anchor in TABLE:
        yield Label(x=edge + left, y=top - 8, text=heading, anchor=anchor)


def _row(row: PictureRow, text: RowText, top: int, edge: int, ramp: Ramp) -> Group:
    columns_ = (text.type, text.zeros, text.underflow, text.overflow, text.rounded, text.precision)
    beside = (
        Label(x=edge + left, y=top + 14, text=value, anchor=anchor)
        for value, (_, left, anchor) in zip(columns_, TABLE, strict=True)
    )
    name = Label(x=NAMES - 6, y=top + 14, text=_shortened(row.name), anchor="end")
    return Group(shapes=(name, *_cells(row, top, ramp), *_window(row, top), *beside))


def _cells(row: PictureRow, top: int, ramp: Ramp) -> Iterator[Box | Label]:
    for place, cell in enumerate(row.cells):
        left = NAMES + CELL * place
        yield Box(x=left, y=top, width=CELL, height=ROW, fill=colour(cell, ramp), stroke="#e3e8ee")
        if cell.part == Part.SIGN:
            yield Label(x=left + 0.5 * CELL, y=top + 14, text="±", anchor="middle", size=10)


def _window(row: PictureRow, top: int) -> Iterator[Box | Label]:
    """Yield the outline of the window, as far as it is shown, with a mark where it goes on."""
    places = [place for place, cell in enumerate(row.cells) if cell.part in {Part.WINDOW, Part.SIGN}]
    if places:
        left, width = NAMES + CELL * places[0], CELL * len(places)
        yield Box(x=left, y=top + 0.5, width=width, height=ROW - 1, stroke=INK, stroke_width=1.2)
        if row.format is not None and row.format.msb_exponent > row.cells[0].exponent:
            yield Label(x=left + 2, y=top + 14, text="<", size=9)
        if row.format is not None and row.format.lsb_exponent < row.cells[-1].exponent:
            yield Label(x=left + width - 2, y=top + 14, text=">", anchor="end", size=9)


def _shortened(name: str, longest: int = 24) -> str:
    """Return the end of a long name, where names that share a path differ."""
    return name if len(name) <= longest else "…" + name[1 - longest :]
