"""The panel of a real quantizer in a real JupyterLab: rows, buttons, counts and accuracy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Lab, write_notebook

NETWORK = """
import jax
import numpy as np
import bitwindow as bw

rng = np.random.default_rng(0)
params = {
    "first": {"kernel": rng.normal(size=(8, 16)).astype(np.float32), "bias": np.zeros(16, np.float32)},
    "second": {"kernel": rng.normal(size=(16, 4)).astype(np.float32)},
}
x = rng.normal(size=(256, 8)).astype(np.float32)

def network(p, x):
    hidden = jax.nn.relu(x @ p["first"]["kernel"] + p["first"]["bias"])
    return hidden @ p["second"]["kernel"]

labels = np.asarray(network(params, x).argmax(-1))
q = bw.Quantizer(bw.Model(network, params, x[:1])).calibrate(x, progress=False)
q.assign(scheme="minmax", word_length=8)
q.watch(x, labels);
"""


def in_this_process() -> dict[str, Any]:
    """Runs the notebook's code here: its figures are what the panel must show."""
    names: dict[str, Any] = {}
    exec(NETWORK, names)  # noqa: S102  (the text above)
    return names


def open_panel(lab: Lab, folder: Path, name: str) -> Locator:
    """Runs the network and its panel in a notebook of that name; returns the panel."""
    write_notebook(folder / name, NETWORK, "q.panel()")
    lab.open_notebook(name)
    lab.run_all()
    return lab.page.locator(".bw-panel")


@pytest.mark.browser
def test_buttons_move_a_window_and_counts_and_accuracy_follow(lab_page: Lab, notebook_folder: Path) -> None:
    panel = open_panel(lab_page, notebook_folder, "panel.ipynb")
    q = in_this_process()["q"]
    expect(panel.locator(".bitwindow .bw-row")).to_have_count(len(q.sites))
    # The 32 bits of a bias reach beyond the columns, and say so; the other windows are shown whole.
    goes_on = lab_page.page.locator(".bw-further[d^=M]")
    expect(panel.locator(".bw-row", has=goes_on)).to_have_count(1)
    expect(panel.locator(".bw-row", has=goes_on)).to_have_attribute("aria-label", "first/bias")

    panel.locator("select").filter(has_text="second/kernel").select_option("second/kernel")
    for _ in range(4):
        before = panel.locator("input[type=text]").input_value()
        panel.locator("button:has(.fa-arrow-left)").click()
        expect(panel.locator("input[type=text]")).not_to_have_value(before)

    start = q["second/kernel"].format
    q["second/kernel"].format = bw_format = type(start)(True, 8, start.fraction_length - 4)
    counts = q["second/kernel"].counts
    assert counts.underflow > 0
    expect(panel.locator("input[type=text]")).to_have_value(str(bw_format))
    expect(panel.locator(".bw-details")).to_contain_text(f"Underflow {counts.underflow:,} (")
    expect(panel.locator(".bw-details")).to_contain_text(f"Overflow {counts.overflow:,} (")

    q.wait()
    expected = f"{100 * q.evaluation.quantized_metric:.2f} %"
    expect(panel.locator(".bw-basis")).to_have_text("exact, all 256 samples", timeout=60_000)
    expect(panel.locator(".bw-quantized-metric")).to_have_text(expected, timeout=60_000)
    assert expected != "100.00 %"
    for theme in ("light", "dark"):
        lab_page.theme(theme)
        lab_page.screenshot(f"panel-{theme}", panel)
    assert lab_page.unexpected() == []


@pytest.mark.browser
def test_a_wrong_type_is_explained_in_the_panel(lab_page: Lab, notebook_folder: Path) -> None:
    panel = open_panel(lab_page, notebook_folder, "wrong.ipynb")
    panel.locator("input[type=text]").fill("sfix99_En3")
    panel.locator("input[type=text]").press("Enter")
    expect(panel.locator(".bw-error")).to_have_text(re.compile("wanted 2 to 32 bits for a signed type; got 99"))
    panel.locator("input[type=text]").fill("ap_fixed<8,5>")
    panel.locator("input[type=text]").press("Enter")
    expect(panel.locator("input[type=text]")).to_have_value("sfix8_En3")
    expect(panel.locator(".bw-error")).to_have_count(0)
