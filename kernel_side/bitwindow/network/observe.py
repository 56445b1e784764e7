"""The float program with its sites looked at, inside loops too: a site of a loop's body is seen at every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
from jax import lax

from bitwindow.errors import ModelError
from bitwindow.network.layout import Permutation
from bitwindow.network.loop_source import LoopSource
from bitwindow.network.program import Atom, Constant, Equation, Program, run

Observed = Mapping[str, tuple[int, Permutation]]
Sites = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WatchedLoop:
    """A loop with the variables of its body that are sites, and the loops in it by their equation's number."""

    source: LoopSource
    program: Program
    observed: Observed
    loops: Mapping[int, WatchedLoop] = field(default_factory=dict)

    def run(self, operands: Sequence[Any]) -> tuple[list[Any], Sites]:
        """Run the loop; return its results, and its sites with the batch and the steps as first axes."""
        source, body = self.source, self.program
        constants = operands[: source.constants]
        start, slices = operands[source.constants : source.first_slice], operands[source.first_slice :]
        # A scan wants its carry as typed as it comes out.
        dtypes = [body.dtypes[variable] for variable in body.arguments[source.constants : source.first_slice]]
        start = [
            jax.numpy.asarray(x, dtype) if dtype.kind != "V" else x for x, dtype in zip(start, dtypes, strict=True)
        ]

        def step(carry: list[Any], now: list[Any]) -> tuple[list[Any], tuple[list[Any], Sites]]:
            environment = dict(zip(body.arguments, [*constants, *carry, *now], strict=True)) | dict(body.captured)
            sites = watch(body.equations, environment, self.observed, self.loops)
            results = [_read(atom, environment) for atom in body.outputs]
            return results[: source.carries], (results[source.carries :], sites)

        carry, (kept, sites) = lax.scan(step, start, list(slices), length=source.length, reverse=source.reverse)
        return [*carry, *kept], {name: jax.numpy.moveaxis(x, 0, 1) for name, x in sites.items()}


def watch(
    equations: Sequence[Equation], environment: dict[int, Any], observed: Observed, loops: Mapping[int, WatchedLoop]
) -> Sites:
    """Run equations in ``environment`` and return the sites among their results and inside loops."""
    inner: Sites = {}
    for equation in equations:
        loop = loops.get(equation.index)
        if loop is None:
            run([equation], environment)
            continue
        count = len(loop.source.inputs)
        operands = [_read(atom, environment) for atom in equation.inputs[len(equation.inputs) - count :]]
        results, sites = loop.run(operands)
        environment.update(zip(equation.outputs, results, strict=True))
        inner |= sites
    outer = {name: jax.numpy.transpose(environment[variable], order) for name, (variable, order) in observed.items()}
    return outer | inner


def observer(
    program: Program, observed: Observed, loops: Mapping[int, WatchedLoop], tree: Any
) -> Callable[..., tuple[tuple[Any, ...], Sites]]:
    """Return ``Network.observe`` for a program whose parameters have the structure ``tree``."""
    dtypes = [program.dtypes[variable] for variable in program.arguments]

    def observe(parameters: Any, *inputs: Any) -> tuple[tuple[Any, ...], Sites]:
        leaves = _checked_leaves(parameters, tree)
        given = [*leaves, *inputs]
        if len(given) != len(dtypes):
            raise ModelError(f"wanted {len(dtypes) - len(leaves)} input arrays, got {len(inputs)}")
        environment: dict[int, Any] = dict(program.captured)
        for variable, array, dtype in zip(program.arguments, given, dtypes, strict=True):
            environment[variable] = jax.numpy.asarray(array, dtype)
        sites = watch(program.equations, environment, observed, loops)
        return tuple(_read(atom, environment) for atom in program.outputs), sites

    return observe


def _read(atom: Atom, environment: Mapping[int, Any]) -> Any:
    return atom.value if isinstance(atom, Constant) else environment[atom]


def _checked_leaves(parameters: Any, tree: Any) -> Sequence[Any]:
    leaves, given = jax.tree_util.tree_flatten(parameters)
    if given != tree:
        raise ModelError(f"wanted parameters of the model's structure {tree}, got {given}")
    return leaves
