"""The front end for Keras files: ``.keras`` archives and whole models in HDF5, from anyone, read as data alone."""

from __future__ import annotations

import io
import tempfile
from os import PathLike
from pathlib import Path
from typing import Any

from bitwindow.errors import ModelError
from bitwindow.model import keras_model
from bitwindow.model.hdf5_checks import check_hdf5
from bitwindow.model.keras_archive import parse_config, read_archive
from bitwindow.model.keras_backend import import_keras, rehearsal
from bitwindow.model.keras_config import check_config
from bitwindow.model.keras_held import completed
from bitwindow.model.origin import Origin
from bitwindow.model.record import Model

__all__ = ["completed", "load", "reopen"]

_ROOM_FOR_SMALL_STATE = 1 << 20
"""Numbers that a model may hold beyond those of its weights file: counters, seeds, adapted statistics."""


def load(path: str | PathLike[str], **settings: Any) -> Model:
    """Make a model of a ``.keras``, ``.h5`` or ``.hdf5`` file.

    Args:
        path: The file.
        **settings: As for ``keras_model.load``.

    Raises:
        ModelError: If the file is missing, damaged, names classes that are not Keras' own, or does not run.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: could not be read ({error.strerror or error}); check the path") from error
    if file.suffix.lower() == ".keras":
        origin = Origin(kind="keras", content=content)
        return keras_model.load(_read_keras(content, str(file)), origin=origin, **settings)
    return keras_model.load(_read_hdf5(content, str(file)), **settings)


def reopen(origin: Origin, example: Any) -> Model:
    """Make the model of a session's ``.keras`` bytes again.

    Raises:
        ModelError: If the bytes are damaged or not safe.
    """
    return keras_model.load(_read_keras(origin.content, "model.keras"), example=example, origin=origin)


def _read_keras(content: bytes, where: str) -> Any:
    keras = import_keras()
    config, weights = read_archive(content, where)
    _check_size(keras, config, len(weights), where)
    return _opened(keras, content, ".keras", where)


def _read_hdf5(content: bytes, where: str) -> Any:
    keras = import_keras()
    import h5py

    check_hdf5(content, where)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            text = file.attrs.get("model_config")
    except Exception as error:  # as in check_hdf5, which does not look at attributes
        raise ModelError(f"{where}: the HDF5 file is damaged ({error}); use another copy of the file") from error
    if text is None:
        raise ModelError(
            f"{where}: wanted a whole model (architecture and weights), got weights alone; build the model, call "
            "model.load_weights(...) and pass it: bitwindow.load(model)"
        )
    check_config(parse_config(text, where), where)
    with rehearsal(keras):
        # Once without arrays: Keras compares the shapes with the file's before it takes memory for them.
        rehearsed = _opened(keras, content, ".h5", where)
        _check_numbers(rehearsed, len(content), where)
    return _opened(keras, content, ".h5", where)


def _check_size(keras: Any, config: dict[str, Any], stored: int, where: str) -> None:
    """Build the architecture without its arrays and compare their size with the weights file's.

    Raises:
        ModelError: If it cannot be built, or its arrays would be larger than what the file can fill.
    """
    try:
        with rehearsal(keras):
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as error:
        raise _unreadable(where, error) from error
    _check_numbers(model, stored, where)


def _check_numbers(model: Any, stored: int, where: str) -> None:
    numbers = sum(_size(variable) for variable in model.variables)
    if numbers > stored + _ROOM_FOR_SMALL_STATE:
        raise ModelError(
            f"{where}: the architecture holds {numbers} numbers, and the weights file has {stored} bytes; the file is "
            "damaged or was made to exhaust memory; use another copy"
        )


def _size(variable: Any) -> int:
    numbers = 1
    for size in variable.shape:
        numbers *= int(size)
    return numbers


def _opened(keras: Any, content: bytes, suffix: str, where: str) -> Any:
    # Keras opens paths alone; a copy of exactly the bytes that were checked.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        path.write_bytes(content)
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:
            raise _unreadable(where, error) from error


def _unreadable(where: str, error: Exception) -> ModelError:
    text = " ".join(str(error).split())
    return ModelError(
        f"{where}: Keras cannot read the model ({type(error).__name__}: {text[:300]}); use another copy of the file, "
        "or open it yourself and pass the object: bitwindow.load(model)"
    )
