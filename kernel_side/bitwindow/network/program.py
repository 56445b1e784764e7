"""The flat program: equations of primitives on numbered variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bitwindow import jax_names


@dataclass(frozen=True, eq=False)
class Constant:
    """A number that stands in the program's text; each place is its own."""

    value: Any


Atom = int | Constant


@dataclass(frozen=True, kw_only=True)
class Equation:
    """One primitive applied to ``inputs`` (variable numbers or constants), with results in the variables ``outputs``.

    ``scope`` holds the named scopes from the outside in. ``calls`` holds the functions that were read in place, as
    (name, number of the call), from the outside in.
    """

    index: int
    primitive: str
    params: Mapping[str, Any]
    inputs: tuple[Atom, ...]
    outputs: tuple[int, ...]
    scope: tuple[str, ...]
    calls: tuple[tuple[str, int], ...]
    source: jax_names.JaxprEqn

    def bind(self, operands: Sequence[Any]) -> list[Any]:
        """Run the equation."""
        return jax_names.bind(self.source, operands)


@dataclass(frozen=True, kw_only=True)
class Program:
    """Equations in the order of the program; variables are numbers.

    ``arguments`` are the variables of the program's arguments in order, ``captured`` the arrays that the function had
    captured, by variable, ``outputs`` the atoms of the results.
    """

    equations: tuple[Equation, ...]
    arguments: tuple[int, ...]
    captured: Mapping[int, Any]
    outputs: tuple[Atom, ...]
    shapes: Mapping[int, tuple[int, ...]]
    dtypes: Mapping[int, np.dtype[Any]]

    def is_float(self, variable: int) -> bool:
        """Whether a variable holds floating-point numbers."""
        return is_float_type(self.dtypes[variable])


def is_float_type(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype holds floating-point numbers."""
    return np.issubdtype(dtype, np.floating) or dtype.name == "bfloat16"


def run(equations: Iterable[Equation], environment: dict[int, Any]) -> None:
    """Run equations in order; ``environment`` maps variables to arrays and receives every result."""
    for equation in equations:
        operands = [atom.value if isinstance(atom, Constant) else environment[atom] for atom in equation.inputs]
        environment.update(zip(equation.outputs, equation.bind(operands), strict=True))
