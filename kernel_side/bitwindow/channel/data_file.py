"""Calibration and validation data from ``.npz`` files, for people who choose a file and write no code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bitwindow.calibrate.batches import InputSpec, sample_count
from bitwindow.cli.data import inputs_of, labels_of, read_data
from bitwindow.model.record import Model


def wanted(model: Model) -> list[dict[str, str]]:
    """Return what arrays a file must hold for a model: their names, shapes and dtypes, as text."""
    spec = InputSpec.of(model)
    if isinstance(model.example, dict):
        names = list(model.example)
    else:
        names = ["x"] if len(spec.shapes) == 1 else [f"x{position}" for position in range(len(spec.shapes))]
    if len(names) != len(spec.shapes):  # nested inputs have no names of their own in a flat file
        names = list(spec.names)
    return [
        {"name": name, "shape": ", ".join(["samples", *map(str, shape)]), "dtype": str(dtype)}
        for name, shape, dtype in zip(names, spec.shapes, spec.dtypes, strict=True)
    ]


def calibration_data(path: Path, model: Model) -> Any:
    """Return a file's inputs, checked against the model.

    Raises:
        DataError: If the file is missing or damaged, or its arrays do not fit.
    """
    inputs = inputs_of(read_data(path), model.example, path)
    sample_count(inputs, InputSpec.of(model))
    return inputs


def validation_data(path: Path, model: Model) -> tuple[Any, np.ndarray]:
    """Return a file's inputs and its labels, the array ``y``.

    Raises:
        DataError: If the file is missing or damaged, has no ``y``, or its arrays do not fit.
    """
    held = read_data(path)
    inputs = inputs_of(held, model.example, path)
    sample_count(inputs, InputSpec.of(model))
    return inputs, labels_of(held, path)
