"""A model's file opens as a document: load, calibrate, validate, save, with no notebook and no code."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import bitwindow as bw
from tests.browser.documents import forward, parameters, write_files
from tests.browser.lab import Lab

PATIENCE = 90_000


def choose(page: Page, button: str, name: str) -> None:
    """Presses a button that asks for a file, and chooses the file."""
    page.locator(".bw-lab-document").get_by_role("button", name=button).click()
    dialog = page.locator(".jp-Dialog")
    dialog.locator(".jp-DirListing-item").filter(has_text=name).click(timeout=PATIENCE)
    dialog.locator("button.jp-mod-accept").click()
    expect(dialog).to_have_count(0)


@pytest.mark.browser
@pytest.mark.timeout(500)
def test_a_session_becomes_a_panel_without_any_code(lab_page: Lab, notebook_folder: Path) -> None:
    folder = notebook_folder / "documents"
    folder.mkdir()
    q = write_files(folder)
    page = lab_page.page
    page.goto(lab_page.server.url("/lab/tree/documents/shown.bitwindow") + "&reset", wait_until="domcontentloaded")
    document = page.locator(".bw-lab-document")
    expect(document).to_have_attribute("data-stage", "failed", timeout=PATIENCE)
    came_from = f"It was {forward.__module__}:forward when the file was saved"
    expect(document.locator(".bw-lab-page .bw-lab-error")).to_contain_text(came_from)
    document.locator(".bw-lab-page input").fill("shown_network:forward")
    document.get_by_role("button", name="Load with it").click()
    expect(document).to_have_attribute("data-stage", "waiting", timeout=PATIENCE)
    expect(document.locator(".bw-lab-inputs tr").nth(1)).to_have_text("x(samples, 6)float32")
    lab_page.screenshot("document-waiting")

    choose(page, "Choose calibration data…", "wrong.npz")
    expect(document.locator(".bw-lab-page .bw-lab-error")).to_contain_text(
        "'input' wants the shape (samples, 6), got (128, 5)"
    )
    choose(page, "Choose calibration data…", "data.npz")
    expect(document).to_have_attribute("data-stage", "ready", timeout=PATIENCE)
    rows = document.locator(".bw-panel .bitwindow .bw-row")
    expect(rows).to_have_count(len(q.sites), timeout=PATIENCE)
    choose(page, "Validation data…", "data.npz")
    expect(document.locator(".bw-basis")).to_have_text("exact, all 128 samples", timeout=PATIENCE)
    for theme in ("light", "dark"):
        lab_page.theme(theme)
        lab_page.screenshot(f"document-{theme}")

    field = document.locator(".bw-panel input[type=text]")
    field.fill("sfix5_En2")
    field.press("Enter")
    tab = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.jp-mod-dirty")
    expect(tab).to_have_count(1, timeout=PATIENCE)
    page.evaluate("() => { void window.jupyterapp.commands.execute('docmanager:save'); }")
    expect(tab).to_have_count(0, timeout=PATIENCE)
    saved = bw.load(folder / "shown.bitwindow", fn=forward, params=parameters())
    assert saved.calibration.samples == 128
    assert "sfix5_En2" in {str(site.format) for site in saved.sites.values()}

    field.fill("sfix6_En2")
    field.press("Enter")
    expect(tab).to_have_count(1, timeout=PATIENCE)
    page.evaluate("() => { void window.jupyterapp.shell.currentWidget.close(); }")
    expect(page.locator(".jp-Dialog")).to_contain_text("shown.bitwindow")
    page.locator(".jp-Dialog").get_by_role("button", name="Cancel").click()
    expect(document).to_be_visible()
    assert lab_page.unexpected() == []
