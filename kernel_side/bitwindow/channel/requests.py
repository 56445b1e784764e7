"""What a page of JupyterLab can ask for, each with its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bitwindow.channel.document import Document
from bitwindow.channel.tabs import TABS
from bitwindow.channel.throttle import Throttle
from bitwindow.errors import SettingError
from bitwindow.registry.living import QUANTIZERS

Send = Callable[[dict[str, Any]], None]
Answer = dict[str, Any]

SECONDS_BETWEEN_STATES = 0.1

DOCUMENTS: dict[str, Document] = {}
"""The opened documents by path; a page that is loaded again finds its own."""


def answer(request: dict[str, Any], send: Send) -> Answer:
    """Do what a request says and return the fields of the reply: ``ok``, and ``error`` or what was asked for."""
    try:
        return {"ok": True, **_wanted(str(request.get("do")))(request, send)}
    except FileExistsError as error:
        return {"ok": False, "exists": True, "error": f"{error}"}
    except Exception as error:
        if not isinstance(error, ValueError | OSError):
            logging.getLogger(__name__).exception("A request of JupyterLab failed")
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        return {"ok": False, "exists": False, "error": text}


def _wanted(name: str) -> Callable[[dict[str, Any], Send], Answer]:
    if name not in _REQUESTS:
        raise SettingError(f"request: wanted one of {', '.join(_REQUESTS)}; got {name!r}.")
    return _REQUESTS[name]


def quantizer_of(request: dict[str, Any]) -> Any:
    """Return the quantizer that a request names.

    Raises:
        SettingError: It is gone.
    """
    found = QUANTIZERS.get(int(request["quantizer"]))
    if found is None:
        raise SettingError("This quantizer is gone: the kernel dropped it. Make it again in the notebook.")
    return found


def _panel(request: dict[str, Any], _send: Send) -> Answer:
    quantizer = quantizer_of(request)
    return {"model": TABS.open(str(request["tab"]), quantizer, dict(request.get("display", {})))}


def _release(request: dict[str, Any], _send: Send) -> Answer:
    TABS.close(str(request["tab"]))
    return {}


def _undo(request: dict[str, Any], _send: Send) -> Answer:
    return {"changed": quantizer_of(request).undo()}


def _redo(request: dict[str, Any], _send: Send) -> Answer:
    return {"changed": quantizer_of(request).redo()}


def _save(request: dict[str, Any], _send: Send) -> Answer:
    quantizer = quantizer_of(request)
    path = _checked_target(request)
    return {"path": str(quantizer.save(path))}


def _checked_target(request: dict[str, Any]) -> Path:
    path = Path(str(request["path"]).strip())
    if path.suffix.lower() != ".bitwindow":
        raise SettingError(f"path: wanted a name that ends in .bitwindow, got {str(path)!r}.")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise SettingError(f"path: wanted a file in a folder that exists, got {str(path)!r}. Make the folder first.")
    if path.exists() and not request.get("overwrite"):
        raise FileExistsError(f"{path} exists already.")
    return path


def _open(request: dict[str, Any], send: Send) -> Answer:
    path = str(request["path"])
    document = DOCUMENTS.get(path)
    fresh = document is None or bool(request.get("again"))
    if document is None:
        document = DOCUMENTS[path] = Document(path, lambda: None)
    document.tell = _teller(path, send)
    if fresh:
        document.load(request.get("function") or None)
    return {"document": document.described()}


def _teller(path: str, send: Send) -> Callable[[], None]:
    def tell() -> None:
        document = DOCUMENTS.get(path)
        if document is not None:
            send({"kind": "document", "document": document.described()})

    return Throttle(tell, SECONDS_BETWEEN_STATES).ask


def _document(request: dict[str, Any]) -> Document:
    found = DOCUMENTS.get(str(request["path"]))
    if found is None:
        raise SettingError("This document is not open in its kernel any more. Open it again.")
    return found


def _calibrate(request: dict[str, Any], _send: Send) -> Answer:
    _document(request).calibrate(str(request["data"]), dict(request.get("settings", {})))
    return {}


def _validate(request: dict[str, Any], _send: Send) -> Answer:
    _document(request).validate(str(request["data"]))
    return {}


def _save_document(request: dict[str, Any], _send: Send) -> Answer:
    document = _document(request)
    target = _checked_target({"path": request["target"], "overwrite": request.get("overwrite")})
    document.save(str(target))
    return {"path": str(target), "document": document.described()}


def _close(request: dict[str, Any], _send: Send) -> Answer:
    document = DOCUMENTS.pop(str(request["path"]), None)
    if document is not None:
        document.close()
    return {}


_REQUESTS: dict[str, Callable[[dict[str, Any], Send], Answer]] = {
    "panel": _panel,
    "release": _release,
    "undo": _undo,
    "redo": _redo,
    "save": _save,
    "open": _open,
    "calibrate": _calibrate,
    "validate": _validate,
    "save-document": _save_document,
    "close": _close,
}
