"""External data: a tensor's bytes in a file of their own, which must lie in the model's folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from bitwindow.errors import ModelError
from bitwindow.onnx_import.limits import MOST_TENSOR_BYTES


def read_external(settings: Mapping[str, str], folder: Path | None, wanted: int, where: str) -> bytes:
    """Return the bytes of a tensor that stands in a file of its own.

    Args:
        settings: The tensor's ``location``, ``offset`` and ``length``.
        folder: The model's folder; None for a model that came as bytes.
        wanted: How many bytes the tensor's shape and type need.
        where: The file and the tensor's name, for messages.

    Raises:
        ModelError: If the place is absolute, leaves the folder, passes through a link, is no plain file, or does not
            hold the bytes.
    """
    location = settings.get("location", "")
    if folder is None:
        raise ModelError(
            f"{where}: wanted the tensor's data, got a reference to the file {location[:80]!r}; load the model by its "
            "path, or write folder= with the folder that holds the file"
        )
    start, length = _number(settings, "offset", 0, where), _number(settings, "length", wanted, where)
    if length != wanted or wanted > MOST_TENSOR_BYTES:
        raise ModelError(
            f"{where}: wanted {wanted:,} bytes of external data (at most {MOST_TENSOR_BYTES:,}), got a length of "
            f"{length:,}; export the model again"
        )
    path = _inside(folder, location, where)
    return _read(path, start, wanted, where)


def _number(settings: Mapping[str, str], key: str, default: int, where: str) -> int:
    text = settings.get(key)
    if text is None or text == "":
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ModelError(f"{where}: wanted a whole number as {key} of external data, got {text[:40]!r}")
    return int(text)


def _inside(folder: Path, location: str, where: str) -> Path:
    parts = PurePosixPath(location).parts
    strange = "\\" in location or "\0" in location or ":" in location
    if not parts or strange or PurePosixPath(location).is_absolute() or ".." in parts:
        raise ModelError(
            f"{where}: wanted external data in the model's folder, got the location {location[:80]!r}; a model may "
            "not read other files: move the data beside the model and export it again"
        )
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise ModelError(
                f"{where}: wanted external data in the model's folder, got a link ({location[:80]!r}); a model may "
                "not read other files: copy the data beside the model"
            )
    return path


def _read(path: Path, start: int, wanted: int, where: str) -> bytes:
    try:
        # The link is refused once more where the file is opened: it may have been put there since.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ModelError(f"{where}: wanted a plain file of external data, got {path.name!r}, which is none")
            if start + wanted > status.st_size:
                raise ModelError(
                    f"{where}: wanted {wanted:,} bytes from byte {start:,} of {path.name!r}, got a file of "
                    f"{status.st_size:,} bytes; the data is incomplete: copy it again"
                )
            file.seek(start)
            return file.read(wanted)
    except OSError as error:
        raise ModelError(
            f"{where}: wanted the file of external data {path.name!r} in the model's folder, got "
            f"{error.strerror or error}; copy it beside the model"
        ) from error
