"""Ten seconds of quick drags over the demo network: the panel ends with the figure of a fresh validation."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bitwindow.numbers.format import FixedPoint
from tests.browser.lab import Lab
from tests.browser.map_page import PATIENCE, MapPage, open_map

DEMO = """
import bitwindow as bw
demo = bw.demo.digits()
q = bw.Quantizer(demo.model).calibrate(demo.calibration, progress=False).assign("histogram", 8)
q.watch(demo.x, demo.y)
q.panel()
"""
DRAGGED = ("conv2/kernel", "conv1", "dense2/kernel", "input", "dense1", "conv1/kernel")
SECONDS = 10
EXACT = "exact, all 1,000 samples"
FRESH = """
report = q.validate(demo.x, demo.y)
print(f"{100 * report.quantized_metric:.2f} % {100 * report.float_metric:.2f} %")
"""


def drag_about(page: MapPage) -> int:
    """Drags windows as quickly as the mouse can for ten seconds; returns how many drags that were."""
    end, drags = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        name = DRAGGED[drags % len(DRAGGED)]
        shown = page.row(name).locator(".bw-type").text_content() or ""
        held = page.grab(name, FixedPoint.parse(shown))
        for bits in (1, 3, -2, 2, -1 if drags % 2 else 1):
            held.move(bits)
        held.release()
        drags += 1
    return drags


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_after_ten_seconds_of_quick_drags_the_figure_is_that_of_a_fresh_validation(
    lab_page: Lab, notebook_folder: Path
) -> None:
    page = open_map(lab_page, notebook_folder, "instant.ipynb", DEMO)
    metric, basis = page.panel.locator(".bw-quantized-metric"), page.panel.locator(".bw-basis")
    expect(basis).to_have_text(EXACT, timeout=4 * PATIENCE)
    before = page.in_kernel("print(*(site.format for site in q.sites.values()))")
    drags = drag_about(page)
    # A cell runs while the figure is still being worked out: the kernel's main thread is free.
    assert page.in_kernel("print(6 * 7)") == "42"
    assert page.in_kernel("print(q.wait(240))") == "True"
    quantized, floats = page.in_kernel(FRESH).split(" % ")
    expect(basis).to_have_text(EXACT, timeout=PATIENCE)
    expect(metric).to_have_text(f"{quantized} %", timeout=PATIENCE)
    expect(page.panel.locator(".bw-float-metric")).to_have_text(floats, timeout=PATIENCE)
    assert drags > 1
    after = page.in_kernel("print(*(site.format for site in q.sites.values()))")
    assert after != before
    for name in DRAGGED:
        expect(page.row(name).locator(".bw-type")).to_have_text(
            page.in_kernel(f"print(q[{name!r}].format)"), timeout=PATIENCE
        )
    lab_page.screenshot("instant", page.panel)
    assert lab_page.unexpected() == []
