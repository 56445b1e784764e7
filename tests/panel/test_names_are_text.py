"""A model's names come from anywhere: whatever they hold is shown and never taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

import ipywidgets
import pytest

from bitwindow.panel.display import static_html
from bitwindow.panel.panel import Panel
from bitwindow.panel.svg import picture_svg
from tests.panel.fake_quantizer import FakeQuantizer

NAMES = [
    "<script>window.taken=1</script>",
    '<img src=x onerror="window.taken=1">',
    "a' onmouseover='window.taken=1",
    "&lt;b&gt;",
]


def html_of(widget: object, seen: set[int]) -> Iterator[str]:
    """Yield the values of all widgets that are shown as HTML; all else is shown as text."""
    if id(widget) in seen:
        return
    seen.add(id(widget))
    if isinstance(widget, ipywidgets.HTML):
        yield widget.value
    for child in getattr(widget, "children", ()):
        yield from html_of(child, seen)


@pytest.mark.parametrize("name", NAMES)
def test_names_reasons_and_errors_are_escaped_everywhere(name: str) -> None:
    q = FakeQuantizer.of([name, "locked"])
    q[name].reason = q[name].flag = f"because {name}"
    panel = Panel(q)
    q[name].format = "sfix4_En2"
    q.evaluated(error=f"cannot run {name}")
    panel.editor.type.value = name
    panel.selected = "locked"
    panel.selected = name
    texts = [*html_of(panel, set()), static_html(q), picture_svg(list(q.sites.values()))]
    assert any("window.taken" in text or "&amp;lt;" in text for text in texts)
    for text in texts:
        tags = re.findall(r"<[^>]*>", text)
        assert not any("taken" in tag or tag.startswith(("<script", "<b>&")) for tag in tags if "onerror=&" not in tag)
        assert "<script" not in text
        assert 'onerror="' not in text
        assert "' onmouseover='" not in text
