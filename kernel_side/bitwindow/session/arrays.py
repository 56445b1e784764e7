"""Arrays in a session file: one ``.npy`` entry each, and its dtype and shape once more in the manifest."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np

from bitwindow.errors import SessionFileError
from bitwindow.session.archive import ENTRY_NAME, FREE_BYTES, is_small
from bitwindow.session.fields import Field
from bitwindow.session.tree import Tree

_NATIVE = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
)
_EXTENDED = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4")
DTYPES: dict[str, np.dtype[Any]] = {name: np.dtype(name) for name in _NATIVE}
DTYPES |= {name: np.dtype(getattr(ml_dtypes, name)) for name in _EXTENDED}
DTYPES |= {name: np.dtype(name) for name in ("complex64", "complex128")}
MOST_AXES = 32


@dataclass(kw_only=True)
class ArrayStore:
    """Collects arrays for writing: ``add`` returns what the manifest says of an array.

    Arrays of the same bits have one entry, as far as the reader's limit of what is read again is sure to allow it.
    """

    entries: dict[str, bytes] = field(default_factory=dict)
    _files: dict[bytes, str] = field(default_factory=dict)
    _repeats_left: int = field(default_factory=lambda: FREE_BYTES)

    def add(self, array: Tree, where: str) -> dict[str, Any]:
        """Keep an array's bits and return its description.

        Args:
            array: NumPy or JAX array.
            where: what the array is, for the error.

        Raises:
            SessionFileError: its dtype is one that a session file cannot hold.
        """
        if str(getattr(array, "dtype", "")).startswith("key<"):
            message = f"{where}: wanted an array of numbers, got {array.dtype}. Keep jax.random.key_data(key) instead."
            raise SessionFileError(message)
        values = np.asarray(array)
        name = values.dtype.name
        if DTYPES.get(name) != values.dtype.newbyteorder("="):
            message = (
                f"{where}: wanted an array of one of {', '.join(DTYPES)}, got {values.dtype}. Convert it before saving."
            )
            raise SessionFileError(message)
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, _as_stored(values), version=(1, 0), allow_pickle=False)
        return {"file": self._entry(buffer.getvalue()), "dtype": name, "shape": list(values.shape)}

    def _entry(self, content: bytes) -> str:
        """Return the name of the entry with this content, a new one where there is none."""
        if content in self._files and len(content) <= self._repeats_left:
            self._repeats_left -= len(content)
            return self._files[content]
        file = f"arrays/{len(self.entries):05d}.npy"
        self.entries[file] = content
        self._files.setdefault(content, file)
        self._repeats_left += 0 if is_small(content) else len(content)  # it makes the file that much larger
        return file


def read_array(description: Field, read: Callable[[str], bytes]) -> np.ndarray:
    """Return the array that the manifest describes; its header must agree with the description.

    Raises:
        SessionFileError: it does not.
    """
    file, dtype, shape = description["file"].text(), read_dtype(description["dtype"]), read_shape(description["shape"])
    if not ENTRY_NAME.fullmatch(file):
        raise description["file"].fault("the name of an array's entry")
    stored = _stored_dtype(dtype)
    buffer = io.BytesIO(read(file))
    try:
        version = np.lib.format.read_magic(buffer)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else _refuse_version
        found_shape, fortran, found_dtype = read_header(buffer)
    except Exception as error:  # its header is read as Python's own literals, with all their errors
        raise description.fault(f"an entry that is an npy array ({error})") from error
    content = buffer.read()
    if found_shape != shape or found_dtype != stored or fortran or len(content) != math.prod(shape) * stored.itemsize:
        raise description.fault(f"an entry with exactly this dtype and shape, got {found_dtype} {found_shape}")
    array = np.frombuffer(content, stored).reshape(shape).view(dtype)
    return array.copy()  # frombuffer's result cannot be written to


def read_dtype(description: Field) -> np.dtype[Any]:
    """Return a dtype named in the manifest.

    Raises:
        SessionFileError: the name is not one of ``DTYPES``.
    """
    name = description.text()
    if name not in DTYPES:
        raise description.fault(f"one of {', '.join(DTYPES)}")
    return DTYPES[name]


def read_shape(description: Field) -> tuple[int, ...]:
    """Return a shape given in the manifest.

    Raises:
        SessionFileError: it is no list of at most 32 sizes.
    """
    shape = tuple(size.integer(0, 2**40) for size in description.elements())
    if len(shape) > MOST_AXES:
        raise description.fault(f"at most {MOST_AXES} axes")
    return shape


def _as_stored(values: np.ndarray) -> np.ndarray:
    """Return the array in C order and little-endian; the dtypes that npy does not know go as their bits."""
    return (
        np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
        .reshape(values.shape)
        .view(_stored_dtype(values.dtype))
    )


def _refuse_version(buffer: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    del buffer
    message = "not version 1.0 of the npy format"
    raise ValueError(message)


def _stored_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.name in _EXTENDED:
        return np.dtype(f"<u{dtype.itemsize}")
    return dtype.newbyteorder("<")
