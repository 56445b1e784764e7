"""The functions of float computations and lookups: equations run on arrays with the batch in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bitwindow.network.flow import Flow
from bitwindow.network.layout import Permutation, transpose
from bitwindow.network.program import Atom, Constant, Equation, run


def is_plain(flow: Flow, atom: Atom) -> bool:
    """Whether a static atom is a plain number or index of the program, not a parameter."""
    if not flow.statics.is_static(atom):
        return False
    if isinstance(atom, Constant) or not flow.is_float(atom):
        return True
    return not flow.statics.leaves(atom) or flow.statics.scalar(atom) is not None


def float_function(
    flow: Flow, equations: Sequence[Equation], atoms: Sequence[Atom], outputs: Sequence[int]
) -> Callable[..., tuple[Any, ...]]:
    """Return the function that runs equations on the arrays of ``atoms`` and returns those of ``outputs``."""
    made = {variable for equation in equations for variable in equation.outputs}
    read = {atom for equation in equations for atom in equation.inputs if isinstance(atom, int)}
    plain = {atom: flow.statics.value(atom) for atom in read - made if is_plain(flow, atom)}
    dtypes = [flow.program.dtypes[atom] for atom in atoms if isinstance(atom, int)]

    def compute(*operands: Any) -> tuple[Any, ...]:
        import jax.numpy as jnp

        environment = dict(plain)
        for atom, operand, dtype in zip(atoms, operands, dtypes, strict=True):
            if isinstance(atom, int):
                key_type = dtype.kind == "V" and dtype.name != "bfloat16"
                environment[atom] = operand if key_type else jnp.asarray(operand, dtype)
        run(equations, environment)
        return tuple(environment[variable] for variable in outputs)

    return compute


def fronted(
    function: Callable[..., tuple[Any, ...]], before: Sequence[Permutation], after: Sequence[Permutation]
) -> Callable[..., tuple[Any, ...]]:
    """Return a function of values with the batch in front from one in the program's order of axes."""
    if not any(transpose(order) for order in (*before, *after)):
        return function

    def compute(*operands: Any) -> tuple[Any, ...]:
        import jax.numpy as jnp

        given = [jnp.transpose(x, order) if order else x for x, order in zip(operands, before, strict=True)]
        return tuple(jnp.transpose(x, order) for x, order in zip(function(*given), after, strict=True))

    return compute


def fronted_lookup(
    function: Callable[..., Any], before: Sequence[Permutation], after: Permutation
) -> Callable[..., Any]:
    """Return `fronted` for a function of one result."""
    one = fronted(lambda *operands: (function(*operands),), before, [after])
    return lambda *operands: one(*operands)[0]
