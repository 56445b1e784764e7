"""Numbers picked out by computed indices: an embedding, the last step of a sequence. Nothing is computed with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bitwindow import jax_names
from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.program import Constant, Equation, run

LOOKUPS = frozenset({"gather", "dynamic_slice"})


def lookup_group(flow: Flow, position: int) -> Group | None:
    """Match a gather or slice of floating-point numbers by indices that depend on the inputs."""
    equation = flow.equations[position]
    if equation.primitive not in LOOKUPS or not flow.is_float(equation.outputs[0]):
        return None
    table, *indices = equation.inputs
    if isinstance(table, Constant) or all(flow.statics.is_static(atom) for atom in indices):
        return None
    return Group(kind="lookup", members=[position], output=equation.outputs[0], operands=(table,), label="lookup")


def lookup_function(equations: Sequence[Equation], whole: Sequence[int], plain: dict[int, Any]) -> Callable[..., Any]:
    """Return ``function(table, *whole numbers)`` of a lookup, its last equation, and the index arithmetic before it.

    Args:
        equations: In order; the last one is the lookup.
        whole: The variables of the whole numbers that the function takes.
        plain: The values of the variables that it knows.
    """
    *before, last = equations

    def pick(table: Any, *numbers: Any) -> Any:
        environment = plain | dict(zip(whole, numbers, strict=True))
        run(before, environment)
        indices = [atom.value if isinstance(atom, Constant) else environment[atom] for atom in last.inputs[1:]]
        return jax_names.bind_lookup(last.source, [table, *indices])

    return pick
