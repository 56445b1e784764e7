"""Rows under filter, sort and strip, with and without a kernel that answers; and a map that a notebook saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bitwindow.numbers.format import FixedPoint
from bitwindow.spectrum.counts import Counts
from tests.browser.lab import Lab
from tests.browser.map_page import FAKE, PATIENCE, open_map, shifted
from tests.panel.fake_quantizer import FakeQuantizer, FakeSite

NAMES = [f"block{i // 4}/layer{i % 4}/{'kernel' if i % 2 == 0 else 'out'}" for i in range(200)]
MANY = f"{FAKE}\nq = FakeQuantizer.of({NAMES!r})\npanel = Panel(q)"
FEW = f"""{FAKE}
q = FakeQuantizer.of(["input", "conv", "dense"])
exact = FakeStripCell(fraction_length=4, value=0.974, interval=None, n=5000)
part = FakeStripCell(fraction_length=3, value=0.971, interval=(0.962, 0.98), n=512)
q.strips = {{"input": FakeStrip(site="input", cells=(exact, part))}}
panel = Panel(q)
"""
# A cell that runs would not do: a page's messages are handled beside it.
BUSY = """
import pathlib, time
def busy(*given, change=q.set_formats, **named):
    while not pathlib.Path('go').exists():
        time.sleep(0.02)
    return change(*given, **named)
q.set_formats = busy
"""
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"


def fake(names: list[str]) -> FakeQuantizer:
    """The quantizer that the notebook makes too."""
    return FakeQuantizer.of(names)


def counts_of(site: FakeSite, fmt: FixedPoint) -> Counts:
    assert site.spectrum is not None
    return site.spectrum.counts(fmt, "round", "saturate")


def by_overflow(q: FakeQuantizer, names: list[str]) -> list[str]:
    def share(name: str) -> float:
        counts = q[name].counts
        assert counts is not None
        return counts.overflow / (counts.total - counts.zero)

    return sorted(names, key=share, reverse=True)


@pytest.mark.browser
def test_two_hundred_rows_are_filtered_sorted_and_scrolled_under_their_header(
    lab_page: Lab, notebook_folder: Path
) -> None:
    page = open_map(lab_page, notebook_folder, "many.ipynb", MANY, "panel")
    q, panel = fake(NAMES), page.panel
    assert page.names() == NAMES
    header, box = panel.locator(".bw-header"), panel.locator(".bw-map")
    box.evaluate("box => { box.scrollTop = 150 * 26; }")
    expect(page.row(NAMES[150])).to_be_in_viewport()
    above, frame = header.bounding_box(), box.bounding_box()
    assert above is not None
    assert frame is not None
    assert frame["y"] <= above["y"] < frame["y"] + 60
    panel.locator(".bw-search").fill("LAYER3/")
    expect(panel.locator(".bw-count")).to_have_text("50 of 200 rows")
    # far down as the box was scrolled, there are rows to be seen
    expect(header).to_be_in_viewport()
    expect(page.row("block30/layer3/out")).to_be_in_viewport()
    wanted = [name for name in NAMES if "layer3/" in name]
    assert page.names() == wanted
    panel.locator("button.bw-title[data-sort=overflow]").click()
    assert page.names() == by_overflow(q, wanted)
    # the heat map's own cells are under their rows
    lab_page.page.wait_for_function(CELLS_STAND_UNDER_THEIR_ROWS, timeout=PATIENCE)
    panel.locator("button.bw-kind", has_text="weight").click()
    expect(panel.locator(".bitwindow .bw-empty")).to_contain_text("None of the 200 rows is one of kind weight")
    panel.locator(".bw-search").fill("")
    panel.locator("button.bw-select", has_text="all").click()
    assert page.in_kernel("print(len(panel.heat_map.window.selected))") == "100"
    panel.locator("button.bw-select", has_text="none").click()
    expect(panel.locator(".bw-row.bw-selected")).to_have_count(0)
    panel.locator("button.bw-kind", has_text="weight").click()
    panel.locator("button.bw-select", has_text="activations").click()
    assert page.in_kernel("print(len(panel.heat_map.window.selected))") == "100"
    threshold = panel.locator(".bw-threshold").first
    loss = q[NAMES[0]].counts
    assert loss is not None
    expect(page.row(NAMES[0]).locator(".bw-underflow")).not_to_have_class("bw-figure bw-underflow bw-warn")
    threshold.fill(str(100 * loss.underflow / 100 - 0.5))
    expect(page.row(NAMES[0]).locator(".bw-underflow")).to_have_class("bw-figure bw-underflow bw-warn")
    assert lab_page.unexpected() == []


CELLS_STAND_UNDER_THEIR_ROWS = """() => {
    const panel = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .bw-panel');
    let seen = 0;
    const right = [...panel.querySelectorAll('.heatmaprow')].every((group, i) => {
        const row = panel.querySelector(`.bitwindow .bw-row[data-row="${i}"]`);
        if (getComputedStyle(group).display === 'none' || row === null) {
            return getComputedStyle(group).display === 'none' && (row === null || row.tabIndex === 0);
        }
        seen++;
        const [mine, theirs] = [row.querySelector('.bw-mask').getBoundingClientRect(),
            group.querySelector('.heatmapcell').getBoundingClientRect()];
        return Math.abs(mine.top - theirs.top) < 1 && Math.abs(mine.height - theirs.height) < 1;
    });
    return right && seen > 5;
}"""
"""Each row's cells are as high and where the row is, within a pixel; only the row for Tab may have none."""


@pytest.mark.browser
def test_keys_reach_rows_that_were_far_off_the_screen(lab_page: Lab, notebook_folder: Path) -> None:
    page = open_map(lab_page, notebook_folder, "far.ipynb", MANY, "panel")
    keyboard = lab_page.page.keyboard
    expect(page.row(NAMES[-1])).to_have_count(0)
    page.row(NAMES[0]).focus()
    keyboard.press("End")
    expect(page.row(NAMES[-1])).to_be_focused()
    expect(page.row(NAMES[-1])).to_be_in_viewport()
    expect(page.row(NAMES[-2])).to_be_in_viewport()
    expect(page.row(NAMES[0])).to_have_count(0)
    keyboard.press("ArrowLeft")
    fmt = shifted(fake(NAMES)[NAMES[-1]].format, bits=1)
    page.expect_counts(NAMES[-1], fmt, counts_of(fake(NAMES)[NAMES[-1]], fmt))
    # a row scrolled far away keeps the focus, and the keys go on from it
    page.panel.locator(".bw-map").evaluate("box => { box.scrollTop = 0; }")
    expect(page.row(NAMES[0])).to_be_in_viewport()
    expect(page.row(NAMES[-1])).to_be_focused()
    keyboard.press("ArrowUp")
    expect(page.row(NAMES[-2])).to_be_focused()
    expect(page.row(NAMES[-2])).to_be_in_viewport()
    keyboard.press("Home")
    expect(page.row(NAMES[0])).to_be_focused()
    assert lab_page.unexpected() == []


@pytest.mark.browser
def test_counts_filter_and_sort_go_on_while_the_kernel_is_busy_and_when_it_is_gone(
    lab_page: Lab, notebook_folder: Path
) -> None:
    go = notebook_folder / "go"
    go.unlink(missing_ok=True)
    page = open_map(lab_page, notebook_folder, "busy.ipynb", FEW, "panel")
    q, panel = fake(["input", "conv", "dense"]), page.panel
    status, fmt = panel.locator(".bw-status"), FixedPoint(True, 8, 5)
    page.in_kernel(BUSY)
    held = page.grab("input", fmt)
    for bits in (1, 2, 3):
        held.move(bits)
        page.expect_counts("input", shifted(fmt, bits=bits), counts_of(q["input"], shifted(fmt, bits=bits)))
    held.release()
    expect(status).to_have_text("kernel busy: counts are live, accuracy waits")
    panel.locator("button.bw-title[data-sort=name]").click()
    assert page.names() == ["conv", "dense", "input"]
    panel.locator(".bw-search").fill("n")
    assert page.names() == ["conv", "dense", "input"]
    panel.locator(".bw-search").fill("in")
    assert page.names() == ["input"]
    go.touch()
    expect(status).to_be_hidden(timeout=PATIENCE)
    # the last position is what the kernel has, in one step
    wanted = shifted(fmt, bits=3)
    assert page.in_kernel("print(q['input'].format, len(q.past) <= 3)") == f"{wanted} True"
    lab_page.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    expect(lab_page.page.locator("#jp-main-statusbar")).to_contain_text("No Kernel", timeout=PATIENCE)
    held = page.grab("input", wanted)
    held.move(-2)
    expect(status).to_contain_text("kernel gone: counts are live")
    page.expect_counts("input", shifted(wanted, bits=-2), counts_of(q["input"], shifted(wanted, bits=-2)))
    held.release()


@pytest.mark.browser
def test_a_drag_onto_an_evaluated_window_shows_its_accuracy_at_once(lab_page: Lab, notebook_folder: Path) -> None:
    page = open_map(lab_page, notebook_folder, "strip.ipynb", FEW, "panel")
    fmt, tip = FixedPoint(True, 8, 5), lab_page.page.locator(".bitwindow-tip")
    expect(page.row("input").locator(".bw-bar-cell")).to_have_count(2)
    expect(page.row("conv").locator(".bw-bar-cell")).to_have_count(0)
    held = page.grab("input", fmt)
    held.move(1)
    expect(tip).to_contain_text("accuracy 97.40 % exact")
    held.move(2)
    expect(tip).to_contain_text("accuracy ≈ 97.1 % ± 0.9 (512 of 5,000)")
    held.move(0)
    expect(tip).not_to_contain_text("accuracy")
    held.release()
    # over a bar, and a press on it, the window goes there
    box = page.row("input").locator(".bw-bar-cell").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab_page.page.mouse.move(x, y)
    expect(tip).to_contain_text("window 2^2 to 2^-4, sfix8_En4\naccuracy 97.40 % exact")
    lab_page.page.mouse.click(x, y)
    expect(page.row("input").locator(".bw-type")).to_have_text("sfix8_En4")
    # wide types have no strip here, and another row's change makes it one of another network
    assert page.in_kernel("q.strips = {}; q['conv'].format = 'sfix8_En1'") == ""
    expect(page.row("input").locator(".bw-bar-cell")).to_have_count(0)
    assert lab_page.unexpected() == []


@pytest.mark.browser
def test_a_saved_map_counts_without_a_kernel(lab_page: Lab, notebook_folder: Path) -> None:
    page = open_map(lab_page, notebook_folder, "saved.ipynb", FEW, "panel")
    q, path, fmt = fake(["input", "conv", "dense"]), notebook_folder / "saved.ipynb", FixedPoint(True, 8, 6)
    lab_page.command(SAVE_STATE)
    lab_page.page.wait_for_function(f"() => window.jupyterapp.commands.isToggled({SAVE_STATE!r})")
    lab_page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    state = json.loads(path.read_text())["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    (windows,) = (one for one in state.values() if one["model_name"] == "BitWindowModel")
    assert len([one for one in windows["buffers"] if one["path"][0] == "tables"]) == 3
    lab_page.shut_kernels()
    lab_page.page.goto(lab_page.server.url("/lab/tree/saved.ipynb") + "&reset", wait_until="domcontentloaded")
    expect(page.row("conv")).to_be_attached(timeout=PATIENCE)
    page.expect_counts("conv", fmt, q["conv"].counts)
    held = page.grab("conv", fmt)
    held.move(3)
    page.expect_counts("conv", shifted(fmt, bits=3), counts_of(q["conv"], shifted(fmt, bits=3)))
    held.release()
    expect(page.panel.locator(".bw-status")).to_contain_text("kernel gone")
