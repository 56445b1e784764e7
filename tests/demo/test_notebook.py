from __future__ import annotations

import json
from pathlib import Path

import pytest

from bitwindow.demo.notebook import NAME, copy_notebook, shipped_notebook
from bitwindow.errors import SettingError


def edit(path: Path) -> None:
    notebook = json.loads(path.read_text())
    notebook["cells"][-1]["source"] = ["mine"]
    path.write_text(json.dumps(notebook))


def test_the_copy_is_the_shipped_notebook(tmp_path: Path) -> None:
    copy = copy_notebook(tmp_path / "new" / "folder")
    assert copy.path == tmp_path / "new" / "folder" / NAME
    assert copy.kept is None
    assert copy.path.read_bytes() == shipped_notebook().read_bytes()


def test_an_edited_copy_is_kept_and_the_next_one_takes_a_number(tmp_path: Path) -> None:
    first = copy_notebook(tmp_path).path
    edit(first)
    mine = first.read_bytes()
    second = copy_notebook(tmp_path)
    assert (second.path.name, second.kept) == ("01-first-look-2.ipynb", first)
    edit(second.path)
    assert copy_notebook(tmp_path).path.name == "01-first-look-3.ipynb"
    assert first.read_bytes() == mine


def test_a_copy_that_was_only_run_is_used_again(tmp_path: Path) -> None:
    path = copy_notebook(tmp_path).path
    notebook = json.loads(path.read_text())
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["42"]}]
    code["execution_count"] = 7
    path.write_text(json.dumps(notebook))
    assert copy_notebook(tmp_path).path == path
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_of_that_name_that_is_no_notebook_is_kept(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("notes")
    assert copy_notebook(tmp_path).path.name == "01-first-look-2.ipynb"
    assert (tmp_path / NAME).read_text() == "notes"


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match=r"--folder: wanted a folder to write to, got .*Give another one"):
        copy_notebook(tmp_path / "file" / "below")
