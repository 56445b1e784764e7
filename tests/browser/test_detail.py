"""The detail of a row, the text edit of its type and the way back to the scheme's, in both themes; a saved panel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from bitwindow.numbers.format import FixedPoint
from bitwindow.panel.display import picture_bundle
from bitwindow.panel.examples import examples
from bitwindow.panel.wording import exactly, minus
from tests.browser.lab import Lab, write_notebook
from tests.browser.map_page import FAKE
from tests.panel.fake_quantizer import FakeQuantizer

HOSTILE = '<img src=x onerror="window.taken=1">'
NAMES = ["input", "conv1/kernel", "conv1", HOSTILE]
OPEN = f"{FAKE}\nq = FakeQuantizer.of({NAMES!r})\npanel = Panel(q)\npanel.selected = 'conv1'\npanel"


def open_panel(lab: Lab, folder: Path, name: str) -> Locator:
    write_notebook(folder / name, OPEN)
    lab.open_notebook(name)
    lab.run_all()
    panel = lab.page.locator(".bw-panel")
    expect(panel.locator(".bw-example").first).to_be_visible(timeout=60_000)
    return panel


def set_type(panel: Locator, text: str) -> None:
    field = panel.locator(".bw-editor input[type=text]")
    field.fill(text)
    field.press("Enter")


def save(page: Page) -> None:
    """Saves the notebook in view and waits until nothing is unsaved."""
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)


def clipped(panel: Locator) -> list[str]:
    """The texts of the toolbar, the summary and the detail that reach beyond the panel."""
    found: list[str] = panel.evaluate(
        """panel => {
            const right = panel.getBoundingClientRect().right + 1;
            const around = ['toolbar', 'summary', 'editor', 'details', 'lane'].map(part => `.bw-${part} *`);
            const parts = panel.querySelectorAll(around.join());
            return [...parts].filter(part => part.getBoundingClientRect().right > right).map(part => part.textContent);
        }"""
    )
    return found


@pytest.mark.browser
def test_the_words_are_exact_and_follow_the_type_that_is_typed(lab_page: Lab, notebook_folder: Path) -> None:
    panel = open_panel(lab_page, notebook_folder, "detail.ipynb")
    values = FakeQuantizer.of(NAMES)["conv1"].examples
    assert values is not None
    for theme, text, fmt in (
        ("light", "Q1.4", FixedPoint(True, 6, 4)),
        ("dark", "ap_fixed<5,4>", FixedPoint(True, 5, 1)),
    ):
        lab_page.theme(theme)  # type: ignore[arg-type]
        set_type(panel, text)
        expect(panel.locator(".bw-editor input[type=text]")).to_have_value(str(fmt))
        wanted = [example.word for example in examples(values, fmt, "round", "saturate")]
        rows = panel.locator(".bw-example")
        expect(rows).to_have_count(len(wanted))
        expect(rows.locator("> div:first-child b")).to_have_text([exactly(word.value) for word in wanted])
        expect(rows.locator("> div:last-child .bw-stored")).to_have_text([minus(word.stored or 0) for word in wanted])
        digits = rows.locator(".bw-word > .bw-stored")
        expect(digits).to_have_text(["".join(map(str, word.bits.bits)) for word in wanted if word.bits is not None])
        expect(panel.locator(".bw-channel")).to_have_count(5)
        bars = panel.locator(".bw-histogram .bargroup rect, .bw-histogram .bar")
        assert bars.count() > 0
        lab_page.screenshot(f"detail-{theme}", panel)
    assert lab_page.unexpected() == []


@pytest.mark.browser
def test_a_wrong_type_is_explained_and_reset_goes_back(lab_page: Lab, notebook_folder: Path) -> None:
    panel = open_panel(lab_page, notebook_folder, "reset.ipynb")
    field, message = panel.locator(".bw-editor input[type=text]"), panel.locator(".bw-error")
    for theme in ("light", "dark"):
        lab_page.theme(theme)
        set_type(panel, HOSTILE)
        expect(message).to_contain_text("wanted text like 'sfix8_En3'")
        expect(message).to_contain_text(HOSTILE[1:20])
        set_type(panel, "float")
        expect(message).to_have_count(0)
        change = panel.locator(".bw-change")
        expect(change).to_have_text("conv1: sfix8_En7 → float")
        change.click()
        expect(field).to_have_value("sfix8_En7")
        expect(change).to_have_count(0)
        expect(panel.get_by_role("button", name="Reset row")).to_be_disabled()
    panel.get_by_label("Row", exact=True).select_option(HOSTILE)
    # The kernel shows the row that it has selected; only then is the field that row's.
    expect(panel.locator(".bw-details").first).to_contain_text(HOSTILE)
    set_type(panel, "sfix4_En1")
    expect(panel.locator(".bw-change")).to_contain_text(HOSTILE)
    assert panel.locator("img").count() == 0
    assert lab_page.page.evaluate("window.taken") is None


@pytest.mark.browser
def test_nothing_is_clipped_from_600_pixels_on(lab_page: Lab, notebook_folder: Path) -> None:
    panel = open_panel(lab_page, notebook_folder, "narrow.ipynb")
    lab_page.command("application:toggle-left-area")
    for width in (600, 1000, 1600):
        lab_page.page.set_viewport_size({"width": width, "height": 1400})
        page = "() => document.documentElement.scrollWidth <= innerWidth"
        lab_page.page.wait_for_function(page, timeout=30_000)
        expect(panel.locator(".bw-channel").first).to_be_visible()
        assert clipped(panel) == []
        fits = "() => { const map = document.querySelector('.bw-map'); return map.scrollWidth <= map.clientWidth; }"
        lab_page.page.wait_for_function(fits, timeout=30_000)


@pytest.mark.browser
def test_the_saved_picture_is_of_the_windows_as_they_were_left(lab_page: Lab, notebook_folder: Path) -> None:
    panel = open_panel(lab_page, notebook_folder, "left.ipynb")
    page, path = lab_page.page, notebook_folder / "left.ipynb"
    picture = page.locator('.jp-OutputArea img[src^="data:image/png"]')
    q = FakeQuantizer.of(NAMES)
    for text in ("sfix6_En4", "sfix5_En1"):
        set_type(panel, text)
        q["conv1"].format = text
        wanted = picture_bundle(q)[0]["image/png"]
        expect(picture).to_have_attribute("src", f"data:image/png;base64,{wanted}", timeout=30_000)
        save(page)
        (cell,) = nbformat.read(path, 4).cells
        images = [output["data"]["image/png"] for output in cell.outputs if "image/png" in output["data"]]
        assert [image.replace("\n", "") for image in images] == [wanted]
        # JupyterLab forgets with its page which output the kernel means; it is found all the same.
        page.reload(wait_until="domcontentloaded")
        expect(panel.locator(".bw-example").first).to_be_visible(timeout=60_000)
    assert lab_page.unexpected() == []


@pytest.mark.browser
def test_a_saved_panel_shows_its_picture_alone_when_the_kernel_is_gone(lab_page: Lab, notebook_folder: Path) -> None:
    open_panel(lab_page, notebook_folder, "saved.ipynb")
    picture = lab_page.page.locator('.jp-OutputArea img[src^="data:image/png"]')
    expect(picture).to_be_hidden()
    path = notebook_folder / "saved.ipynb"
    save(lab_page.page)
    kinds = [set(output["data"]) for cell in nbformat.read(path, 4).cells for output in cell.outputs]
    assert kinds == [{"application/vnd.jupyter.widget-view+json", "text/plain"}, {"image/png", "text/plain"}]
    lab_page.shut_kernels()
    lab_page.open_notebook("saved.ipynb")
    expect(picture).to_be_visible(timeout=60_000)
    lost = lab_page.page.get_by_text("Error displaying widget")
    expect(lost).to_have_count(1, timeout=60_000)
    expect(lost).to_be_hidden()
