"""The model's own file inside a session file: its kind, its bytes and its settings.

The bytes stand in an entry like any array (dtype uint8), under the same checks. Nothing in this package looks into
them: the front end that the kind names reads them as it reads any file from a stranger.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bitwindow.model.origin import Origin
from bitwindow.session.arrays import ArrayStore, read_array
from bitwindow.session.fields import Field


def write_origin(origin: Origin | None, store: ArrayStore) -> dict[str, Any] | None:
    """Return the manifest's description of a model's file, and add its bytes to the store; None for no file."""
    if origin is None:
        return None
    content = store.add(np.frombuffer(origin.content, np.uint8), "model.origin")
    return {"kind": origin.kind, "settings": dict(origin.settings), "content": content}


def read_origin(model: Field, read: Callable[[str], bytes]) -> Origin | None:
    """Return the model's file that the manifest's ``model`` describes, or None where it has none.

    Raises:
        SessionFileError: If its description or its entry is damaged.
    """
    if "origin" not in model or model["origin"].value is None:
        return None
    field = model["origin"]
    content = read_array(field["content"], read)
    if content.dtype != np.uint8 or content.ndim != 1:
        raise field["content"].fault("a row of bytes")
    return Origin(kind=field["kind"].text(), content=content.tobytes(), settings=field["settings"].mapping())
