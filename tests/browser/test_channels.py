"""A weight with types by channel in a real JupyterLab: it opens into a row for each channel, which moves alone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

import bitwindow as bw
from tests.browser.lab import Lab
from tests.browser.map_page import PATIENCE, open_map, shifted
from tests.browser.test_panel import NETWORK

BY_CHANNEL = NETWORK.replace('q.assign(scheme="minmax"', 'q.assign(per_channel=True, scheme="minmax"')
SITE, CHANNEL = "first/kernel", 3


@pytest.mark.browser
def test_a_weight_opens_into_its_channels_and_one_of_them_moves(lab_page: Lab, notebook_folder: Path) -> None:
    page = open_map(lab_page, notebook_folder, "channels.ipynb", BY_CHANNEL, "q.panel()")
    names: dict[str, object] = {}
    exec(BY_CHANNEL, names)  # noqa: S102  (the text above)
    q, params = names["q"], names["params"]
    assert isinstance(q, bw.Quantizer)
    assert isinstance(params, dict)
    q.unwatch()
    before = q[SITE].format
    assert isinstance(before, bw.ChannelFormats)
    closed = len(q.sites)
    expect(page.panel.locator(".bitwindow .bw-row")).to_have_count(closed)
    page.row(SITE).locator("[data-part=body]").click()
    page.panel.locator("button", has_text=re.compile(r"^\s*Channels$")).click()
    expect(page.panel.locator(".bitwindow .bw-row")).to_have_count(closed + 16)

    row, start = f"{SITE}[{CHANNEL}]", before[CHANNEL]
    values = np.asarray(params["first"]["kernel"])[:, CHANNEL]
    page.expect_counts(row, start, bw.Spectrum.of(values).counts(start))
    held = page.grab(row, start)
    held.move(3)
    moved = shifted(start, bits=3)
    page.expect_counts(row, moved, bw.Spectrum.of(values).counts(moved))
    held.release()
    page.expect_answered(row)
    lengths = list(before.fraction_lengths)
    lengths[CHANNEL] -= 3
    text = f"sfix8_En[{','.join(map(str, lengths))}]"
    assert page.in_kernel(f"print(q['{SITE}'].format)") == text
    lab_page.theme("light")
    lab_page.screenshot("channels", page.panel)
    page.panel.locator("button", has_text=re.compile(r"^\s*Channels$")).click()
    expect(page.panel.locator(".bitwindow .bw-row")).to_have_count(closed, timeout=PATIENCE)

    box = page.panel.get_by_role("checkbox", name="Per channel")
    expect(box).to_be_checked()
    expect(page.panel.locator(".bw-summary")).to_contain_text("by channel")
    box.press("Space")
    expect(page.panel.locator(".bw-summary")).not_to_contain_text("by channel", timeout=PATIENCE)
    assert page.in_kernel(f"print(type(q['{SITE}'].format).__name__, q.per_channel)") == "FixedPoint False"
    assert lab_page.unexpected() == []


HOSTILE = '<img src=x onerror="window.taken=1"><b>bold</b>'
"""A name that a page would take for markup, of a model and of one of its layers."""


@pytest.mark.browser
def test_names_of_opened_channels_are_text_wherever_they_stand(lab_page: Lab, notebook_folder: Path) -> None:
    named = BY_CHANNEL.replace('"first"', repr(HOSTILE)).replace("x[:1])", f"x[:1], name={HOSTILE!r})")
    page = open_map(lab_page, notebook_folder, "hostile.ipynb", named, "q.panel()")
    panel, browser = page.panel, lab_page.page
    site = f"{HOSTILE}/kernel"
    rows = panel.locator(".bitwindow .bw-row")
    chosen = panel.get_by_label("Row", exact=True)
    chosen.select_option(site)
    expect(panel.locator(".bw-details").first).to_contain_text(site)
    panel.locator("button", has_text=re.compile(r"^\s*Channels$")).click()
    expect(rows).to_have_count(6 + 16)
    expect(rows.filter(has_text="[3]").locator(".bw-name")).to_have_text([re.compile(".*")])

    channel = f"{site}[{CHANNEL}]"
    chosen.select_option(channel)
    details = panel.locator(".bw-details").first
    expect(details).to_contain_text(channel)
    field = panel.locator(".bw-editor input[type=text]")
    field.fill("sfix8_En5")
    field.press("Enter")
    change = panel.locator(".bw-change")
    expect(change).to_contain_text(HOSTILE)
    expect(panel.locator(".bw-example").first).to_be_visible(timeout=PATIENCE)
    row = panel.locator(".bitwindow .bw-row.bw-active, .bitwindow .bw-row[tabindex='0']").first
    row.locator(".bw-name").hover(force=True)  # the name lets the mouse through to the figure
    expect(browser.locator(".bitwindow-tip")).to_contain_text(channel)
    panel.locator(".bw-lane").first.hover()

    panel.locator(".bw-search").fill("<b>bold")
    expect(rows.filter(visible=True)).to_have_count(3 + 16)
    panel.locator(".bw-search").fill("<b>none</b>")
    expect(panel.locator(".bitwindow .bw-empty")).to_contain_text("<b>none</b>")
    panel.locator(".bw-search").fill("")
    expect(rows.filter(visible=True)).to_have_count(6 + 16)
    panel.locator("button", has_text=re.compile(r"^\s*Lock$")).click()
    expect(panel.locator(".bw-summary")).to_contain_text("1 locked")

    browser.evaluate("() => window.jupyterapp.shell.activateById('bitwindow-side-bar')")
    card = browser.locator("#bitwindow-side-bar .bw-lab-card")
    expect(card.locator(".bw-lab-title")).to_contain_text(HOSTILE)
    card.get_by_role("button", name="Open as tab").click()
    tab = browser.locator(".bw-lab-tab .bw-panel")
    expect(tab.locator(".bitwindow .bw-row")).to_have_count(6 + 16, timeout=PATIENCE)
    expect(browser.locator(".lm-TabBar-tabLabel", has_text=HOSTILE)).to_have_count(1)
    lab_page.screenshot("hostile")
    for made in ("img[src=x]", ".bw-panel b:text-is('bold')", ".bw-lab-card b", ".bitwindow-tip b"):
        assert browser.locator(made).count() == 0
    assert browser.evaluate("window.taken") is None
    assert lab_page.unexpected() == []
