"""The panel without a mouse: every control is reached, seen and named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.test_detail import open_panel

FOCUSED = """panel => {
    const at = document.activeElement;
    if (!panel.contains(at)) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(at.querySelector('.bw-focus') ?? at);
    const isMap = at.matches('.bw-row');
    const seen = isMap ? getComputedStyle(at.querySelector('.bw-focus')).stroke : `${outlineStyle} ${outlineWidth}`;
    return { tag: at.tagName, seen };
}"""
MOST_STOPS = 60


@pytest.mark.browser
def test_tab_reaches_every_control_and_its_place_is_seen(lab_page: Lab, notebook_folder: Path) -> None:
    panel = open_panel(lab_page, notebook_folder, "keyboard.ipynb")
    panel.get_by_label("Scheme").focus()
    stops = []
    for _ in range(MOST_STOPS):
        lab_page.page.keyboard.press("Tab")
        stop = panel.evaluate(FOCUSED)
        if stop is None:
            break
        stops.append(stop)
    assert {"SELECT", "BUTTON", "INPUT", "svg"} == {stop["tag"] for stop in stops}
    assert len(stops) > 20
    for stop in stops:
        assert re.fullmatch("rgb.*" if stop["tag"] == "svg" else "solid 2px", stop["seen"]), stop


@pytest.mark.browser
def test_buttons_that_show_a_sign_alone_have_a_name(lab_page: Lab, notebook_folder: Path) -> None:
    panel = open_panel(lab_page, notebook_folder, "named.ipynb")
    field = panel.locator(".bw-editor input[type=text]")
    for name, wanted in (("One bit up", "sfix8_En6"), ("Narrower", "sfix7_En5"), ("Wider", "sfix8_En6")):
        panel.get_by_role("button", name=name).press("Enter")
        expect(field).to_have_value(wanted)
    panel.get_by_role("button", name="One bit down").press("Enter")
    expect(field).to_have_value("sfix8_En7")
    panel.get_by_role("button", name="keys and signs").press("Enter")
    expect(panel.locator(".bw-help")).to_contain_text("narrower, wider at the low end")
