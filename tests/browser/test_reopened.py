"""A panel whose page was closed and opened again, and one beside a cell that runs: the kernel hears of every change."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.map_page import PATIENCE, MapPage, open_map
from tests.browser.test_panel import NETWORK
from tests.browser.test_rows import FEW, fake

RUN = """code => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }); }"""
SAVE = "async () => { await window.jupyterapp.commands.execute('docmanager:save'); }"
WAIT = "import pathlib, time\nwhile not pathlib.Path('go-on').exists():\n    time.sleep(0.02)"


def press(page: MapPage, name: str) -> None:
    """Selects a row with the mouse and waits until what the kernel writes below the map is about it."""
    page.lab.page.mouse.click(*page.handle(name))
    expect(page.panel.locator(".bw-editor select").first).to_have_value(name, timeout=PATIENCE)


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_a_panel_answers_after_its_notebook_was_closed_and_opened_again(lab_page: Lab, notebook_folder: Path) -> None:
    page = open_map(lab_page, notebook_folder, "again.ipynb", NETWORK, "q")
    for name in ("first/kernel", "second"):
        press(page, name)
    for _ in range(2):
        lab_page.page.evaluate(SAVE)
        lab_page.command("application:close")
        expect(lab_page.page.locator(".jp-NotebookPanel")).to_have_count(0, timeout=PATIENCE)
        lab_page.command("docmanager:open", path="again.ipynb")
        expect(page.panel.locator(".bitwindow .bw-row")).to_have_count(6, timeout=PATIENCE)
        for name in ("first/kernel", "second"):
            press(page, name)
    assert lab_page.unexpected() == []


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_a_panel_answers_while_a_cell_runs(lab_page: Lab, notebook_folder: Path) -> None:
    go_on = notebook_folder / "go-on"
    go_on.unlink(missing_ok=True)
    page = open_map(lab_page, notebook_folder, "beside.ipynb", FEW, "panel")
    names = list(fake(["input", "conv", "dense"]).sites)
    lab_page.page.evaluate(RUN, WAIT)
    try:
        for name in (names[2], names[1]):
            press(page, name)
    finally:
        go_on.touch()
    assert lab_page.unexpected() == []
