"""The demo's notebook: where it stands, and the copy that the user gets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitwindow.errors import SettingError

NAME = "01-first-look.ipynb"
MOST_COPIES = 1000


@dataclass(frozen=True, kw_only=True)
class NotebookCopy:
    """The user's copy of the notebook; ``kept`` is an edited copy that stays as it is, or None."""

    path: Path
    kept: Path | None


def shipped_notebook() -> Path:
    """Return the notebook: inside the installed package, or in ``notebooks/`` of a checkout.

    Raises:
        SettingError: it is at neither place.
    """
    package = Path(__file__).resolve().parent
    places = (package / "notebooks" / NAME, package.parents[2] / "notebooks" / NAME)
    for place in places:
        if place.is_file():
            return place
    raise SettingError(f"demo: wanted {NAME} in {places[0].parent}, found none. Install bitwindow again.")


def copy_notebook(folder: Path) -> NotebookCopy:
    """Put a copy of the notebook into a folder, which is made if needed; an edited copy is never overwritten.

    A copy whose cells are as shipped (whatever its outputs) is used again; next to an edited one, the new copy takes
    the first free number: ``01-first-look-2.ipynb``.

    Raises:
        SettingError: the folder cannot be made or written to.
    """
    shipped = shipped_notebook()
    first = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, MOST_COPIES):
            path = first if number == 1 else first.with_stem(f"{first.stem}-{number}")
            if not path.exists():
                path.write_bytes(shipped.read_bytes())
            elif _sources(path) != _sources(shipped):
                continue
            return NotebookCopy(path=path, kept=None if path == first else first)
    except OSError as error:
        message = f"--folder: wanted a folder to write to, got {str(folder)!r} ({error.strerror}). Give another one."
        raise SettingError(message) from error
    raise SettingError(f"--folder: {folder} holds {MOST_COPIES} edited copies of {NAME}. Give another folder.")


def _sources(path: Path) -> Any:
    """Return the kinds and sources of the cells, or None for a file that is no notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):
        return None
