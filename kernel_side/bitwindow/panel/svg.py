"""The static picture of the heat map as one SVG document."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bitwindow.panel.contract import SiteView
from bitwindow.panel.drawing import INK, Box, Drawing, Label, heat_map_drawing
from bitwindow.panel.palette import BLUES, Ramp


def picture_svg(sites: Sequence[SiteView], ramp: Ramp = BLUES) -> str:
    """Return the heat map of the sites with names, types and counts as one SVG document."""
    return drawing_svg(heat_map_drawing(sites, ramp=ramp))


def drawing_svg(drawing: Drawing) -> str:
    """Return a drawing as an SVG document, one group of elements each."""
    width, height = drawing.width, drawing.height
    head, *rows = ("".join(map(_element, group.shapes)) for group in drawing.groups)
    body = head + "".join(f"<g>{row}</g>" for row in rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="11" fill="{INK}">'
        f"<title>{escape(drawing.title)}</title>"
        f'<rect width="{width}" height="{height}" fill="#fff"/>{body}</svg>'
    )


def _element(shape: Box | Label) -> str:
    if isinstance(shape, Label):
        size = "" if shape.size == 11 else f' font-size="{shape.size}"'
        fill = "" if shape.colour == INK else f' fill="{shape.colour}"'
        where = f'x="{shape.x:g}" y="{shape.y:g}" text-anchor="{shape.anchor}"'
        return f"<text {where}{size}{fill}>{escape(shape.text)}</text>"
    stroke = "" if shape.stroke is None else f' stroke="{shape.stroke}" stroke-width="{shape.stroke_width:g}"'
    place = f'x="{shape.x:g}" y="{shape.y:g}" width="{shape.width:g}" height="{shape.height:g}"'
    return f'<rect {place} fill="{shape.fill or "none"}"{stroke}/>'
