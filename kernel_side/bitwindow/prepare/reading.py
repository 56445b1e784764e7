"""A model read for preparation: its flat program, what flows, and the names of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax

from bitwindow.model.record import Model
from bitwindow.network.axes import batch_axes, same_equations
from bitwindow.network.flow import Flow
from bitwindow.network.names import parameter_names, prefix_of
from bitwindow.network.program import Atom
from bitwindow.network.statics import Statics
from bitwindow.network.trace import flat_program

BATCH = 2


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The dynamic flow of a model at a batch of 2, and the name of each parameter leaf by variable."""

    flow: Flow
    leaf_names: Mapping[int, str]
    users: Mapping[int, int]
    """How many dynamic equations read each leaf or captured array, however it is moved or computed with."""

    def shared(self, atom: Atom) -> bool:
        """Whether an array behind a static atom is read by more than one equation of the network."""
        return any(self.users.get(leaf, 0) > 1 for leaf in self.flow.statics.leaves(atom))

    def name(self, atom: Atom) -> str:
        """Return the name of the first parameter behind a static atom, "" where there is none."""
        return next((self.leaf_names[leaf] for leaf in self.flow.statics.leaves(atom) if leaf in self.leaf_names), "")

    def layer(self, atom: Atom, number: int) -> str:
        """Return a name for the product that reads a weight: the path of the weight, else its number."""
        name = self.name(atom)
        return prefix_of(name) or name or f"product {number}"


def read(model: Model) -> Reading | None:
    """Read a model, or return None where its program is another one for another batch size.

    Raises:
        ModelError: If the function does not run at a batch of 2 or 3.
    """
    program, _ = flat_program(model, BATCH)
    other, _ = flat_program(model, BATCH + 1)
    if not same_equations(program, other):
        return None
    leaves = jax.tree_util.tree_flatten_with_path(model.params)[0]
    count = len(leaves)
    arrays = dict(zip(program.arguments[:count], [leaf for _, leaf in leaves], strict=True))
    statics = Statics(program, {**arrays, **program.captured})
    axes = batch_axes(program, BATCH, other.shapes)
    flow = Flow(program, statics, program.arguments[count:], axes, batch=BATCH, other=other)
    names = parameter_names([path for path, _ in leaves])
    users: dict[int, int] = {}
    for equation in flow.equations:
        read_here = {leaf for atom in equation.inputs if statics.is_static(atom) for leaf in statics.leaves(atom)}
        for leaf in read_here:
            users[leaf] = users.get(leaf, 0) + 1
    return Reading(flow=flow, leaf_names=dict(zip(program.arguments[:count], names, strict=True)), users=users)
