"""All that a widget holds: what must be treated alike in the kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import ipywidgets as widgets

from bitwindow.registry.subshells import handle_where_asked


def close_below(root: widgets.Widget) -> None:
    """Close all widgets that a widget's traits reach: children, layouts, styles, scales, marks, tooltips."""
    for widget in list(_reached(root, set())):
        if widget is not root:
            widget.close()


def answer_where_asked(*roots: widgets.Widget) -> None:
    """Have the messages to these widgets and to all below them handled where the page asks for it."""
    seen: set[int] = set()
    for root in roots:
        for widget in _reached(root, seen):
            handle_where_asked(widget.comm)


def _reached(value: object, seen: set[int]) -> Iterator[widgets.Widget]:
    if isinstance(value, widgets.Widget):
        if id(value) in seen:
            return
        seen.add(id(value))
        for name in value.keys:
            yield from _reached(getattr(value, name), seen)
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _reached(item, seen)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _reached(item, seen)
