"""The bytes that a session keeps of a model: all it needs, external data included."""

from __future__ import annotations

from typing import Any

from bitwindow.errors import ModelError
from bitwindow.onnx_import.limits import MOST_FILE_BYTES
from bitwindow.onnx_import.records import Opened

_EXTERNAL = 1


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
