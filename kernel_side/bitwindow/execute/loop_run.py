"""Running a loop's layer: its operands and settings gathered, its one compiled step found or made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from bitwindow.execute.loop_plan import Inner, form_of, format_of, inner_layers, plan_inner
from bitwindow.execute.loops import Arguments, LoopStep
from bitwindow.execute.parameters import one_type
from bitwindow.execute.plan import Variant
from bitwindow.execute.reading import operands_of, typed_ones
from bitwindow.network.records import Loop
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding

if TYPE_CHECKING:
    from bitwindow.assign.records import Assignment
    from bitwindow.execute.compiled import CompiledSteps
    from bitwindow.execute.layers import Plan
    from bitwindow.execute.modes import Modes
    from bitwindow.execute.parameters import StoredParameters
    from bitwindow.execute.planning import Setting
    from bitwindow.network.records import Layer, Network

FORMS = (Variant.NARROW, Variant.DOUBLE, Variant.CAREFUL, Variant.STOCHASTIC)
"""The forms that a loop can take; one without integer layers takes the first or the last."""
Made = tuple[dict[str, jax.Array], list[tuple[str, Any]], list[tuple[str, Any]]]


def plan_loops(
    network: Network, stored: StoredParameters, assignment: Assignment, modes: Modes, *, patches: bool
) -> dict[str, Plan]:
    """Plan the integer layers inside loops, by name.

    Raises:
        ExecutionError: If an exact sum would need more than 62 bits.
    """
    plans = {}
    for inner in _inner(network):
        plan = plan_inner(network, inner, stored, assignment, modes, patches=patches)
        if plan is not None:
            plans[inner.layer.name] = plan
    return plans


def run_loop(
    steps: CompiledSteps,
    layer: Layer,
    setting: Setting,
    operands: tuple[Any, ...],
    numbers: np.ndarray,
    *,
    tally: bool,
) -> Made:
    """Run one loop for a chunk.

    Args:
        steps: The network's steps.
        layer: The loop's layer.
        setting: From the planner, with the plans of the layers inside loops.
        operands: The carriers of the loop's operands.
        numbers: The chunk's samples.
        tally: Whether verdicts are counted.

    Returns:
        The carriers of its outputs, pending counts by site, and pending accumulator overflows by layer.
    """
    loop = layer.operation
    assert isinstance(loop, Loop)  # noqa: S101  (the caller has looked)
    given = _arguments(steps.network, layer, loop, setting, numbers)
    own = {inner.layer.name: inner.layer for inner in inner_layers(loop)}
    form = form_of({name: plan for name, plan in setting.plans.items() if name in own}, own)
    form = Variant.STOCHASTIC if setting.modes.rounding is Rounding.STOCHASTIC else form
    step = LoopStep(network=steps.network, layer=layer, form=form, tally=tally, patches=steps.patches)
    with jax.enable_x64(True):
        outputs, counts, overflows = _compiled(step, operands, given, steps)(list(operands), given)
    return dict(zip(layer.outputs, outputs, strict=True)), list(counts.items()), list(overflows.items())


def loop_compilations(
    steps: CompiledSteps,
    layer: Layer,
    setting: Setting,
    operands: tuple[Any, ...],
    numbers: np.ndarray,
    *,
    tally: bool,
) -> list[tuple[Variant, Callable[[], object]]]:
    """List what compiles a loop's forms, each with its form; arguments as for ``run_loop``, operands may be shapes."""
    loop = layer.operation
    assert isinstance(loop, Loop)  # noqa: S101  (the caller has looked)
    given = _arguments(steps.network, layer, loop, setting, numbers)

    def compile_form(form: Variant) -> object:
        step = LoopStep(network=steps.network, layer=layer, form=form, tally=tally, patches=steps.patches)
        with jax.enable_x64(True):
            return _compiled(step, operands, given, steps)

    forms = FORMS if any(inner.layer.name in setting.plans for inner in inner_layers(loop)) else FORMS[::3]
    return [(form, partial(compile_form, form)) for form in forms]


def _compiled(step: LoopStep, operands: tuple[Any, ...], given: Arguments, steps: CompiledSteps) -> Callable[..., Any]:
    kinds = tuple(np.dtype(operand.dtype).str for operand in operands)
    key = (step.layer.name, "loop", step.form, step.tally, frozenset(given.formats), kinds)
    if key not in steps.made:
        steps.made[key] = jax.jit(step).lower(list(operands), given).compile()
    compiled: Callable[..., Any] = steps.made[key]
    return compiled


def _inner(network: Network) -> list[Inner]:
    loops = [layer.operation for layer in network.layers if isinstance(layer.operation, Loop)]
    return [inner for loop in loops for inner in inner_layers(loop)]


def _arguments(network: Network, layer: Layer, loop: Loop, setting: Setting, numbers: np.ndarray) -> Arguments:
    assignment, modes, stored = setting.assignment, setting.modes, setting.stored
    sites: set[str] = {one.parameter for one in layer.operands if one.parameter}
    parameters: dict[str, Any] = {site: stored.by_site[site].array for site in sites}
    tables: dict[str, tuple[Any, ...]] = {}
    for inner in inner_layers(loop):
        for operand in operands_of(inner.layer):
            if operand.parameter is not None:
                parameters[operand.parameter] = stored.by_site[operand.parameter].array
        plan = setting.plans.get(inner.layer.name)
        if plan is not None:
            tables[inner.layer.name] = _table(inner, plan, assignment)
    sites |= set(parameters) | _sites(loop)
    sites |= {site for one in layer.operands if one.value and (site := network.values[one.value].site)}
    formats = {site: fmt.as_array() for site in sites if isinstance(fmt := assignment.formats[site], FixedPoint)}
    codes = np.array([modes.rounding.code, modes.overflow.code], np.int64)
    return Arguments(parameters=parameters, formats=formats, tables=tables, modes=codes, numbers=numbers)


def _sites(loop: Loop) -> set[str]:
    """Return the sites of all values inside a loop, those of the loops in it too."""
    found = {value.site for value in loop.values.values() if value.site is not None}
    for layer in loop.layers:
        if isinstance(layer.operation, Loop):
            found |= _sites(layer.operation)
    return found


def _table(inner: Inner, plan: Plan, assignment: Assignment) -> tuple[Any, ...]:
    formats = [one_type(fmt) for fmt in typed_ones(inner.formats(assignment))]
    target = format_of(inner.loop.values[inner.layer.outputs[0]].site, assignment)
    fmt = target if isinstance(target, FixedPoint) else formats[0]
    return np.stack([one.as_array() for one in formats]), fmt.as_array(), plan.packed(), plan.extra
