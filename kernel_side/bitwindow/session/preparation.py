"""A preparation inside a session file: its settings, and its parameters as a pytree of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    if not _is_flat(field["params"]):
        return None  # older files hold the model's own tree where preparation changed nothing
    params = read_tree(field["params"], lambda leaf: read_array(leaf, read))
    return PreparedRecord(settings=field["settings"].mapping(), params=params)


def _is_flat(node: Field) -> bool:
    """Whether a tree is a dictionary of arrays, as of every prepared network."""
    if node["kind"].text() != "dict":
        return False
    kinds = [part["kind"].text() for pair in node["items"].elements() for part in list(pair.elements())[1:]]
    return set(kinds) <= {"array"}
