"""Where a model's function can be made from again: the bytes of a model file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bitwindow.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The file that a model was read from, kept so that a session can be opened without that file.

    ``kind`` names the front end in ``model.load`` that reads it ("keras", "onnx"); ``content`` is the file as it was;
    ``settings`` are the front end's settings, JSON values only. ``beside`` is the same origin without what the model's
    parameters hold already, for a file that stores those next to it; None where there is no such form.

    >>> Origin(kind="onnx", content=b"", settings={"batch_axis": 0}).settings
    {'batch_axis': 0}
    """

    kind: str
    content: bytes
    settings: Mapping[str, Any] = field(default_factory=dict)
    beside: Origin | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check that the settings can be written down.

        Raises:
            ModelError: If they are no JSON object.
        """
        try:
            same = json.loads(json.dumps(dict(self.settings), allow_nan=False)) == dict(self.settings)
        except (TypeError, ValueError):
            same = False
        if not same:
            raise ModelError(f"{self.kind}: wanted settings that JSON can hold, got {dict(self.settings)!r}")
