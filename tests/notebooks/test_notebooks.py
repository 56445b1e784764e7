"""Every notebook of the repository runs from top to bottom in a kernel of its own."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("**/*.ipynb"))


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    os.environ["JUPYTER_RUNTIME_DIR"] = str(tmp_path / "runtime")

    NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()

    unrun = [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count is None]
    assert unrun == []


@pytest.mark.notebook
def test_there_are_notebooks() -> None:
    assert NOTEBOOKS, f"{ROOT / 'notebooks'} should hold the notebooks of the project and has none"


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)

    assert [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
