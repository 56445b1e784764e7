"""Windows under a real mouse, a finger and the keyboard: the counts that the map shows are the exact reference's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import expect

from bitwindow.numbers.format import FixedPoint
from tests.browser.lab import Lab
from tests.browser.map_page import PATIENCE, MapPage, open_map, shifted
from tests.browser.test_panel import NETWORK, in_this_process

FIRST, SECOND, HIDDEN = "first/kernel", "second/kernel", "first"
FORMATS = "print(*(site.format for site in q.sites.values()))"


def formats(q: Any) -> str:
    return " ".join(str(site.format) for site in q.sites.values())


def give(q: Any, name: str, fmt: FixedPoint, *, page: MapPage) -> None:
    """Gives the reference a type, and waits until the map shows its counts."""
    q[name].format = fmt
    page.expect_counts(name, fmt, q[name].counts)


def drag_body(page: MapPage, q: Any) -> None:
    start, others = q[FIRST].format, page.row(SECOND).get_attribute("aria-valuetext")
    held = page.grab(FIRST, start)
    for bits in (0.4, 0.7, 3.0, -4.2):
        held.move(bits)
        give(q, FIRST, shifted(start, bits=round(bits)), page=page)
    tip = page.lab.page.locator(".bitwindow-tip")
    expect(tip).to_contain_text(f"underflow {q[FIRST].counts.underflow:,}")
    held.release()
    expect(tip).to_be_hidden()
    expect(page.row(SECOND)).to_have_attribute("aria-valuetext", others or "")
    page.expect_answered(FIRST)


def drag_edges(page: MapPage, q: Any) -> None:
    start = q[SECOND].format
    held = page.grab(SECOND, start, "high")
    held.move(2)
    give(q, SECOND, shifted(start, wider=2), page=page)
    held.move(-90)
    give(q, SECOND, FixedPoint(True, 2, start.fraction_length), page=page)
    held.move(0)
    held.release()
    give(q, SECOND, start, page=page)
    held = page.grab(SECOND, start, "low")
    held.move(2)
    held.release()
    give(q, SECOND, FixedPoint(True, start.word_length - 2, start.fraction_length - 2), page=page)


def escape(page: MapPage, q: Any) -> None:
    before = q[SECOND].format
    held = page.grab(SECOND, before)
    held.move(3)
    expect(page.row(SECOND).locator(".bw-type")).to_have_text(str(shifted(before, bits=3)))
    page.lab.page.keyboard.press("Escape")
    page.expect_counts(SECOND, before, q[SECOND].counts)
    held.move(5)
    held.release()
    page.expect_counts(SECOND, before, q[SECOND].counts)


def double_click(page: MapPage, q: Any) -> None:
    q.reset(SECOND)
    assert str(q[SECOND].format) != page.row(SECOND).locator(".bw-type").text_content()
    page.lab.page.mouse.dblclick(*page.handle(SECOND))
    page.expect_counts(SECOND, q[SECOND].format, q[SECOND].counts)
    assert page.in_kernel(FORMATS) == formats(q)


def several_rows(page: MapPage, q: Any) -> None:
    page.row(SECOND).locator("[data-part=body]").click()
    page.lab.page.keyboard.press("l")
    expect(page.row(SECOND)).to_have_attribute("aria-disabled", "true")
    page.lab.page.keyboard.press("a")
    start = {name: site.format for name, site in q.sites.items()}
    moved = {name: shifted(fmt, bits=-2) for name, fmt in start.items() if name != SECOND}
    held = page.grab(HIDDEN, start[HIDDEN])
    held.move(-2)
    q.set_formats(moved)
    for name, fmt in moved.items():
        page.expect_counts(name, fmt, q[name].counts)
    held.release()
    page.expect_answered(HIDDEN)
    assert page.in_kernel(FORMATS) == formats(q)
    # the whole drag of all rows is one step
    page.lab.page.keyboard.press("z")
    for name in moved:
        page.expect_counts(name, start[name], _counts(q, name, start[name]))
    page.lab.page.keyboard.press("y")
    page.expect_counts(HIDDEN, moved[HIDDEN], q[HIDDEN].counts)


def _counts(q: Any, name: str, fmt: FixedPoint) -> Any:
    return q[name].spectrum.counts(fmt, q.rounding, q.overflow)


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_mouse_moves_windows_and_the_counts_are_exact(
    lab_page: Lab, notebook_folder: Path, theme: Literal["light", "dark"]
) -> None:
    page = open_map(lab_page, notebook_folder, f"drag-{theme}.ipynb", NETWORK, "q.panel()")
    lab_page.theme(theme)
    q = in_this_process()["q"]
    q.unwatch()
    for scenario in (drag_body, drag_edges, escape, double_click, several_rows):
        scenario(page, q)
    lab_page.screenshot(f"drag-{theme}", page.panel)
    assert lab_page.unexpected() == []


@pytest.mark.browser
def test_keys_move_windows_and_leave_the_notebook_alone(lab_page: Lab, notebook_folder: Path) -> None:
    page = open_map(lab_page, notebook_folder, "keys.ipynb", NETWORK, "q.panel()")
    q, keyboard = in_this_process()["q"], lab_page.page.keyboard
    q.unwatch()
    names = list(q.sites)
    lab_page.page.locator(".bw-help-button").focus()
    keyboard.press("Shift+Tab")
    keyboard.press("Tab")
    # Tab goes on to the titles and then into the map, to its one row that takes the focus
    for _ in range(20):
        if lab_page.page.evaluate("() => document.activeElement?.classList.contains('bw-row')"):
            break
        keyboard.press("Tab")
    expect(page.row(names[0])).to_be_focused()
    for key in ("ArrowDown", "End", "Home", "ArrowDown"):
        keyboard.press(key)
    name = names[1]
    expect(page.row(name)).to_be_focused()
    ring = page.row(name).locator(".bw-focus")
    assert ring.evaluate("ring => getComputedStyle(ring).stroke") != "none"
    fmt = q[name].format
    for key, expected in (
        ("ArrowLeft", shifted(fmt, bits=1)),
        ("Shift+ArrowRight", FixedPoint(True, 9, fmt.fraction_length)),
        ("Control+ArrowLeft", FixedPoint(True, 10, fmt.fraction_length)),
        ("z", FixedPoint(True, 9, fmt.fraction_length)),
        ("r", fmt),
        ("y", fmt),
    ):
        keyboard.press(key)
        page.expect_counts(name, expected, _counts(q, name, expected))
        page.expect_answered(name)
    cells = lab_page.prompts().count()
    for key in ("x", "a", "b", "d", "d", "m", "?"):
        keyboard.press(key)
    expect(page.panel.locator(".bw-help")).to_contain_text("move the window")
    keyboard.press("Escape")
    expect(page.panel.locator(".bw-help")).to_be_hidden()
    assert lab_page.prompts().count() == cells
    keyboard.press("Shift+ArrowDown")
    expect(page.panel.locator(".bw-row.bw-selected")).to_have_count(len(names))
    # a row that a screen reader or a script gave the focus is the one that the keys mean
    page.row(names[0]).focus()
    keyboard.press("Escape")
    page.row(names[-1]).locator("[data-part=body]").click()
    page.row(names[0]).focus()
    expect(page.row(names[0])).to_have_class(re.compile("bw-active"))
    first = q[names[0]].format
    keyboard.press("ArrowLeft")
    page.expect_counts(names[0], shifted(first, bits=1), _counts(q, names[0], shifted(first, bits=1)))
    assert lab_page.unexpected() == []


@pytest.mark.browser
def test_a_finger_takes_an_edge_from_beside_it(lab_page: Lab, notebook_folder: Path) -> None:
    page = open_map(lab_page, notebook_folder, "touch.ipynb", NETWORK, "q.panel()")
    q = in_this_process()["q"]
    q.unwatch()
    fmt, touch = q[SECOND].format, lab_page.page.context.new_cdp_session(lab_page.page)
    x, y = page.handle(SECOND, "high")
    bit = page.bit_width(SECOND, fmt)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]})

    send("touchStart", (x + 10, y))
    for step in range(1, 5):
        send("touchMove", (x + 10 - step * bit / 2, y))
    wider = shifted(fmt, wider=2)
    page.expect_counts(SECOND, wider, _counts(q, SECOND, wider))
    send("touchEnd")
    page.expect_answered(SECOND)
    expect(page.row(SECOND).locator(".bw-type")).to_have_text(str(wider), timeout=PATIENCE)
