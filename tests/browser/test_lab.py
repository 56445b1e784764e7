"""JupyterLab itself runs in the browser: what the other browser tests take for granted."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, write_notebook


@pytest.mark.browser
def test_a_notebook_runs_and_shows_its_output_in_both_themes(lab_page: Lab, notebook_folder: Path) -> None:
    write_notebook(notebook_folder / "tiny.ipynb", "21 * 2", "print('window', 2 ** -3)")

    lab_page.open_notebook("tiny.ipynb")
    lab_page.run_all()

    expect(lab_page.outputs().nth(0)).to_have_text("42")
    expect(lab_page.outputs().nth(1)).to_have_text("window 0.125")
    for theme in ("light", "dark"):
        lab_page.theme(theme)
        assert lab_page.screenshot(f"tiny-{theme}").stat().st_size > 0
    assert lab_page.unexpected() == []


@pytest.mark.browser
def test_the_bundle_is_served_and_enabled(lab_page: Lab, notebook_folder: Path) -> None:
    write_notebook(notebook_folder / "empty.ipynb")

    lab_page.page.goto(lab_page.server.url("/lab/tree/empty.ipynb"), wait_until="domcontentloaded")

    names = lab_page.page.evaluate(
        "() => JSON.parse(document.getElementById('jupyter-config-data').textContent)"
        ".federated_extensions.map(extension => extension.name)"
    )
    assert "bitwindow" in names
