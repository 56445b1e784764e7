"""Steps that pick stored integers (or floats) out of a table by computed indices: they move, and cast nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitwindow.execute.structure import apply_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array

    from bitwindow.network.records import Layer, Lookup


def lookup_step(layer: Layer, operation: Lookup) -> Callable[..., Array]:
    """Return the pure function of a lookup, from the table's carriers (or floats) and whole numbers."""

    def step(table: Array, *numbers: Array) -> Array:
        seen = apply_steps(table, layer.operands[0].view, None, layer.name)
        picked: Array = operation.function(seen, *numbers)
        return picked

    return step
