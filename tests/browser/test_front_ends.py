"""Notebook 7 and Voila show the live widget; a notebook without a kernel shows the picture."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import SCREENSHOTS
from tests.browser.lab import NUMBERED, Lab, Server, write_notebook
from tests.browser.test_panel import NETWORK, in_this_process

PATIENCE = 90_000
ROWS = 6


def expect_a_live_panel(panel: Locator) -> None:
    """Gives the input another type in the panel; the kernel's counts come back."""
    expect(panel.locator(".bitwindow .bw-row")).to_have_count(ROWS, timeout=PATIENCE)
    field = panel.locator("input[type=text]")
    field.fill("sfix7_En2")
    field.press("Enter")
    q = in_this_process()["q"]
    q["input"].format = "sfix7_En2"
    expect(panel.locator(".bw-details")).to_contain_text(f"Overflow {q['input'].counts.overflow:,} (", timeout=PATIENCE)


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_notebook_7_shows_the_live_widget(browser: Browser, notebook_server: Server, notebook_folder: Path) -> None:
    write_notebook(notebook_folder / "seven.ipynb", NETWORK, "q")
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        page.goto(notebook_server.url("/notebooks/seven.ipynb"), wait_until="domcontentloaded")
        connected = """() => {
            const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
            return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
        }"""
        page.wait_for_function(connected, timeout=PATIENCE)
        page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        expect(page.locator(".jp-CodeCell .jp-InputArea-prompt").nth(1)).to_have_text(NUMBERED, timeout=PATIENCE)
        panel = page.locator(".jp-OutputArea-output .bw-panel")
        expect_a_live_panel(panel)
        page.screenshot(path=SCREENSHOTS / "notebook-7.png")
        page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_voila_shows_the_live_widget(browser: Browser, voila_server: Server, notebook_folder: Path) -> None:
    write_notebook(notebook_folder / "app.ipynb", NETWORK, "q")
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        page.goto(voila_server.url("/voila/render/app.ipynb"), wait_until="domcontentloaded", timeout=PATIENCE)
        panel = page.locator(".bw-panel")
        expect_a_live_panel(panel)
        page.screenshot(path=SCREENSHOTS / "voila.png")


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_a_notebook_without_a_kernel_still_shows_the_picture(lab_page: Lab, notebook_folder: Path) -> None:
    q = in_this_process()["q"]
    bundle = q._repr_mimebundle_()
    cell = nbformat.v4.new_code_cell("q")
    cell.outputs = [nbformat.v4.new_output("execute_result", data=bundle, execution_count=1)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), notebook_folder / "kept.ipynb")
    page = lab_page.page
    page.goto(lab_page.server.url("/lab/tree/kept.ipynb") + "&reset", wait_until="domcontentloaded")
    no_kernel = page.locator(".jp-Dialog").get_by_role("button", name=re.compile("No Kernel"))
    no_kernel.click(timeout=PATIENCE)
    picture = page.locator(".jp-OutputArea-output img[alt*='heat map']")
    expect(picture).to_be_visible(timeout=PATIENCE)
    assert picture.evaluate("image => image.naturalWidth") > 100
    lab_page.screenshot("kernel-less")
