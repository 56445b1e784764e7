"""A preparation inside a session file: its settings, and its parameters as a pytree of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bitwindow.session.arrays import ArrayStore, read_array
from bitwindow.session.fields import Field
from bitwindow.session.record import PreparedRecord
from bitwindow.session.tree import read_tree, write_tree


def write_prepared(prepared: PreparedRecord | None, store: ArrayStore) -> dict[str, Any] | None:
    """Return the manifest's description of a preparation, and add its arrays to the store; None for none."""
    if prepared is None:
        return None
    return {"settings": dict(prepared.settings), "params": write_tree(prepared.params, store.add, "prepared")}


def read_prepared(model: Field, read: Callable[[str], bytes]) -> PreparedRecord | None:
    """Return the preparation that the manifest's ``model`` describes, or None where it has none.

    Raises:
        SessionFileError: If its description is damaged.
    """
    if "prepared" not in model or model["prepared"].value is None:
        return None
    field = model["prepared"]
    params = read_tree(field["params"], lambda leaf: read_array(leaf, read))
    if not isinstance(params, dict) or not all(isinstance(leaf, np.ndarray) for leaf in params.values()):
        raise field["params"].fault("a dictionary of arrays")
    return PreparedRecord(settings=field["settings"].mapping(), params=params)
