"""The inside of a loop as a flow of its own: what is fixed, what goes round, and where the batch is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bitwindow.network.axes import batch_axes, same_equations
from bitwindow.network.flatten import flatten
from bitwindow.network.flow import Flow
from bitwindow.network.loop_source import OVER_BATCH, CannotOpen, LoopSource, loop_source
from bitwindow.network.program import Atom, Constant, Program
from bitwindow.network.statics import Statics


@dataclass(frozen=True, kw_only=True)
class OpenLoop:
    """A loop with the flow of its body.

    ``roots`` are the body's arguments that the inputs do not reach, with the atoms outside that they stand for;
    ``stepped`` are those among them that are cut into one slice a step.
    """

    source: LoopSource
    flow: Flow
    roots: Mapping[int, Atom]
    stepped: frozenset[int]


def open_loop(flow: Flow, position: int) -> OpenLoop:
    """Open a scan or while loop.

    Raises:
        CannotOpen: With the reason why its inside is no network of layers.
    """
    equation = flow.equations[position]
    source = loop_source(flow.statics, equation)
    fixed = _fixed(flow, source)
    body = flatten(source.body, given=_numbers(flow, source, fixed), scope=equation.scope, calls=equation.calls)
    roots = {body.arguments[place]: source.inputs[place] for place in fixed}
    stepped = frozenset(body.arguments[place] for place in fixed if place >= source.first_slice)
    if flow.statics.stepped and any(flow.statics.stepped & set(flow.statics.leaves(atom)) for atom in roots.values()):
        raise CannotOpen("it stands inside a loop over its parameters")
    leaves = {variable: _first(flow, atom, stepped=variable in stepped) for variable, atom in roots.items()}
    statics = Statics(body, {**leaves, **body.captured}, stepped=stepped)
    other = None
    if flow.other is not None:
        twin = loop_source(flow.statics, flow.other.equations[equation.index])
        other = flatten(twin.body, given=_numbers(flow, source, fixed), scope=equation.scope, calls=equation.calls)
        other = other if same_equations(body, other) else None
    axes = batch_axes(body, flow.batch, None if other is None else other.shapes)
    inputs = [variable for variable in body.arguments if variable not in roots]
    inner = Flow(body, statics, inputs, axes, batch=flow.batch, other=other)
    _check(flow, source, inner)
    return OpenLoop(source=source, flow=inner, roots=roots, stepped=stepped)


def _fixed(flow: Flow, source: LoopSource) -> list[int]:
    """Return the places of the operands that are the same whatever the inputs and the step are, or float slices."""
    places = []
    for place, atom in enumerate(source.inputs):
        if not flow.statics.is_static(atom) or source.constants <= place < source.first_slice:
            continue
        whole = isinstance(atom, int) and not flow.is_float(atom)
        if place < source.constants or not whole:
            places.append(place)
    return places


def _numbers(flow: Flow, source: LoopSource, fixed: list[int]) -> dict[int, Constant]:
    """Return the operands that are one number of the program's text, by place: the body reads them as written in it."""
    found = {}
    for place in fixed:
        atom = source.inputs[place]
        shape = () if isinstance(atom, Constant) else flow.program.shapes[atom]
        if place < source.constants and shape == () and flow.statics.scalar(atom) is not None:
            found[place] = Constant(np.asarray(flow.statics.value(atom)))
    return found


def _first(flow: Flow, atom: Atom, *, stepped: bool) -> Any:
    value = flow.statics.value(atom)
    return value[0] if stepped else value


def _check(flow: Flow, source: LoopSource, inner: Flow) -> None:
    body = inner.program
    for place, atom in enumerate(source.inputs):
        variable = body.arguments[place]
        if variable not in inner.inputs or not body.is_float(variable):
            continue
        axis = inner.batch_axis[variable]
        dynamic = not flow.statics.is_static(atom)
        outside = flow.batch_axis[atom] if dynamic and isinstance(atom, int) else None
        if place >= source.first_slice and outside == 0:
            raise CannotOpen(OVER_BATCH)
        if axis is None:
            raise CannotOpen("a value that it reads or carries round has no axis for the batch")
        if not dynamic:
            continue
        if outside is None or outside != axis + (place >= source.first_slice):
            raise CannotOpen(OVER_BATCH)
    for atom in body.outputs:
        if inner.statics.is_static(atom):
            raise CannotOpen("it hands out a value that no input reaches")
    _check_carries(source, inner)


def _check_carries(source: LoopSource, inner: Flow) -> None:
    """Check that what goes round is computed anew, and not only handed from one place to another."""
    body: Program = inner.program
    carried = list(body.arguments[source.constants : source.first_slice])
    if any(inner.batch_axis[atom] is None and body.is_float(atom) for atom in body.outputs if isinstance(atom, int)):
        raise CannotOpen("a value that it hands out has no axis for the batch")
    for start in carried:
        seen, at = set(), start
        while at in carried:
            if at in seen:
                raise CannotOpen("a value that it carries round never changes")
            seen.add(at)
            after = body.outputs[carried.index(at)]
            at = after if isinstance(after, int) else -1
