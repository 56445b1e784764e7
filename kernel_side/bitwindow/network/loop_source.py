"""What a loop of the program is: its body, how often it runs, and what goes round, in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bitwindow import jax_names
from bitwindow.network.flatten import flatten
from bitwindow.network.program import Atom, Constant, Equation, run
from bitwindow.network.statics import Statics

LOOPS = frozenset({"scan", "while"})
OVER_BATCH = "it steps over the batch"
"""Why a loop of one step a sample stays closed."""
_MOST_STEPS = 1 << 16


class CannotOpen(Exception):  # noqa: N818 (no error: a loop that stays closed says why)
    """Why the inside of a loop is no network of layers, in words."""


@dataclass(frozen=True, kw_only=True)
class LoopSource:
    """A loop of ``length`` steps of ``body``: constants, then what is carried round, then one slice a step come in.

    The body returns what is carried round, then what is kept of each step. ``inputs`` are the loop's own operands in
    the order of the body's arguments.
    """

    body: jax_names.ClosedJaxpr
    inputs: tuple[Atom, ...]
    constants: int
    carries: int
    length: int
    reverse: bool

    @property
    def first_slice(self) -> int:
        """The place of the first operand that is cut into slices."""
        return self.constants + self.carries


def loop_source(statics: Statics, equation: Equation) -> LoopSource:
    """Read a scan, or a while loop whose count of steps no input decides.

    Raises:
        CannotOpen: If the number of steps depends on the inputs, or there are none.
    """
    params: Any = equation.params
    if equation.primitive == "scan":
        source = LoopSource(
            body=params["jaxpr"],
            inputs=equation.inputs,
            constants=int(params["num_consts"]),
            carries=int(params["num_carry"]),
            length=int(params["length"]),
            reverse=bool(params["reverse"]),
        )
    else:
        skipped, constants = int(params["cond_nconsts"]), int(params["body_nconsts"])
        source = LoopSource(
            body=params["body_jaxpr"],
            inputs=equation.inputs[skipped:],
            constants=constants,
            carries=len(equation.inputs) - skipped - constants,
            length=_count(statics, equation, skipped, constants),
            reverse=False,
        )
    if source.length < 1:
        raise CannotOpen("it has no steps")
    return source


def _count(statics: Statics, equation: Equation, skipped: int, constants: int) -> int:
    """Return how many steps a while loop takes, by running what its condition depends on."""
    condition, body = flatten(equation.params["cond_jaxpr"]), flatten(equation.params["body_jaxpr"])
    carried = equation.inputs[skipped + constants :]
    needed = _needed(condition.equations, condition.outputs)
    places = {place for place in range(len(carried)) if condition.arguments[skipped + place] in needed}
    while True:
        reads = _needed(body.equations, [body.outputs[place] for place in places])
        wider = places | {place for place in range(len(carried)) if body.arguments[constants + place] in reads}
        if wider == places:
            break
        places = wider
    given = {body.arguments[place]: equation.inputs[skipped + place] for place in range(constants)}
    outer = [*equation.inputs[:skipped], *(atom for name, atom in given.items() if name in reads)]
    outer += [carried[place] for place in places]
    if not all(statics.is_static(atom) and not statics.leaves(atom) for atom in outer):
        raise CannotOpen("the number of its steps depends on what it computes")
    state = {place: statics.value(carried[place]) for place in places}
    known = {variable: statics.value(atom) for variable, atom in given.items() if variable in reads}
    tests = dict(zip(condition.arguments, map(statics.value, equation.inputs[:skipped]), strict=False))
    for count in range(_MOST_STEPS):
        now = {condition.arguments[skipped + place]: value for place, value in state.items()}
        environment = {**condition.captured, **tests, **now}
        run(condition.equations, environment)
        if not bool(np.asarray(_read(condition.outputs[0], environment))):
            return count
        inner = {**body.captured, **known, **{body.arguments[constants + p]: value for p, value in state.items()}}
        run([one for one in body.equations if reads.issuperset(one.outputs)], inner)
        state = {place: _read(body.outputs[place], inner) for place in places}
    raise CannotOpen(f"it takes more than {_MOST_STEPS} steps")


def _read(atom: Atom, environment: dict[int, Any]) -> Any:
    return atom.value if isinstance(atom, Constant) else environment[atom]


def _needed(equations: tuple[Equation, ...], atoms: Any) -> set[int]:
    """Return the variables that atoms are computed from, themselves included."""
    needed = {atom for atom in atoms if isinstance(atom, int)}
    for equation in reversed(equations):
        if needed.intersection(equation.outputs):
            needed.update(equation.outputs)
            needed.update(atom for atom in equation.inputs if isinstance(atom, int))
    return needed
