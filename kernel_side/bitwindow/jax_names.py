"""The only file that touches JAX names without a promise of stability: jaxprs, equations and how they are bound.

When a new JAX release renames something, this file changes and no other does. Checked against jax 0.10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal

__all__ = [
    "ClosedJaxpr",
    "Jaxpr",
    "JaxprEqn",
    "Literal",
    "bind",
    "call_name",
    "called_program",
    "operand_dtype",
    "operand_shape",
    "path_text",
    "scope",
]

# Primitives that only call another program with their own operands: what they call is read in their place.
_CALL_PARAMETER = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "remat": "jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "custom_lin": "call_jaxpr",
}
_SECOND_NAMES = ("call_jaxpr", "fun_jaxpr", "jaxpr")


def called_program(equation: JaxprEqn) -> tuple[Jaxpr, Sequence[Any]] | None:
    """Return the program and its constants that an equation only calls, or None for any other equation."""
    name = _CALL_PARAMETER.get(equation.primitive.name)
    if name is None:
        return None
    inner = equation.params.get(name)
    for other in _SECOND_NAMES:
        inner = equation.params.get(other) if inner is None else inner
    if isinstance(inner, ClosedJaxpr):
        return inner.jaxpr, inner.consts
    if isinstance(inner, Jaxpr) and not inner.constvars:
        return inner, ()
    return None


def call_name(equation: JaxprEqn) -> str:
    """Return the name of the function that an equation calls ("gelu"), or "" when it has none."""
    name = equation.params.get("name", "")
    return name if isinstance(name, str) else ""


def scope(equation: JaxprEqn) -> tuple[str, ...]:
    """Return the named scopes that an equation was written in, outermost first (Flax modules, ``jax.named_scope``)."""
    text = str(equation.source_info.name_stack)
    # jnp.einsum names a scope by its formula, which is nobody's name for a layer.
    return tuple(part for part in text.split("/") if part and "->" not in part)


def bind(equation: JaxprEqn, operands: Sequence[Any]) -> list[Any]:
    """Run one equation on arrays or tracers and return its results as a list."""
    primitive: Any = equation.primitive
    parameters = primitive.get_bind_params(equation.params)
    with equation.ctx.manager:
        results: Any = primitive.bind(*operands, **parameters)
    return list(results) if equation.primitive.multiple_results else [results]


def _path_part(key: Any) -> str:
    """Return one key of a pytree path as plain text: a dictionary key, an index or a field's name."""
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key).strip(".[]'\"")


def operand_shape(equation: JaxprEqn, position: int) -> tuple[int, ...]:
    """Return the shape of one operand of an equation."""
    aval: Any = equation.invars[position].aval
    return tuple(int(size) for size in aval.shape)


def operand_dtype(equation: JaxprEqn, position: int) -> Any:
    """Return the dtype of one operand of an equation."""
    aval: Any = equation.invars[position].aval
    return aval.dtype


def path_text(path: Sequence[Any]) -> str:
    """Return a pytree path as text: the path to ``params["conv1"]["kernel"]`` is ``conv1/kernel``."""
    return "/".join(_path_part(key) for key in path)
