"""A ``.keras`` archive from a stranger: what is looked at before Keras may read it.

The archive is a zip of ``metadata.json``, ``config.json`` and ``model.weights.h5``. Names, sizes and checksums of its
entries are checked first, then the configuration and the weights, each by its own file's rules.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bitwindow.errors import ModelError
from bitwindow.model.hdf5_checks import check_hdf5
from bitwindow.model.keras_config import check_config
from bitwindow.model.origin import Origin

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
_METADATA = "metadata.json"
_MOST_CONFIG_BYTES = 64 * 2**20
_FREE_BYTES = 256 * 2**20
_EXPANSION = 20
"""The entries may unpack to 256 MiB plus 20 times the archive's size; Keras stores them unpacked."""


def read_archive(content: bytes, where: str) -> tuple[dict[str, Any], bytes]:
    """Return the checked configuration and the checked weights file of a ``.keras`` archive.

    Args:
        content: The archive's bytes.
        where: The file's name, for messages.

    Raises:
        ModelError: If it is no such archive, damaged, too large, or names anything but Keras' own layers.
    """
    entries = entries_of(content, where)
    config = parse_config(entries[CONFIG], f"{where}: {CONFIG}")
    check_config(config, where)
    check_hdf5(entries[WEIGHTS], f"{where}: {WEIGHTS}")
    return config, entries[WEIGHTS]


def parse_config(text: Any, where: str) -> dict[str, Any]:
    """Return the JSON object that a configuration holds.

    Raises:
        ModelError: If it is none.
    """
    try:
        config = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelError(f"{where}: wanted JSON, but it does not parse ({error}); use another copy") from error
    if not isinstance(config, dict):
        raise ModelError(f"{where}: wanted a JSON object, got {type(config).__name__}; use another copy")
    return config


def origin_of(model: Any) -> Origin | None:
    """Return a Keras model as a ``.keras`` file, or None where such a file could not be opened again safely."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
            content = path.read_bytes()
            read_archive(content, "model.keras")
        except Exception:  # noqa: BLE001 (whatever a custom layer's saving raises: the session then asks for fn=)
            return None
    return Origin(kind="keras", content=content)


def packed(entries: Mapping[str, bytes]) -> bytes:
    """Return an archive of these entries; the same entries give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # of a fixed date
    return buffer.getvalue()


def entries_of(content: bytes, where: str) -> Mapping[str, bytes]:
    """Return the entries of a ``.keras`` archive, after a check of their names, sizes and checksums.

    Raises:
        ModelError: If it is no such archive, damaged, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_entries(archive, len(content), where)
            return {entry.filename: _read(archive, entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise _damaged(where, str(error)) from error
    except (NotImplementedError, RuntimeError, OverflowError, MemoryError) as error:
        raise _damaged(where, str(error)) from error


def _check_entries(archive: zipfile.ZipFile, size: int, where: str) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    strange = [name for name in names if name not in {CONFIG, WEIGHTS, _METADATA}]
    if strange:
        raise ModelError(
            f"{where}: wanted an archive of {_METADATA}, {CONFIG} and {WEIGHTS}, got an entry {strange[0][:80]!r}; "
            "models with assets (vocabularies) are opened from the Keras object: bitwindow.load(model)"
        )
    if len(set(names)) != len(names) or not {CONFIG, WEIGHTS} <= set(names):
        raise _damaged(where, f"its entries are {names[:6]}")
    declared = sum(entry.file_size for entry in entries)
    allowed = _FREE_BYTES + _EXPANSION * size
    sizes = {entry.filename: entry.file_size for entry in entries}
    if declared > allowed or sizes[CONFIG] > _MOST_CONFIG_BYTES:
        raise _damaged(where, f"it declares {declared} bytes of content, and a file of this size may hold {allowed}")
    if any(entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries):
        raise _damaged(where, "an entry is packed in a way that Keras does not use")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as file:
        content = file.read(entry.file_size)
        if file.read(1) or len(content) != entry.file_size:  # the checksum is compared when the end is seen
            raise ValueError(f"the entry {entry.filename!r} does not have the size that it declares")
    return content


def _damaged(where: str, what: str) -> ModelError:
    return ModelError(f"{where}: wanted a whole .keras archive, but {what}; use another copy of the file")
