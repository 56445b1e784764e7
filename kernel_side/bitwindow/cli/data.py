"""The arrays of an npz file, as the inputs and labels of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bitwindow.errors import DataError


def read_data(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file by name.

    Raises:
        DataError: it is missing, no npz file, or holds Python objects.
    """
    if not path.is_file():
        raise DataError(f"{path}: wanted an npz file, and there is no file of that name. Check the path.")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file}
    except Exception as error:  # zip, zlib, npy and pickle each have their own
        raise DataError(f"{path}: wanted an npz file of plain arrays ({error}). Write it with numpy.savez.") from error


def inputs_of(data: dict[str, np.ndarray], example: Any, path: Path) -> Any:
    """Return a file's inputs in the form that the model takes.

    Raises:
        DataError: the file does not have the arrays that the model's inputs need.
    """
    if isinstance(example, dict):
        wanted = list(example)
        if all(name in data for name in wanted):
            return {name: data[name] for name in wanted}
        raise DataError(f"{path}: wanted the arrays {wanted}, got {list(data)}. Name them as the model's inputs.")
    if isinstance(example, tuple) and len(example) > 1:
        wanted = [f"x{position}" for position in range(len(example))]
        if all(name in data for name in wanted):
            return tuple(data[name] for name in wanted)
        raise DataError(f"{path}: wanted the arrays {wanted}, one for each input, got {list(data)}. Rename them.")
    others = [name for name in data if name != "y"]
    name = "x" if "x" in data else others[0] if len(others) == 1 else None
    if name is None:
        raise DataError(f"{path}: wanted the inputs as 'x' or as the only array, got {list(data)}. Name them 'x'.")
    return data[name]


def labels_of(data: dict[str, np.ndarray], path: Path) -> np.ndarray:
    """Return a file's labels.

    Raises:
        DataError: it has none.
    """
    if "y" not in data:
        raise DataError(f"{path}: wanted the labels as 'y', got {list(data)}. Add them to the file.")
    return data["y"]
