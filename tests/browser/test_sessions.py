"""JupyterLab's side bar and tabs follow the quantizers of a real kernel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bitwindow.session.load import read
from tests.browser.lab import Lab, write_notebook
from tests.browser.test_panel import NETWORK

PATIENCE = 60_000
SIDE = "#bitwindow-side-bar"


def show_side_bar(page: Page) -> Locator:
    """Opens the side bar, whatever is open."""
    page.evaluate("() => window.jupyterapp.shell.activateById('bitwindow-side-bar')")
    side = page.locator(SIDE)
    expect(side).to_be_visible()
    return side


def open_and_run(lab: Lab, folder: Path, name: str, *sources: str) -> None:
    write_notebook(folder / name, *sources)
    lab.open_notebook(name)
    if sources:
        lab.run_all()


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_the_side_bar_says_why_it_is_empty_and_follows_the_kernel(lab_page: Lab, notebook_folder: Path) -> None:
    page = lab_page.page
    page.goto(lab_page.server.url("/lab") + "&reset", wait_until="domcontentloaded")
    page.wait_for_function("() => window.jupyterapp?.shell !== undefined", timeout=PATIENCE)
    page.wait_for_selector(SIDE, state="attached", timeout=PATIENCE)
    side = show_side_bar(page)
    expect(side).to_have_attribute("data-state", "no-notebook")
    expect(side.locator(".bw-lab-advice")).to_contain_text("new quantizer notebook")

    open_and_run(lab_page, notebook_folder, "side.ipynb", "1 + 1", NETWORK, "q")
    side = show_side_bar(page)
    card = side.locator(".bw-lab-card")
    expect(card).to_have_count(1, timeout=PATIENCE)
    expect(card.locator(".bw-lab-title")).to_contain_text("q · ")
    expect(card.locator(".bw-lab-basis")).to_have_text("exact, all 256 samples", timeout=PATIENCE)
    expect(card.locator(".bw-lab-metric")).to_contain_text("Accuracy: float 100.00 % → quantized ")
    expect(card.get_by_role("button", name="Undo")).to_be_enabled()
    for theme in ("light", "dark"):
        lab_page.theme(theme)
        lab_page.screenshot(f"side-bar-{theme}")

    page.evaluate("() => { void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }")
    expect(side).to_have_attribute("data-state", "not-imported", timeout=PATIENCE)
    expect(side.locator(".bw-lab-why")).to_contain_text("has not imported bitwindow")
    lab_page.run_all()
    expect(card).to_have_count(1, timeout=PATIENCE)
    assert lab_page.unexpected() == []


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_a_tab_is_linked_with_the_cell_and_comes_back_with_the_page(lab_page: Lab, notebook_folder: Path) -> None:
    page = lab_page.page
    open_and_run(lab_page, notebook_folder, "tab.ipynb", NETWORK, "q")
    side = show_side_bar(page)
    side.get_by_role("button", name="Open as tab").click()
    tab = page.locator(".bw-lab-tab .bw-panel")
    expect(tab.locator(".bitwindow .bw-row")).to_have_count(6, timeout=PATIENCE)
    cell = page.locator(".jp-OutputArea-output .bw-panel")

    field = tab.locator("input[type=text]")
    field.fill("sfix6_En3")
    field.press("Enter")
    expect(cell.locator("input[type=text]")).to_have_value("sfix6_En3", timeout=PATIENCE)
    lab_page.screenshot("tab")
    side.get_by_role("button", name="Undo").click()
    expect(field).not_to_have_value("sfix6_En3", timeout=PATIENCE)
    expect(cell.locator("input[type=text]")).not_to_have_value("sfix6_En3", timeout=PATIENCE)

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.reload(wait_until="domcontentloaded")
    expect(page.locator(".bw-lab-tab .bw-panel .bitwindow .bw-row")).to_have_count(6, timeout=PATIENCE)
    assert lab_page.unexpected() == []


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_saving_asks_before_it_replaces_a_file(lab_page: Lab, notebook_folder: Path) -> None:
    page = lab_page.page
    (notebook_folder / "taken.bitwindow").write_text("somebody's")
    open_and_run(lab_page, notebook_folder, "save.ipynb", NETWORK)
    save = show_side_bar(page).get_by_role("button", name="Save…")
    save.click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog.locator("input")).to_have_value("q.bitwindow")
    dialog.locator("input").fill("taken.bitwindow")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("exists already")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert (notebook_folder / "taken.bitwindow").read_text() == "somebody's"

    save.click()
    dialog.locator("input").fill("taken.bitwindow")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_role("button", name="Replace").click()
    expect(page.locator(".Toastify__toast").filter(has_text=re.compile("Saved taken.bitwindow"))).to_be_visible()
    assert read(notebook_folder / "taken.bitwindow").calibration.samples == 256
    assert lab_page.unexpected() == []
