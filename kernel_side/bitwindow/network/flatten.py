"""From a jaxpr to the flat program: every mere call read in its place, what cannot reach an output left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from bitwindow import jax_names
from bitwindow.model.typed import type_of_call
from bitwindow.network.frames import with_frames
from bitwindow.network.program import Atom, Constant, Equation, Program
from bitwindow.network.selects import with_choices
from bitwindow.network.spelled_out import spelled_out

_NO_ARRAY = np.dtype(np.void)


def flatten(
    closed: jax_names.ClosedJaxpr,
    *,
    given: Mapping[int, Constant] | None = None,
    scope: tuple[str, ...] = (),
    calls: tuple[tuple[str, int], ...] = (),
) -> Program:
    """Read every call in place, number the variables, and leave out what cannot reach an output.

    Args:
        closed: The program.
        given: Arguments, by place, that are numbers known beforehand.
        scope: The named scopes that the program stands in.
        calls: The calls that it stands in.
    """
    return _Flattener().program(closed, given or {}, scope, calls)


class _Flattener:
    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.shapes: dict[int, tuple[int, ...]] = {}
        self.dtypes: dict[int, np.dtype[Any]] = {}
        self.captured: dict[int, Any] = {}
        self.seen: dict[int, int] = {}
        self.calls = 0
        self.shards = 0

    def program(
        self,
        closed: jax_names.ClosedJaxpr,
        given: Mapping[int, Constant],
        scope: tuple[str, ...],
        calls: tuple[tuple[str, int], ...],
    ) -> Program:
        # Calls outside are numbered from 1 on; those inside must not be taken for them.
        self.calls = max((number for _, number in calls), default=0)
        arguments = tuple(self.variable(item.aval) for item in closed.jaxpr.invars)
        environment: dict[Any, Atom] = dict(zip(closed.jaxpr.invars, arguments, strict=True))
        environment |= {closed.jaxpr.invars[place]: number for place, number in given.items()}
        outputs = self.body(closed.jaxpr, closed.consts, environment, scope, calls)
        live = _live(with_choices(self.equations, self.captured, self.shapes, self.dtypes), outputs)
        equations = tuple(_renumbered(equation, index) for index, equation in enumerate(live))
        return Program(
            equations=equations,
            arguments=arguments,
            captured=self.captured,
            outputs=outputs,
            shapes=self.shapes,
            dtypes=self.dtypes,
        )

    def variable(self, aval: Any) -> int:
        number = len(self.shapes)
        self.shapes[number] = tuple(getattr(aval, "shape", ()))
        dtype = getattr(aval, "dtype", None)
        self.dtypes[number] = dtype if isinstance(dtype, np.dtype) else _NO_ARRAY
        return number

    def constant(self, array: Any, aval: Any) -> int:
        # The same array captured twice is one parameter.
        if id(array) not in self.seen:
            number = self.variable(aval)
            self.seen[id(array)] = number
            self.captured[number] = array
        return self.seen[id(array)]

    def body(
        self,
        jaxpr: jax_names.Jaxpr,
        consts: Sequence[Any],
        environment: dict[Any, Atom],
        scope: tuple[str, ...],
        calls: tuple[tuple[str, int], ...],
    ) -> tuple[Atom, ...]:
        for item, array in zip(jaxpr.constvars, consts, strict=True):
            environment[item] = self.constant(array, item.aval)
        for equation in with_frames(jaxpr):
            inputs = tuple(self.read(environment, item) for item in equation.invars)
            here = scope + jax_names.scope(equation)
            if self.shards and jax_names.is_collective(equation):
                environment.update(zip(equation.outvars, inputs, strict=True))
                continue
            inner = None if type_of_call(jax_names.call_name(equation)) else jax_names.called_program(equation)
            inner = inner or self.chosen_branch(equation, inputs)
            inner = inner or spelled_out(equation, partial(self.number_at, inputs))
            if inner is None:
                outputs = tuple(self.variable(item.aval) for item in equation.outvars)
                self.append(equation, inputs, outputs, here, calls)
                environment.update(zip(equation.outvars, outputs, strict=True))
                continue
            self.calls += 1
            called = (*calls, (jax_names.call_name(equation), self.calls))
            program, inner_consts = inner
            # A branch is not handed the index that chose it.
            given = inputs[len(inputs) - len(program.invars) :]
            bound: dict[Any, Atom] = dict(zip(program.invars, given, strict=True))
            self.shards += equation.primitive.name == "shard_map"
            results = self.body(program, inner_consts, bound, here, called)
            self.shards -= equation.primitive.name == "shard_map"
            environment.update(zip(equation.outvars, results, strict=True))
        return tuple(self.read(environment, item) for item in jaxpr.outvars)

    def chosen_branch(
        self, equation: jax_names.JaxprEqn, inputs: tuple[Atom, ...]
    ) -> tuple[jax_names.Jaxpr, Sequence[Any]] | None:
        """Return the branch of a cond whose index is a number of the program's text, or None."""
        if equation.primitive.name != "cond":
            return None
        index = self.number(inputs[0])
        if index is None:
            return None
        branches = equation.params["branches"]
        branch = branches[min(max(int(index), 0), len(branches) - 1)]
        return branch.jaxpr, branch.consts

    def number_at(self, atoms: Sequence[Atom], place: int) -> Any:
        """Return the value of one of some atoms, as far as constants alone decide it."""
        return self.number(atoms[place])

    def number(self, atom: Atom) -> Any:
        """Return the value of an atom that is computed from constants alone, or None."""
        if isinstance(atom, Constant):
            return np.asarray(atom.value)
        if atom in self.captured:
            return np.asarray(self.captured[atom])
        made = next((equation for equation in reversed(self.equations) if atom in equation.outputs), None)
        operands = [] if made is None else [self.number(item) for item in made.inputs]
        if made is None or any(operand is None for operand in operands):
            return None
        # A program may be read while another one is traced: what it knows beforehand is computed all the same.
        with jax.ensure_compile_time_eval():
            return np.asarray(made.bind(operands)[made.outputs.index(atom)])

    def read(self, environment: Mapping[Any, Atom], item: Any) -> Atom:
        if not isinstance(item, jax_names.Literal):
            return environment[item]
        if np.ndim(item.val) > 0:
            return self.constant(item.val, item.aval)
        return Constant(item.val)

    def append(
        self,
        equation: jax_names.JaxprEqn,
        inputs: tuple[Atom, ...],
        outputs: tuple[int, ...],
        scope: tuple[str, ...],
        calls: tuple[tuple[str, int], ...],
    ) -> None:
        self.equations.append(
            Equation(
                index=len(self.equations),
                primitive=equation.primitive.name,
                params=equation.params,
                inputs=inputs,
                outputs=outputs,
                scope=scope,
                calls=calls,
                source=equation,
            )
        )


def _live(equations: Sequence[Equation], outputs: Sequence[Atom]) -> list[Equation]:
    needed = {atom for atom in outputs if isinstance(atom, int)}
    kept = []
    for equation in reversed(equations):
        if needed.intersection(equation.outputs):
            kept.append(equation)
            needed.update(atom for atom in equation.inputs if isinstance(atom, int))
    return kept[::-1]


def _renumbered(equation: Equation, index: int) -> Equation:
    return Equation(
        index=index,
        primitive=equation.primitive,
        params=equation.params,
        inputs=equation.inputs,
        outputs=equation.outputs,
        scope=equation.scope,
        calls=equation.calls,
        source=equation.source,
    )
