"""What does not depend on the network's inputs: parameters, constants and every expression made of them alone.

A parameter that is only moved (reshaped, transposed, broadcast) is still that parameter, seen through a view. Any other
parameter-only expression is folded: it is computed once, in float32, and the result is the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.network.program import Atom, Constant, Equation, Program, run
from bitwindow.network.records import Step
from bitwindow.network.steps import structural_step


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a static operand comes from: the variable ``root`` seen through ``view``; ``leaves`` are what made it.

    ``root`` is None for a constant of the program's text; then ``value`` holds it.
    """

    root: int | None
    view: tuple[Step, ...]
    leaves: tuple[int, ...]
    value: Any


class Statics:
    """The static part of a program, evaluated on demand.

    Args:
        program: The flat program.
        leaves: The arrays of the parameter leaves and the captured constants, by variable.
        stepped: The leaves that have another value at each step of a loop; their arrays are those of the first.
    """

    def __init__(self, program: Program, leaves: Mapping[int, Any], stepped: frozenset[int] = frozenset()) -> None:
        self._program = program
        self._values: dict[int, Any] = dict(leaves)
        self._made_by: dict[int, Equation] = {}
        self._leaves: dict[int, tuple[int, ...]] = {leaf: (leaf,) for leaf in leaves}
        self.leaf_variables = frozenset(leaves)
        self.stepped = stepped
        for equation in program.equations:
            if all(self.is_static(atom) for atom in equation.inputs):
                found = dict.fromkeys(leaf for atom in equation.inputs for leaf in self.leaves(atom))
                for variable in equation.outputs:
                    self._made_by[variable] = equation
                    self._leaves[variable] = tuple(found)

    def is_static(self, atom: Atom) -> bool:
        """Whether an atom does not depend on the network's inputs."""
        return isinstance(atom, Constant) or atom in self._leaves

    def is_fixed(self, atom: Atom) -> bool:
        """Whether an atom is made of the program's text alone, of no parameter."""
        return self.is_static(atom) and all(leaf in self._program.captured for leaf in self.leaves(atom))

    def is_spread(self, atom: Atom, axis: int) -> bool:
        """Whether a static atom is known, without computing it, to be the same all along an axis."""
        made = self._made_by.get(atom) if isinstance(atom, int) else None
        return (
            made is not None
            and made.primitive == "broadcast_in_dim"
            and axis not in made.params["broadcast_dimensions"]
        )

    def leaves(self, atom: Atom) -> tuple[int, ...]:
        """Return the parameter leaves and captured arrays that a static atom is made of."""
        return () if isinstance(atom, Constant) else self._leaves[atom]

    def value(self, atom: Atom) -> Any:
        """Evaluate a static atom."""
        if isinstance(atom, Constant):
            return atom.value
        if atom not in self._values:
            equation = self._made_by[atom]
            for operand in equation.inputs:
                self.value(operand)
            run([equation], self._values)
        return self._values[atom]

    def stacked(self, atom: int, slices: Mapping[int, Any], length: int) -> Any:
        """Return the values of a static atom at every step, given the arrays that the stepped leaves are slices of."""
        fixed = {leaf: self._values[leaf] for leaf in self.leaf_variables}
        made = []
        for step in range(length):
            now = {leaf: array[step] for leaf, array in slices.items()}
            made.append(np.asarray(Statics(self._program, {**fixed, **now}).value(atom)))
        return np.stack(made)

    def scalar(self, atom: Atom) -> float | None:
        """Return the one number that a static atom holds, or None when it is dynamic, a parameter or not uniform.

        A captured array of one number counts as a number: it cannot be told from one written in the text.
        """
        if not self.is_static(atom):
            return None
        for leaf in self.leaves(atom):
            if leaf not in self._program.captured or np.size(self.value(leaf)) != 1:
                return None
        value = np.asarray(self.value(atom))
        # bfloat16 and the other small floating-point types are of NumPy's kind "V".
        known = value.dtype.kind in "biuf" or jnp.issubdtype(value.dtype, jnp.floating)
        if value.size == 0 or not known:
            return None
        numbers = np.unique(value.astype(np.float64))
        return float(numbers[0]) if numbers.size == 1 else None

    def source(self, atom: Atom) -> Source:
        """Walk back from a static atom through steps that only move numbers."""
        steps: list[Step] = []
        while not isinstance(atom, Constant) and atom in self._made_by:
            equation = self._made_by[atom]
            moved = structural_step(equation, atom, self)
            if moved is None or not self.leaves(atom) or not self._program.is_float(moved.operand):
                break
            steps[:0] = moved.steps
            atom = moved.operand
        if isinstance(atom, Constant):
            return Source(root=None, view=(), leaves=(), value=atom.value)
        return Source(root=atom, view=tuple(steps), leaves=self._leaves[atom], value=self.value(atom))
