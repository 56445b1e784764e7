"""A model whose function runs another model's program with edits; the names of scopes and functions are kept."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from bitwindow.model.record import Model
from bitwindow.network.float_kinds import ACTIVATIONS
from bitwindow.network.program import Constant, Equation, Program
from bitwindow.network.trace import flat_program
from bitwindow.prepare.edits import Edits, new_parameters
from bitwindow.prepare.reading import Reading

Environment = dict[int, Any]
Run = Callable[..., tuple[Any, dict[int, Any]]]


def rewritten(model: Model, reading: Reading, edits: Edits, params: Mapping[str, Any] | None = None) -> Model:
    """Return the model with edits; its parameters are a dictionary by name.

    Args:
        model: The model that was read.
        reading: What was read.
        edits: What to change.
        params: Parameters to take instead of those that the edits give, as from a file.
    """
    run = runner(model, reading, edits)

    def apply(params: Any, *inputs: Any) -> Any:
        return run(params, inputs, ())[0]

    names = ["params", *model.argument_names]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(name, kind) for name in dict.fromkeys(names)])
    if len(signature.parameters) == len(names):
        apply.__signature__ = signature  # type: ignore[attr-defined]  # the arguments keep their names
    made = new_parameters(reading, edits)[0] if params is None else dict(params)
    return Model(apply, made, model.example, name=model.name, source=model.source, origin=model.origin)


def runner(model: Model, reading: Reading, edits: Edits) -> Run:
    """Return ``run(params, inputs, watched) -> (outputs, values of the watched variables)``, for any batch size."""
    _, names = new_parameters(reading, edits)
    programs = cache(lambda batch: flat_program(model, batch))
    count = len(reading.leaf_names)

    def run(params: Mapping[str, Any], inputs: Any, watched: Sequence[int]) -> tuple[Any, dict[int, Any]]:
        leaves = jax.tree_util.tree_leaves(inputs)
        program, tree = programs(int(leaves[0].shape[0]))
        environment: Environment = dict(program.captured)
        arrays = [params.get(name) for name in reading.leaf_names.values()]
        for variable, array in zip(program.arguments, [*arrays, *leaves], strict=True):
            if array is not None:
                environment[variable] = jnp.asarray(array, program.dtypes[variable])
        assert len(program.arguments) == count + len(leaves)  # noqa: S101 (the model checked its inputs)
        _evaluate(program, environment, edits, names, params)
        results = [atom.value if isinstance(atom, Constant) else environment[atom] for atom in program.outputs]
        return jax.tree_util.tree_unflatten(tree, results), {variable: environment[variable] for variable in watched}

    return run


def _evaluate(
    program: Program,
    environment: Environment,
    edits: Edits,
    names: Mapping[int, tuple[str, str]],
    params: Mapping[str, Any],
) -> None:
    for function, equations in _runs(program, edits):
        if function and all(variable in environment for variable in _read(equations)):
            _as_call(function, equations, environment)
            continue
        for equation in equations:
            if _ready(equation, environment, edits):
                with _scoped(equation.scope):
                    environment.update(_results(equation, environment, edits, names, params))


def _ready(equation: Equation, environment: Environment, edits: Edits) -> bool:
    """Whether an equation can run: those that made parameters which are gone cannot, and nothing reads them."""
    if equation.index in edits.products:
        return edits.products[equation.index].product.value in environment
    if equation.index in edits.skipped:
        return edits.skipped[equation.index] in environment
    return all(atom in environment for atom in equation.inputs if isinstance(atom, int))


def _results(
    equation: Equation,
    environment: Environment,
    edits: Edits,
    names: Mapping[int, tuple[str, str]],
    params: Mapping[str, Any],
) -> Environment:
    operands = [atom.value if isinstance(atom, Constant) else environment.get(atom) for atom in equation.inputs]
    if equation.index in edits.skipped:
        return {equation.outputs[0]: environment[edits.skipped[equation.index]]}
    if equation.index not in edits.products:
        return dict(zip(equation.outputs, equation.bind(operands), strict=True))
    edit = edits.products[equation.index]
    weight, bias = names[equation.index]
    operands[edit.product.place] = jnp.asarray(params[weight])
    result = equation.bind(operands)[0]
    if bias:
        assert edit.product.out_axis is not None  # noqa: S101 (a bias is per output feature)
        shape = [-1 if axis == edit.product.out_axis else 1 for axis in range(result.ndim)]
        result = result + jnp.asarray(params[bias]).reshape(shape)
    return {equation.outputs[0]: result}


def _runs(program: Program, edits: Edits) -> list[tuple[str, list[Equation]]]:
    """Cut the program into runs of equations that one call of a known function (gelu, softmax) made."""
    runs: list[tuple[str, list[Equation]]] = []
    previous: tuple[str, int] | None = None
    for equation in program.equations:
        edited = equation.index in edits.products or equation.index in edits.skipped
        call = None if edited else next((call for call in equation.calls if call[0] in ACTIVATIONS), None)
        if call is not None and call == previous:
            runs[-1][1].append(equation)
        else:
            runs.append((call[0] if call else "", [equation]))
        previous = call
    return runs


def _read(equations: Sequence[Equation]) -> list[int]:
    """Return the variables that equations read and do not make."""
    made = {variable for equation in equations for variable in equation.outputs}
    read = [atom for equation in equations for atom in equation.inputs if isinstance(atom, int)]
    return [variable for variable in dict.fromkeys(read) if variable not in made]


def _as_call(name: str, equations: Sequence[Equation], environment: Environment) -> None:
    """Run equations as one call of a function of that name, so that a trace sees it again."""
    made = [variable for equation in equations for variable in equation.outputs]
    outer = _read(equations)

    def call(*operands: Any) -> list[Any]:
        inner: Environment = dict(zip(outer, operands, strict=True))
        for equation in equations:
            values = [atom.value if isinstance(atom, Constant) else inner[atom] for atom in equation.inputs]
            with _scoped(equation.scope):
                inner.update(zip(equation.outputs, equation.bind(values), strict=True))
        return [inner[variable] for variable in made]

    call.__name__ = name
    environment.update(zip(made, jax.jit(call)(*(environment[variable] for variable in outer)), strict=True))


@contextlib.contextmanager
def _scoped(scope: Sequence[str]) -> Any:
    with contextlib.ExitStack() as stack:
        for part in scope:
            stack.enter_context(jax.named_scope(part))
        yield
