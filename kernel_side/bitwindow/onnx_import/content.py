"""The bytes that a session keeps of a model: all it needs, external data included, and no weight twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bitwindow.errors import ModelError
from bitwindow.model.origin import Origin
from bitwindow.onnx_import.limits import MOST_FILE_BYTES
from bitwindow.onnx_import.records import Opened

_EXTERNAL = 1
_HELD = "held"
"""The setting that says which tensors of a stored file are parameters of the session: tensor name to parameter."""
_LEAST_HELD = 64
"""Bytes of a tensor that is worth leaving out."""


def whole_content(proto: Any, opened: Opened) -> bytes:
    """Return a model in one piece, its external tensors inside it.

    Raises:
        ModelError: If it is larger than one file can be.
    """
    import onnx

    made = onnx.ModelProto()
    made.CopyFrom(proto)
    made.ClearField("doc_string")
    made.ClearField("metadata_props")
    for tensor in made.graph.initializer:
        if tensor.data_location == _EXTERNAL:
            array = opened.graph.constants[tensor.name]
            tensor.ClearField("external_data")
            tensor.ClearField("data_location")
            tensor.raw_data = array.tobytes()
    size = made.ByteSize()
    if size > MOST_FILE_BYTES:
        raise ModelError(
            f"{opened.where}: wanted a model of at most {MOST_FILE_BYTES:,} bytes with its external data, got {size:,}"
        )
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def beside(origin: Origin, opened: Opened, names: Mapping[str, str], params: Mapping[str, Any]) -> Origin | None:
    """Return the origin without the tensors that the parameters hold bit for bit, or None where there are none.

    Args:
        origin: The whole file.
        opened: The file as it was read.
        names: The parameter path of every constant.
        params: The model's parameters by path.
    """
    import onnx

    held = {
        name: names[name]
        for name, value in opened.graph.constants.items()
        if name in names and value.nbytes >= _LEAST_HELD and _same(value, params.get(names[name]))
    }
    made = onnx.ModelProto.FromString(origin.content)
    left_out = {}
    for tensor in made.graph.initializer:
        if tensor.name in held and tensor.name not in left_out and tensor.HasField("raw_data"):
            left_out[tensor.name] = held[tensor.name]
            tensor.ClearField("raw_data")
    if not left_out:
        return None
    content = made.SerializeToString(deterministic=True)
    return Origin(kind=origin.kind, content=content, settings={**origin.settings, _HELD: left_out})


def completed(origin: Origin, params: Any) -> Origin:
    """Return a stored origin with the tensors that were left out of it, taken from the session's parameters.

    Raises:
        ModelError: If a parameter is missing or has another size, or the bytes are damaged.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if _HELD not in origin.settings:
        return origin
    held = origin.settings[_HELD]
    where = "the ONNX model in the session"
    if not isinstance(held, Mapping) or not isinstance(params, Mapping):
        raise ModelError(f"{where}: wanted the parameters that hold its tensors by name, got others")
    made = onnx.ModelProto()
    try:
        made.ParseFromString(origin.content)
    except DecodeError as error:
        raise ModelError(f"{where}: wanted an ONNX model, got bytes that are none") from error
    room = MOST_FILE_BYTES
    for tensor in made.graph.initializer:
        if tensor.name not in held:
            continue
        array = params.get(held[tensor.name]) if isinstance(held[tensor.name], str) else None
        if not isinstance(array, np.ndarray) or list(array.shape) != list(tensor.dims):
            raise ModelError(
                f"{where}: wanted the parameter {str(held[tensor.name])[:80]!r} of shape {list(tensor.dims)[:8]}, got "
                f"{'none' if array is None else list(np.shape(array))[:8]}"
            )
        room -= array.nbytes
        if room < 0:
            raise ModelError(f"{where}: wanted tensors of at most {MOST_FILE_BYTES:,} bytes, got more; it is damaged")
        tensor.raw_data = np.ascontiguousarray(array).tobytes()
    settings = {name: value for name, value in origin.settings.items() if name != _HELD}
    return replace(origin, content=made.SerializeToString(deterministic=True), settings=settings)


def _same(value: np.ndarray[Any, Any], parameter: Any) -> bool:
    if not isinstance(parameter, np.ndarray) or parameter.dtype != value.dtype or parameter.shape != value.shape:
        return False
    return parameter is value or parameter.tobytes() == value.tobytes()
