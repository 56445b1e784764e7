"""The only file that touches JAX names without a promise of stability: jaxprs, equations and how they are bound.

When a new JAX release renames something, this file changes and no other does. Checked against jax 0.10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal

__all__ = [
    "ClosedJaxpr",
    "Jaxpr",
    "JaxprEqn",
    "Literal",
    "bind",
    "bind_lookup",
    "call_name",
    "call_of",
    "call_on",
    "called_program",
    "gather",
    "is_collective",
    "operand_dtype",
    "operand_shape",
    "path_text",
    "program_of",
    "scope",
    "written_at",
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
# Over a mesh of one device these hand on what they get.
_COLLECTIVES = frozenset({"psum", "psum_invariant", "pvary", "pbroadcast", "pmax", "pmin", "reduce_precision_vary"})
_SECOND_NAMES = ("call_jaxpr", "fun_jaxpr", "jaxpr")


def called_program(equation: JaxprEqn) -> tuple[Jaxpr, Sequence[Any]] | None:
    """Return the program and its constants that an equation only calls, or None for any other equation."""
    name = _CALL_PARAMETER.get(equation.primitive.name)
    if equation.primitive.name == "shard_map":
        mesh: Any = equation.params["mesh"]
        # On one device every shard is the whole array.
        name = "jaxpr" if mesh.size == 1 else None
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


def call_of(function: Any, equation: JaxprEqn, operands: Sequence[Any], results: Sequence[Any]) -> JaxprEqn:
    """Return an equation that calls a function of other operands, with other results, in an equation's place."""
    import jax

    struct: Any = jax.ShapeDtypeStruct
    closed = jax.make_jaxpr(jax.jit(function))(*[struct(item.aval.shape, item.aval.dtype) for item in operands])
    (call,) = closed.jaxpr.eqns
    placed: JaxprEqn = call.replace(invars=list(operands), outvars=list(results), source_info=equation.source_info)
    return placed


def call_on(function: Any, equation: JaxprEqn, operands: Sequence[tuple[tuple[int, ...], Any]]) -> JaxprEqn:
    """Return an equation that calls a function of operands of these shapes and dtypes, written where another was."""
    import jax

    struct: Any = jax.ShapeDtypeStruct
    closed = jax.make_jaxpr(jax.jit(function))(*[struct(shape, dtype) for shape, dtype in operands])
    (call,) = closed.jaxpr.eqns
    placed: JaxprEqn = call.replace(source_info=equation.source_info)
    return placed


def program_of(function: Any, equation: JaxprEqn) -> tuple[Jaxpr, Sequence[Any]]:
    """Return the program of a function of an equation's operands, as if it stood where the equation stands."""
    import jax

    struct: Any = jax.ShapeDtypeStruct
    operands: list[Any] = [item.aval for item in equation.invars]
    closed = jax.make_jaxpr(function)(*[struct(aval.shape, aval.dtype) for aval in operands])
    here: Any = equation.source_info
    placed = [
        inner.replace(source_info=here.replace(name_stack=inner.source_info.name_stack)) for inner in closed.jaxpr.eqns
    ]
    return closed.jaxpr.replace(eqns=placed), closed.consts


def is_collective(equation: JaxprEqn) -> bool:
    """Whether an equation talks between the devices of a mesh; over one device it hands on its operands."""
    return equation.primitive.name in _COLLECTIVES and len(equation.invars) == len(equation.outvars)


def call_name(equation: JaxprEqn) -> str:
    """Return the name of the function that an equation calls ("gelu"), or "" when it has none."""
    name = equation.params.get("name", "")
    return name if isinstance(name, str) else ""


def scope(equation: JaxprEqn) -> tuple[str, ...]:
    """Return the named scopes that an equation was written in, outermost first (Flax modules, ``jax.named_scope``)."""
    text = str(equation.source_info.name_stack)
    # jnp.einsum names a scope by its formula, which is nobody's name for a layer.
    parts = (part for part in text.split("/") if part and "->" not in part)
    # Flax calls a method's scope "cell.scan_fn" and opens "cell" in it once more.
    # A transformation puts a scope in brackets: "vmap(cell)".
    plain = (part.rpartition("(")[2].rstrip(")").split(".")[0] for part in parts)
    return tuple(part for part, _ in groupby(part for part in plain if part))


def written_at(equation: JaxprEqn) -> str:
    """Return the file and line that wrote an equation ("model.py:31"), outside installed packages; "" where unknown."""
    from jax._src import source_info_util

    for frame in source_info_util.user_frames(equation.source_info.traceback):
        if "site-packages" not in frame.file_name and not frame.file_name.startswith("<"):
            name: str = frame.file_name.replace("\\", "/").rpartition("/")[2]
            return f"{name}:{frame.start_line}"
    return ""


def bind(equation: JaxprEqn, operands: Sequence[Any]) -> list[Any]:
    """Run one equation on arrays or tracers and return its results as a list."""
    primitive: Any = equation.primitive
    parameters = primitive.get_bind_params(equation.params)
    with equation.ctx.manager:
        results: Any = primitive.bind(*operands, **parameters)
    return list(results) if equation.primitive.multiple_results else [results]


def bind_lookup(equation: JaxprEqn, operands: Sequence[Any]) -> Any:
    """Run a gather or slice on a table of any dtype; what lies outside a table of integers is 0."""
    import jax.numpy as jnp

    params = dict(equation.params)
    if "fill_value" in params and not jnp.issubdtype(operands[0].dtype, jnp.floating):
        params["fill_value"] = 0
    primitive: Any = equation.primitive
    with equation.ctx.manager:
        return primitive.bind(*operands, **params)


def gather(x: Any, params: Mapping[str, Any]) -> Any:
    """Pick numbers out of an array by indices that were checked to lie inside it."""
    from jax import lax

    return lax.gather(
        x,
        params["indices"],
        params["dimension_numbers"],
        params["slice_sizes"],
        mode=lax.GatherScatterMode.PROMISE_IN_BOUNDS,
    )


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
