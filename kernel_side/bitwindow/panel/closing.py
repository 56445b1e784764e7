"""Close everything that a widget holds, so that nothing stays behind in the kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import ipywidgets as widgets


def close_below(root: widgets.Widget) -> None:
    """Close all widgets that a widget's traits reach: children, layouts, styles, scales, marks, tooltips."""
    for widget in list(_reached(root, set())):
        if widget is not root:
            widget.close()


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
