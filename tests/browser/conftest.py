"""Fixtures of the browser tests: one server for a session of tests, one page for each test."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import CHROMIUM_FLAGS, Lab, Server, serve

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"


def chromium() -> str:
    """The browser that `make test` found or installed."""
    spec = importlib.util.spec_from_file_location("find_browser", ROOT / "scripts" / "find_browser.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    found: str | None = script.on_path() or script.playwright_default()
    if found is None:
        pytest.fail(script.MISSING, pytrace=False)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Overrides the plugin's: our Chromium, quiet on the network."""
    return {**browser_type_launch_args, "executable_path": chromium(), "args": list(CHROMIUM_FLAGS)}


@pytest.fixture(scope="session")
def notebook_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the servers show; a test writes its notebooks here."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def lab_server(notebook_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab with nobody's settings."""
    with serve("lab", notebook_folder, tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def notebook_server(notebook_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Notebook 7 with nobody's settings."""
    with serve("notebook", notebook_folder, tmp_path_factory.mktemp("notebook")) as server:
        yield server


@pytest.fixture(scope="session")
def voila_server(notebook_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Voila over the same notebooks."""
    with serve("voila", notebook_folder, tmp_path_factory.mktemp("voila")) as server:
        yield server


@pytest.fixture
def lab_page(browser: Browser, lab_server: Server) -> Iterator[Lab]:
    """One JupyterLab page in a fresh browser profile; its kernels end with the test."""
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        lab = Lab(page=context.new_page(), server=lab_server, screenshots=SCREENSHOTS)
        yield lab
        lab.shut_kernels()
