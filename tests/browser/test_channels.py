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
    lab_page.screenshot("channels", page.panel)
    page.panel.locator("button", has_text=re.compile(r"^\s*Channels$")).click()
    expect(page.panel.locator(".bitwindow .bw-row")).to_have_count(closed, timeout=PATIENCE)
    assert lab_page.unexpected() == []
