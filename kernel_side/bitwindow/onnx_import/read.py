"""Opens a model: a path, bytes, or a ``ModelProto``."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from bitwindow.errors import ModelError
from bitwindow.onnx_import.limits import MOST_FILE_BYTES
from bitwindow.onnx_import.parse import parse
from bitwindow.onnx_import.records import Opened


def open_model(source: Any, folder: str | PathLike[str] | None = None) -> tuple[Opened, Any]:
    """Return a model as records, and its ``ModelProto``.

    Args:
        source: The path of a file, its bytes, or a ``ModelProto``.
        folder: Where external data lies; the file's own folder when None.

    Raises:
        ModelError: If the file is missing, too large, no ONNX model, or damaged.
    """
    where = str(source) if isinstance(source, str | PathLike) else "the ONNX model"
    base = None if folder is None else Path(folder)
    if isinstance(source, str | PathLike):
        base = Path(source).resolve().parent if base is None else base
        proto = _parsed(_content(Path(source)), where)
    elif isinstance(source, bytes | bytearray | memoryview):
        proto = _parsed(bytes(source), where)
    else:
        proto = source
    if not proto.HasField("graph") or not proto.graph.output:
        raise ModelError(f"{where}: wanted an ONNX model with a graph, got none; the file is damaged, or is another's")
    return parse(proto, base, where), proto


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise ModelError(f"{path}: wanted an ONNX file, and there is no file of that name; check the path")
    try:
        size = path.stat().st_size
        if size > MOST_FILE_BYTES:
            raise ModelError(
                f"{path}: wanted a file of at most {MOST_FILE_BYTES:,} bytes, got {size:,}; keep the tensors of a "
                "large model in external files (onnx.save(..., save_as_external_data=True))"
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: wanted a file that can be read, got {error.strerror or error}") from error


def _parsed(content: bytes, where: str) -> Any:
    import onnx
    from google.protobuf.message import DecodeError

    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except DecodeError as error:
        raise ModelError(
            f"{where}: wanted an ONNX model, got {len(content):,} bytes that are none ({error}); the file is "
            "incomplete or of another kind: copy or export it again"
        ) from error
    return proto
