"""The main job: `bitwindow demo` opens its notebook in JupyterLab, run, and the panel answers with Python's figures."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import bitwindow as bw
from tests.browser.conftest import SCREENSHOTS
from tests.browser.lab import isolated_environment

PATIENCE = 60_000
"""Milliseconds that the page may take for anything: it also loads JupyterLab itself."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """What the command prints; it is ended with Ctrl-C, as by a person."""
    command = [sys.executable, "-m", "bitwindow", "demo", "--no-browser", "--port=0", f"--folder={tmp_path / 'shown'}"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=isolated_environment(tmp_path / "home"), cwd=tmp_path
    )
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        found = re.search(r"http://127\.0\.0\.1\S+", "".join(said))
        assert found is not None, said
        assert "The notebook stopped" not in "".join(said), said
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    # So tall that the notebook's last cell, the panel, is drawn without scrolling.
    with browser.new_context(viewport={"width": 1400, "height": 5000}) as context:
        yield context.new_page()


def reference() -> bw.Quantizer:
    """The notebook's last state, made in this process."""
    demo = bw.demo.digits()
    q = bw.Quantizer(demo.model).calibrate(demo.calibration, progress=False).assign("histogram", 8)
    q.watch(demo.x, demo.y).wait()
    return q


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_the_demo_shows_the_picture_and_answers_with_the_right_figures(address: str, page: Page) -> None:
    q = reference()
    page.goto(address, wait_until="domcontentloaded")
    panel = page.locator(".bw-panel")
    expect(panel.locator(".bitwindow .bw-row")).to_have_count(len(q.sites), timeout=PATIENCE)
    table = page.locator(".jp-OutputArea-output").filter(has_text="8-bit histogram")
    expect(table).to_contain_text(re.compile(r"float\s+98\.3%"))
    expect(table).to_contain_text(re.compile(r"4-bit histogram\s+\d+\.\d%"))
    metric, basis = panel.locator(".bw-quantized-metric"), panel.locator(".bw-basis")
    expect(basis).to_have_text("exact, all 1,000 samples", timeout=PATIENCE)
    expect(metric).to_have_text(shown(q), timeout=PATIENCE)
    page.screenshot(path=SCREENSHOTS / "demo-opened.png")

    panel.locator("select").filter(has_text="conv1/kernel").select_option("conv1")
    text = panel.locator("input[type=text]")
    for _ in range(4):
        before = text.input_value()
        panel.locator("button:has(.fa-arrow-right)").click()
        expect(text).not_to_have_value(before, timeout=PATIENCE)

    start = q["conv1"].format
    assert isinstance(start, bw.FixedPoint)
    before = shown(q)
    q["conv1"].format = bw.FixedPoint(
        signed=start.signed, word_length=start.word_length, fraction_length=start.fraction_length + 4
    )
    q.wait()
    counts = q["conv1"].counts
    assert counts is not None
    assert shown(q) != before
    expect(text).to_have_value(str(q["conv1"].format), timeout=PATIENCE)
    expect(panel.locator(".bw-details")).to_contain_text(f"Underflow {counts.underflow:,} (", timeout=PATIENCE)
    expect(panel.locator(".bw-details")).to_contain_text(f"Overflow {counts.overflow:,} (", timeout=PATIENCE)
    expect(metric).to_have_text(shown(q), timeout=PATIENCE)
    expect(basis).to_have_text("exact, all 1,000 samples", timeout=PATIENCE)
    page.screenshot(path=SCREENSHOTS / "demo-moved.png")


def shown(q: bw.Quantizer) -> str:
    """The quantized accuracy, as the panel writes it."""
    assert q.evaluation is not None
    assert q.evaluation.quantized_metric is not None
    return f"{100 * q.evaluation.quantized_metric:.2f} %"
