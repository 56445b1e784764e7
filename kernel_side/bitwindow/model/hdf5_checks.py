"""An HDF5 file from a stranger: plain arrays of numbers inside it, and nothing that points out of it."""

from __future__ import annotations

import io
from typing import Any

from bitwindow.errors import ModelError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MOST_OBJECTS = 200_000
_FREE_BYTES = 256 * 2**20
_EXPANSION = 20
"""All arrays together may unpack to 256 MiB plus 20 times the file's size."""


def check_hdf5(content: bytes, where: str) -> int:
    """Check the bytes of an HDF5 file without unpacking an array; return the numbers that its arrays hold.

    Raises:
        ModelError: If it is damaged, links to other files, keeps arrays outside itself, declares more than a file of
            its size may hold, or holds anything but numbers.
    """
    import h5py

    if not content.startswith(_SIGNATURE):
        raise ModelError(f"{where}: wanted an HDF5 file, got other content; use another copy of the file")
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            datasets = _datasets(h5py, file, where)
            sizes = [dataset.size or 0 for dataset in datasets]  # None of an empty one
            bytes_declared = sum(size * dataset.dtype.itemsize for size, dataset in zip(sizes, datasets, strict=True))
            numbers = sum(sizes)
            for dataset in datasets:
                _check_dataset(dataset, where)
    except ModelError:
        raise
    except Exception as error:  # HDF5 raises OSError, KeyError, RuntimeError, ValueError for damage of every kind
        raise ModelError(f"{where}: the HDF5 file is damaged ({error}); use another copy of the file") from error
    allowed = _FREE_BYTES + _EXPANSION * len(content)
    if bytes_declared > allowed:
        raise ModelError(
            f"{where}: the HDF5 file declares {bytes_declared} bytes of arrays, and a file of this size may hold "
            f"{allowed}; use another copy of the file"
        )
    return int(numbers)


def _datasets(h5py: Any, file: Any, where: str) -> list[Any]:
    """Walk the groups link by link: an external or soft link is never followed."""
    datasets: list[Any] = []
    pending, seen = [file], 0
    while pending:
        group = pending.pop()
        for name in group:
            seen += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink) or seen > _MOST_OBJECTS:
                raise ModelError(
                    f"{where}: wanted arrays inside the HDF5 file, got {type(link).__name__} "
                    f"{str(name)[:80]!r}; save the model again with Keras"
                )
            item = group[name]
            (datasets if isinstance(item, h5py.Dataset) else pending).append(item)
    return datasets


def _check_dataset(dataset: Any, where: str) -> None:
    outside = bool(dataset.external) or dataset.is_virtual
    if outside or dataset.dtype.kind not in "fiubV" or dataset.dtype.hasobject or dataset.dtype.names:
        kind = "an array kept outside the file" if outside else f"dtype {dataset.dtype}"
        raise ModelError(
            f"{where}: wanted arrays of numbers inside the HDF5 file, got {kind} for {dataset.name[:80]!r}; "
            "save the model again with Keras"
        )
