"""A ``.keras`` archive beside the parameters that it holds: each weight stands in a session once.

The weights file is written again with an empty dataset in the place of each array that a parameter holds bit for bit;
the arrays are put back when the session is opened.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bitwindow.errors import ModelError
from bitwindow.model.hdf5_checks import check_hdf5
from bitwindow.model.keras_archive import WEIGHTS, entries_of, packed
from bitwindow.model.origin import Origin

KIND = "keras-beside"
"""A kind of its own: a bitwindow that cannot put the arrays back asks for an update."""
_HELD = "held"
"""The setting that says which arrays are parameters of the session: dataset to parameter."""
_LEAST_HELD = 64
"""Bytes of an array that is worth leaving out."""
_MOST_BYTES = 2**31
"""Of all arrays that are put back, beyond what the parameters hold; some archives store a weight under two layers."""
_WHERE = "the Keras model in the session"


def beside(origin: Origin, params: Mapping[str, Any]) -> Origin | None:
    """Return the origin without the arrays that the parameters hold bit for bit, or None where there are none.

    Args:
        origin: The whole ``.keras`` archive.
        params: The model's parameters by name.
    """
    import h5py

    entries = dict(entries_of(origin.content, _WHERE))
    names = {_bits(array): name for name, array in params.items()}
    held: dict[str, str] = {}
    buffer = io.BytesIO()
    try:
        with h5py.File(io.BytesIO(entries[WEIGHTS]), "r") as whole, h5py.File(buffer, "w") as rest:
            _copy_attributes(whole, rest)
            for path, item in _walk(h5py, whole):
                if not isinstance(item, h5py.Dataset):
                    _copy_attributes(item, rest.create_group(path))
                elif item.nbytes >= _LEAST_HELD and (name := names.get(_bits(item[()]))):
                    _copy_attributes(item, rest.create_dataset(path, data=h5py.Empty(item.dtype)))
                    held[path] = name
                else:
                    whole.copy(item, rest, path)
    except (OSError, RuntimeError, TypeError, ValueError, KeyError):  # an attribute of a kind that h5py cannot write
        return None
    if not held:
        return None
    content = packed({**entries, WEIGHTS: buffer.getvalue()})
    return Origin(kind=KIND, content=content, settings={**origin.settings, _HELD: held})


def completed(origin: Origin, params: Any) -> Origin:
    """Return a stored origin with the arrays that were left out of it, taken from the session's parameters.

    Raises:
        ModelError: If a parameter is missing or does not fit, or the archive is damaged.
    """
    if origin.kind != KIND:
        return origin
    held = origin.settings.get(_HELD)
    if not isinstance(held, Mapping) or not isinstance(params, Mapping):
        raise ModelError(f"{_WHERE}: wanted the parameters that hold its arrays by name, got others")
    entries = dict(entries_of(origin.content, _WHERE))
    check_hdf5(entries[WEIGHTS], f"{_WHERE}: {WEIGHTS}")
    weights = _filled(entries[WEIGHTS], _arrays(held, params))
    settings = {name: value for name, value in origin.settings.items() if name != _HELD}
    return replace(origin, kind="keras", content=packed({**entries, WEIGHTS: weights}), settings=settings)


def _arrays(held: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    arrays = {path: params.get(name) if isinstance(name, str) else None for path, name in held.items()}
    missing = [str(held[path])[:80] for path, array in arrays.items() if not isinstance(array, np.ndarray)]
    if missing:
        raise ModelError(f"{_WHERE}: wanted the parameter {missing[0]!r}, and the session has none of that name")
    found = {path: array for path, array in arrays.items() if isinstance(array, np.ndarray)}
    owned = sum(array.nbytes for array in params.values() if isinstance(array, np.ndarray))
    if sum(array.nbytes for array in found.values()) > owned + _MOST_BYTES:
        raise ModelError(f"{_WHERE}: wanted each parameter in one array, got some in many; the file is damaged")
    return found


def _filled(content: bytes, arrays: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    import h5py

    buffer = io.BytesIO(content)
    try:
        with h5py.File(buffer, "r+") as file:
            for path, array in arrays.items():
                _fill(h5py, file, path, array)
    except ModelError:
        raise
    except Exception as error:  # HDF5 raises OSError, KeyError, RuntimeError, ValueError for damage of every kind
        raise ModelError(f"{_WHERE}: the HDF5 file is damaged ({error}); use another copy of the file") from error
    return buffer.getvalue()


def _fill(h5py: Any, file: Any, path: str, array: np.ndarray[Any, Any]) -> None:
    empty = file.get(path)
    if not isinstance(empty, h5py.Dataset) or empty.shape is not None:
        raise ModelError(f"{_WHERE}: wanted an empty dataset {path[:80]!r}, got {_shown(empty)}")
    if empty.dtype.itemsize != array.dtype.itemsize:
        raise ModelError(f"{_WHERE}: wanted a parameter of {empty.dtype} for {path[:80]!r}, got {array.dtype}")
    attributes, stored = dict(empty.attrs), np.ascontiguousarray(array).view(empty.dtype)
    del file[path]
    file.create_dataset(path, data=stored.reshape(array.shape)).attrs.update(attributes)


def _walk(h5py: Any, file: Any) -> Iterator[tuple[str, Any]]:
    """Yield groups before what they hold; the archive was checked, so that links are hard ones and end."""
    pending = [(file, "")]
    while pending:
        group, prefix = pending.pop()
        for name in group:
            item, path = group[name], f"{prefix}/{name}"
            yield path, item
            if isinstance(item, h5py.Group):
                pending.append((item, path))


def _copy_attributes(source: Any, target: Any) -> None:
    for name, value in source.attrs.items():
        target.attrs[name] = value


def _bits(array: Any) -> tuple[tuple[int, ...], int, bytes]:
    """Return what two arrays share that hold the same bits, whatever they are read as."""
    values = np.asarray(array)
    return values.shape, values.dtype.itemsize, values.tobytes()


def _shown(item: Any) -> str:
    return "none" if item is None else f"one of shape {getattr(item, 'shape', 'of a group')}"
