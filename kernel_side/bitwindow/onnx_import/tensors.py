"""Tensors of a file as NumPy arrays; what one declares must be there in full before memory is taken for it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from bitwindow.errors import ModelError
from bitwindow.onnx_import.dtypes import BITS, numpy_dtype
from bitwindow.onnx_import.external import read_external
from bitwindow.onnx_import.limits import MOST_AXES

_EXTERNAL = 1
_DAMAGED = "the file is damaged; export it again"


def read_tensor(tensor: Any, folder: Path | None, where: str) -> np.ndarray[Any, Any]:
    """Return a ``TensorProto`` as an array.

    Args:
        tensor: The tensor.
        folder: The model's folder, which external data must lie in; None where there is none.
        where: The file and the tensor's name, for messages.

    Raises:
        ModelError: If the type is no number's, the data is missing, short, long, or outside the folder.
    """
    dtype = numpy_dtype(tensor.data_type, where)
    shape = _shape(tensor.dims, where)
    if tensor.data_location == _EXTERNAL:
        settings = {entry.key: entry.value for entry in tensor.external_data}
        return _from_bytes(read_external(settings, folder, _bytes_of(shape, dtype), where), shape, dtype, where)
    if tensor.HasField("raw_data"):
        return _from_bytes(tensor.raw_data, shape, dtype, where)
    return _from_fields(tensor, shape, dtype, where)


def _shape(dims: Sequence[int], where: str) -> tuple[int, ...]:
    shape = tuple(int(size) for size in dims)
    if len(shape) > MOST_AXES or any(size < 0 for size in shape):
        raise ModelError(f"{where}: wanted sizes of at most {MOST_AXES} axes, none negative, got {shape}; {_DAMAGED}")
    return shape


def _bytes_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    bits = BITS.get(dtype.name, dtype.itemsize * 8)
    return (prod(shape) * bits + 7) // 8


def _from_bytes(raw: bytes, shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> np.ndarray[Any, Any]:
    wanted = _bytes_of(shape, dtype)
    if len(raw) != wanted:
        raise ModelError(
            f"{where}: wanted {wanted:,} bytes of data for shape {list(shape)} and {dtype.name}, got {len(raw):,}; "
            f"{_DAMAGED}"
        )
    if dtype.name in BITS:
        return _unpacked(np.frombuffer(raw, np.uint8), shape, dtype)
    little = np.dtype(f"<{dtype.str[1:]}") if dtype.isbuiltin == 1 else dtype
    return np.frombuffer(raw, little).astype(dtype, copy=True).reshape(shape)


def _from_fields(tensor: Any, shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> np.ndarray[Any, Any]:
    field, stored = _field_of(dtype)
    data = getattr(tensor, field)
    packed = dtype.name in BITS
    wanted = _bytes_of(shape, dtype) if packed else prod(shape) * (2 if dtype.kind == "c" else 1)
    if len(data) != wanted:
        raise ModelError(
            f"{where}: wanted {wanted:,} numbers in {field} for shape {list(shape)} and {dtype.name}, got "
            f"{len(data):,}; {_DAMAGED}"
        )
    try:
        numbers = np.array(data, np.int64 if field == "int32_data" else None).astype(stored)
    except (OverflowError, ValueError) as error:
        raise ModelError(f"{where}: wanted numbers of {dtype.name}, got others ({error}); {_DAMAGED}") from error
    if packed:
        return _unpacked(numbers, shape, dtype)
    return numbers.view(dtype).reshape(shape)


def _field_of(dtype: np.dtype[Any]) -> tuple[str, Any]:
    """Return the field that numbers of a dtype stand in, and the dtype whose bits they are."""
    name = dtype.name
    if name in BITS:
        return "int32_data", np.uint8
    if name in {"float16", "bfloat16"}:
        return "int32_data", np.uint16
    if name.startswith("float8"):
        return "int32_data", np.uint8
    fields = {"float32": "float_data", "complex64": "float_data", "float64": "double_data", "complex128": "double_data"}
    fields |= {"int64": "int64_data", "uint32": "uint64_data", "uint64": "uint64_data"}
    stored = {"complex64": np.dtype(np.float32), "complex128": np.dtype(np.float64)}.get(name, dtype)
    return fields.get(name, "int32_data"), stored


def _unpacked(packed: np.ndarray[Any, Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return the elements of bytes that hold several, the lowest bits first."""
    bits = BITS[dtype.name]
    parts = (packed[:, None] >> np.arange(0, 8, bits, dtype=np.uint8)) & np.uint8(2**bits - 1)
    codes = parts.reshape(-1)[: prod(shape)].astype(np.uint8)
    if dtype.name.startswith("int"):
        codes = np.where(codes >= 2 ** (bits - 1), codes.astype(np.int16) - 2**bits, codes).astype(np.int8)
        return codes.astype(dtype).reshape(shape)
    if dtype.name.startswith("uint"):
        return codes.astype(dtype).reshape(shape)
    return codes.view(dtype).reshape(shape)
