"""How work begins and goes on: the launcher's tile, the user's settings, several notebooks at once."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, Server, write_notebook
from tests.browser.map_page import MapPage
from tests.browser.test_panel import NETWORK
from tests.browser.test_sessions import PATIENCE, open_and_run, show_side_bar

SETTINGS = "bitwindow-lab:plugin"


@pytest.fixture
def factory_settings(lab_server: Server) -> Iterator[None]:
    """Gives the server back the settings of nobody, whatever the test sets."""
    yield
    request = urllib.request.Request(  # noqa: S310 (our own http address)
        lab_server.url(f"/lab/api/settings/{SETTINGS}"), json.dumps({"raw": "{}"}).encode(), method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        assert answer.status < 300


def open_lab(lab: Lab, path: str = "") -> None:
    """Opens JupyterLab at a folder, with nothing in it, and waits until our part is there."""
    lab.page.goto(lab.server.url(f"/lab/tree/{path}" if path else "/lab") + "&reset", wait_until="domcontentloaded")
    lab.page.wait_for_selector("#bitwindow-side-bar", state="attached", timeout=PATIENCE)


def set_in_the_editor(lab: Lab, **values: str) -> None:
    """Changes settings in JupyterLab's own editor, as a user does, and waits until they are saved."""
    page = lab.page
    lab.command("settingeditor:open", query="Bit Window")
    for name, value in values.items():
        field = page.locator(f'[id="jp-SettingsEditor-{SETTINGS}_{name}"]')
        expect(field).to_be_visible(timeout=PATIENCE)
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)
    read = f"async () => (await window.jupyterapp.serviceManager.settings.fetch({json.dumps(SETTINGS)})).raw"
    for _ in range(200):
        raw = page.evaluate(read)
        if all(name in raw and value in raw for name, value in values.items()):
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail(f"the settings should hold {values}, and hold {raw}")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")


def red_and_blue(panel: Locator) -> set[tuple[int, int]]:
    """The red and the blue of the heat map's cells that are not white."""
    found: list[str] = panel.locator(".bw-figure-box rect.heatmapcell").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).fill)"
    )
    channels = [[int(part) for part in re.findall(r"\d+", fill)] for fill in found]
    shades = {(red, blue) for red, green, blue in channels if (red, green, blue) != (255, 255, 255)}
    assert len(shades) > 3
    return shades


@pytest.mark.browser
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("factory_settings")
def test_the_launchers_tile_makes_a_notebook_that_runs_by_the_settings(lab_page: Lab, notebook_folder: Path) -> None:
    (notebook_folder / "begun").mkdir()
    page = lab_page.page
    open_lab(lab_page, "begun")
    set_in_the_editor(lab_page, wordLength="6", scheme="minmax", underflowThreshold="37.5", colourMap="oranges")
    lab_page.command("launcher:create", cwd="begun")
    tile = page.locator(".jp-LauncherCard", has_text="Bit Window").filter(visible=True)
    expect(tile).to_have_count(1, timeout=PATIENCE)
    tile.click()
    expect(page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")).to_have_count(2, timeout=PATIENCE)
    lab_page.wait_for_idle()
    lab_page.run_all()
    panel = page.locator(".jp-NotebookPanel .bw-panel")
    rows = panel.locator(".bitwindow .bw-row")
    expect(rows).to_have_count(6, timeout=PATIENCE)
    expect(panel.locator(".bw-basis")).to_have_text("exact, all 1,000 samples", timeout=PATIENCE)
    in_cell = MapPage(lab=lab_page, panel=panel)
    assert in_cell.in_kernel("print(q.scheme, q.word_length, q.model.name)") == "minmax 6 network"
    types = panel.locator(".bw-row .bw-type").all_text_contents()
    assert [text.startswith(("sfix6_", "ufix6_", "sfix32_")) for text in types] == [True] * 6
    (made,) = (notebook_folder / "begun").glob("*.ipynb")
    assert "word_length=6" in made.read_text()

    # The panel of a cell keeps its own thresholds and colours; one that is made for a tab takes those of the settings.
    assert panel.locator(".bw-threshold").first.input_value() == "5"
    in_cell.in_kernel("q2 = bw.Quantizer(bw.Model(network, params, x[:1])).calibrate(x, progress=False)")
    card = show_side_bar(page).locator(".bw-lab-card").filter(has_text="q2")
    card.get_by_role("button", name="Open as tab").click()
    tab = page.locator(".bw-lab-tab .bw-panel")
    expect(tab.locator(".bitwindow .bw-row")).to_have_count(6, timeout=PATIENCE)
    expect(tab.locator(".bw-threshold").first).to_have_value("37.5")
    assert {red > blue for red, blue in red_and_blue(tab)} == {True}
    assert {red < blue for red, blue in red_and_blue(panel)} == {True}
    darkest = "rgb(127, 39, 4)"
    expect(tab.locator(".bw-legend .bw-ramp")).to_have_css("background-image", re.compile(re.escape(darkest)))
    assert lab_page.unexpected() == []


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_the_side_bar_follows_from_notebook_to_notebook(lab_page: Lab, notebook_folder: Path) -> None:
    page = lab_page.page
    for name in ("one", "two"):
        sources = [NETWORK.replace("x[:1])", f"x[:1], name='network {name}')"), f"{name} = q"]
        write_notebook(notebook_folder / f"{name}.ipynb", *sources)
    open_and_run(lab_page, notebook_folder, "plain.ipynb", "1 + 1")
    side = show_side_bar(page)
    titles = side.locator(".bw-lab-card .bw-lab-title")
    expect(side.locator(".bw-lab-why")).to_contain_text("has not imported bitwindow", timeout=PATIENCE)
    for name in ("one", "two"):
        lab_page.command("docmanager:open", path=f"{name}.ipynb")
        shown = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        expect(shown).to_have_attribute("aria-labelledby", re.compile("."))
        page.wait_for_function(
            "name => window.jupyterapp.shell.currentWidget?.context?.path === name", arg=f"{name}.ipynb"
        )
        lab_page.wait_for_idle()
        lab_page.run_all()
        expect(titles).to_contain_text([f"network {name}"], timeout=PATIENCE)

    for name in ("one", "two", "plain", "one"):
        go_to(page, f"{name}.ipynb")
        if name == "plain":
            expect(side.locator(".bw-lab-why")).to_contain_text("has not imported bitwindow", timeout=PATIENCE)
        else:
            expect(titles).to_have_count(1, timeout=PATIENCE)
            expect(titles).to_contain_text(f"network {name}", timeout=PATIENCE)
    # What is pressed in the side bar reaches the kernel of the notebook in view, and no other.
    in_view = MapPage(lab=lab_page, panel=page.locator(".bw-panel"))
    in_view.in_kernel("q['input'].format = 'sfix5_En1'")
    undo = side.get_by_role("button", name="Undo")
    undo.click()
    for _ in range(100):
        if in_view.in_kernel("print(q['input'].format)") != "sfix5_En1":
            break
        page.wait_for_timeout(50)
    assert in_view.in_kernel("print(q['input'].format)") != "sfix5_En1"
    go_to(page, "two.ipynb")
    assert in_view.in_kernel("print(q.can_redo)") == "False"
    assert lab_page.unexpected() == []


def go_to(page: Page, label: str) -> None:
    """Clicks on a notebook's tab."""
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text=label).click()
