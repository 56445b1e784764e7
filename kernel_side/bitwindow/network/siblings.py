"""Weights side by side under one path: ``att/q`` and ``att/k`` belong to a layer each, and "att" names neither."""

from __future__ import annotations

from collections.abc import Mapping

from bitwindow.network.flow import Flow
from bitwindow.network.names import prefix_of

_PRODUCTS = frozenset({"dot_general", "conv_general_dilated"})


def weights_below(flow: Flow, names: Mapping[int, str]) -> dict[str, set[str]]:
    """Return the parameters that products read, by the path that they have in common; bare ones have none.

    Args:
        flow: The program.
        names: The parameters' names, by variable.
    """
    found: dict[str, set[str]] = {}
    for equation in flow.equations:
        for atom in equation.inputs if equation.primitive in _PRODUCTS else ():
            leaves = flow.statics.leaves(atom) if flow.statics.is_static(atom) else ()
            name = names.get(leaves[0], "") if leaves else ""
            if prefix_of(name):
                found.setdefault(prefix_of(name), set()).add(name)
    return found
