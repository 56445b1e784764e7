"""Writing a session file."""

from __future__ import annotations

import os

from bitwindow.session.archive import MANIFEST, write_archive
from bitwindow.session.arrays import ArrayStore
from bitwindow.session.manifest import write_manifest
from bitwindow.session.record import SessionRecord


def write(record: SessionRecord, path: str | os.PathLike[str]) -> None:
    """Write a session to a ``.bitwindow`` file: whole, or not at all.

    The same record gives the same bytes. The file holds data only: no pickle, no code.

    Args:
        record: what to write.
        path: the file to make or to replace.

    Raises:
        SessionFileError: the parameters hold something that a file cannot, or the file cannot be written. An older
        file of
            that name is as it was.
    """
    store = ArrayStore()
    manifest = write_manifest(record, store, _version())
    write_archive(path, {MANIFEST: manifest, **store.entries})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("bitwindow")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0"
