"""ONNX and Keras files open as documents, by the context menu too: data, calibration, panel, with exact counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

import bitwindow as bw
from bitwindow.model.keras_backend import import_keras
from tests.browser.lab import Lab
from tests.browser.map_page import MapPage
from tests.browser.test_begin import open_lab
from tests.browser.test_documents import PATIENCE, choose
from tests.onnx_import.graphs import convolutional, images

HOSTILE = '<img src=x onerror="taken=1">'


def hostile_onnx(path: Path) -> None:
    """Writes an ONNX model one of whose weights has markup for a name."""
    proto: Any = convolutional()
    for tensor in proto.graph.initializer:
        tensor.name = tensor.name.replace("fc.weight", HOSTILE)
    for node in proto.graph.node:
        node.input[:] = [name.replace("fc.weight", HOSTILE) for name in node.input]
    path.write_bytes(proto.SerializeToString())


def keras_file(path: Path) -> None:
    keras = import_keras()
    keras.utils.set_random_seed(4)
    layers = [
        keras.layers.Input((6, 6, 1)),
        keras.layers.Conv2D(3, 3, activation="relu", name="conv"),
        keras.layers.Flatten(),
        keras.layers.Dense(2, name="head"),
    ]
    keras.Sequential(layers, name="small").save(path)


def document(lab: Lab) -> Locator:
    return lab.page.locator(".bw-lab-document:not(.lm-mod-hidden)").filter(visible=True)


def calibrated_here(path: Path, x: np.ndarray) -> bw.Quantizer:
    """What the document must show: the same file, calibrated by the settings that JupyterLab comes with."""
    q = bw.load(path)
    q = q if isinstance(q, bw.Quantizer) else bw.Quantizer(q)
    q.calibrate(x, progress=False)
    return q.assign("histogram", 8)


@pytest.fixture
def folder(notebook_folder: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own below JupyterLab's, named by the test's parameter."""
    made = notebook_folder / str(request.param)
    made.mkdir()
    return made


def expect_stage(lab: Lab, stage: str) -> Locator:
    """Waits for the document to be in a stage, and returns it."""
    shown = document(lab)
    expect(shown).to_have_attribute("data-stage", stage, timeout=PATIENCE)
    return shown


def expect_panel(lab: Lab, q: bw.Quantizer) -> MapPage:
    """Waits for the document's panel and compares every fixed-point row with the exact counts."""
    shown = expect_stage(lab, "ready")
    page = MapPage(lab=lab, panel=shown.locator(".bw-panel"))
    expect(page.panel.locator(".bitwindow .bw-row")).to_have_count(len(q.sites), timeout=PATIENCE)
    compared = 0
    for name, site in q.sites.items():
        if isinstance(site.format, bw.FixedPoint) and '"' not in name:
            page.expect_counts(name, site.format, site.counts)
            compared += 1
    assert compared >= 5
    return page


@pytest.mark.browser
@pytest.mark.timeout(400)
@pytest.mark.parametrize("folder", ["onnx files"], indirect=True)
def test_an_onnx_file_is_quantized_from_the_file_browser(lab_page: Lab, folder: Path) -> None:
    hostile_onnx(folder / "net.onnx")
    x = images(64)
    np.savez(folder / "data.npz", x=x, y=np.arange(64) % 3)
    q = calibrated_here(folder / "net.onnx", x)
    assert HOSTILE in q.sites
    page = lab_page.page
    open_lab(lab_page, "onnx%20files")
    page.evaluate("() => window.jupyterapp.shell.activateById('filebrowser')")
    files = page.locator("#filebrowser .jp-DirListing-item")
    files.filter(has_text="data.npz").click(button="right", timeout=PATIENCE)
    menu = page.locator(".lm-Menu-item[data-command='bitwindow:quantize-file']")
    expect(page.locator(".lm-Menu")).to_be_visible()
    expect(menu.filter(visible=True)).to_have_count(0)  # no model's file
    page.keyboard.press("Escape")
    files.filter(has_text="net.onnx").click(button="right")
    menu.click()
    waiting = expect_stage(lab_page, "waiting")
    expect(waiting.locator(".bw-lab-inputs tr").nth(1)).to_have_text("x(samples, 1, 6, 6)float32")
    choose(page, "Choose calibration data…", "data.npz")
    shown = expect_panel(lab_page, q)
    shown.panel.get_by_label("Row", exact=True).select_option(HOSTILE)
    expect(shown.panel.locator(".bw-details").first).to_contain_text(HOSTILE)
    choose(page, "Validation data…", "data.npz")
    expect(shown.panel.locator(".bw-basis")).to_have_text("exact, all 64 samples", timeout=PATIENCE)
    assert shown.panel.locator("img").count() == 0
    assert page.evaluate("window.taken") is None
    lab_page.screenshot("document-onnx")
    assert lab_page.unexpected() == []


@pytest.mark.browser
@pytest.mark.timeout(400)
@pytest.mark.parametrize("folder", ["keras"], indirect=True)
def test_a_keras_file_opens_and_what_is_none_says_so(lab_page: Lab, folder: Path) -> None:
    keras_file(folder / "net.keras")
    for name in ("broken.keras", "broken.onnx"):
        (folder / name).write_bytes(b"no model at all")
    x = np.moveaxis(images(48, seed=2), 1, -1)
    np.savez(folder / "data.npz", x=x)
    page = lab_page.page
    open_lab(lab_page, "keras")
    for name in ("broken.keras", "broken.onnx"):
        lab_page.command("docmanager:open", path=f"keras/{name}")
        failed = expect_stage(lab_page, "failed")
        expect(failed.locator(".bw-lab-why")).to_have_text("The file could not be opened.")
        words = failed.locator(".bw-lab-page .bw-lab-error")
        expect(words).to_contain_text(name)
        expect(words).to_contain_text("wanted")
        lab_page.screenshot(f"document-{name}")
        page.evaluate("() => { window.jupyterapp.shell.currentWidget.close(); }")
        expect(document(lab_page)).to_have_count(0)

    lab_page.command("docmanager:open", path="keras/net.keras")
    expect_stage(lab_page, "waiting")
    choose(page, "Choose calibration data…", "data.npz")
    expect_panel(lab_page, calibrated_here(folder / "net.keras", x))
    assert lab_page.unexpected() == []
