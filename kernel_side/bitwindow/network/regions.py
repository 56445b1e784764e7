"""Gathers every equation that depends on the inputs into groups: exact layers, pass-throughs, float computations.

Anchors come first: products with a parameter (and the bias and activation fused to them), concatenations, pools,
lookups, and every equation that joins two different values. Each other equation then depends on one anchor's value
alone, so that the rest falls apart into one region per value; within a region, arithmetic that is not exact and all
that ties it together becomes one float computation, and what remains is exact.
"""

from __future__ import annotations

from collections.abc import Iterable

from bitwindow.network import exact
from bitwindow.network.choices import choice_group
from bitwindow.network.clusters import find_clusters
from bitwindow.network.elementwise import elementwise_group
from bitwindow.network.float_kinds import NORM_KINDS, kind_of
from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.lookups import lookup_group
from bitwindow.network.loop_source import LOOPS, CannotOpen
from bitwindow.network.open_loop import open_loop
from bitwindow.network.program import Equation
from bitwindow.network.records import Clip, Step, Sum
from bitwindow.network.selects import TWO_SLOPES
from bitwindow.network.splits import split
from bitwindow.network.steps import Moved, cast_type, structural_step

RELU = Clip(lower=0.0, upper=None)
# A branch is one equation; its inside is not looked at.
_CLOSED = frozenset({"cond"})
# Functions that stay one layer although every part of them is exact: an affine chain by channel is folded by itself.
_ONE_FUNCTION = frozenset({"normalize", *NORM_KINDS})
_PARTS = frozenset({"slice", "split", "dynamic_slice"})


def gather(flow: Flow) -> list[Group]:
    """Return the groups of all dynamic equations, every equation in exactly one, in an order of data flow."""
    groups, source = _anchors(flow)
    taken = {position for group in groups for position in group.members}
    for cluster in find_clusters(flow, source, taken):
        for members in split(flow, cluster):
            if not _is_exact(flow, members):
                groups.append(Group(kind="float", members=members))
                taken.update(members)
    groups.extend(_exact_rest(flow, taken))
    return in_order(flow, _with_indices(flow, groups))


def _is_exact(flow: Flow, members: list[int]) -> bool:
    """Whether a cluster is no known function and every equation in it is an exact layer by itself."""
    equations = [flow.equations[position] for position in members]
    if kind_of(flow, equations) in _ONE_FUNCTION:
        return False
    return all(
        equation.primitive in exact.ADDITIONS
        or elementwise_group(flow, position) is not None
        or choice_group(flow, position) is not None
        or exact.average_group(flow, position) is not None
        or exact.bound_of(flow, equation) is not None
        or moved(flow, equation, equation.outputs[0]) is not None
        for position, equation in zip(members, equations, strict=True)
    )


def _with_indices(flow: Flow, groups: list[Group]) -> list[Group]:
    """Put arithmetic on whole numbers that one float computation alone reads (the index of a lookup) into it."""
    home = {position: group for group in groups for position in group.members}
    kept = []
    for group in reversed(in_order(flow, groups)):
        outputs = [variable for position in group.members for variable in flow.equations[position].outputs]
        readers = {id(home[reader]): home[reader] for variable in outputs for reader in flow.readers.get(variable, [])}
        readers.pop(id(group), None)
        whole = not any(flow.is_float(variable) or variable in flow.output_variables for variable in outputs)
        target = next(iter(readers.values())) if len(readers) == 1 else None
        if group.kind == "float" and whole and target is not None and target.kind in {"float", "lookup"}:
            target.members = sorted([*target.members, *group.members])
            home.update(dict.fromkeys(group.members, target))
        else:
            kept.append(group)
    return kept


def in_order(flow: Flow, groups: Iterable[Group]) -> list[Group]:
    """Sort groups so that each comes after those it reads, otherwise by their first equation."""
    import heapq

    pending = sorted(groups, key=lambda group: min(group.members))
    needs = _needs(flow, pending)
    readers: list[list[int]] = [[] for _ in pending]
    for index, found in enumerate(needs):
        for maker in found:
            readers[maker].append(index)
    ready = [index for index, found in enumerate(needs) if not found]
    heapq.heapify(ready)
    ordered = []
    while ready:
        index = heapq.heappop(ready)
        ordered.append(pending[index])
        for reader in readers[index]:
            needs[reader].discard(index)
            if not needs[reader]:
                heapq.heappush(ready, reader)
    if len(ordered) != len(pending):
        raise AssertionError("groups of equations read each other in a circle")
    return ordered


def _needs(flow: Flow, groups: list[Group]) -> list[set[int]]:
    """Return for each group the groups that it reads, by index."""
    home = {position: index for index, group in enumerate(groups) for position in group.members}
    needs: list[set[int]] = []
    for index, group in enumerate(groups):
        read = [variable for position in group.members for variable in flow.operands(flow.equations[position])]
        needs.append({home[flow.maker[variable]] for variable in read if variable in flow.maker} - {index})
    return needs


def moved(flow: Flow, equation: Equation, output: int) -> Moved | None:
    """Return how a floating-point output is only moved out of one value, or None."""
    if not flow.is_float(output):
        return None
    found = structural_step(equation, output, flow.statics)
    if found is not None:
        static = flow.statics.is_static(found.operand)
        return None if static or not flow.is_float(found.operand) else found
    return _neutral(flow, equation)


def _neutral(flow: Flow, equation: Equation) -> Moved | None:
    """Match arithmetic that changes nothing: x + 0, x - 0, x * 1, x / 1, max(x, -inf)."""
    operands = flow.operands(equation)
    if len(operands) != 1 or len(equation.inputs) != 2:
        return None
    value = operands[0]
    if flow.program.shapes[value] != flow.program.shapes[equation.outputs[0]]:
        return None
    bound = exact.bound_of(flow, equation)
    if bound is not None:
        return Moved(operand=value, steps=()) if bound[1] == Clip(lower=None, upper=None) else None
    first, second = equation.inputs
    other = second if first == value else first
    number = flow.statics.scalar(other)
    neutral = {"add": 0.0, "add_any": 0.0, "mul": 1.0}
    if first == value:
        neutral |= {"sub": 0.0, "div": 1.0}
    if number is None or equation.primitive not in neutral or number != neutral[equation.primitive]:
        return None
    return Moved(operand=value, steps=())


def _anchors(flow: Flow) -> tuple[list[Group], dict[int, int]]:
    """Return the groups of the anchors, and for each dynamic variable the one value that it is computed from."""
    groups: list[Group] = []
    taken: set[int] = set()
    source: dict[int, int] = {variable: variable for variable in flow.inputs}
    for position, equation in enumerate(flow.equations):
        if position in taken:
            # A group's inner values are read by the group alone; its output starts anew.
            source.update((variable, variable) for variable in equation.outputs)
            continue
        sources = dict.fromkeys(source[variable] for variable in flow.operands(equation))
        group = _anchor(flow, position, joins=len(sources) > 1)
        if group is None:
            # A part of a value is a value by itself: the gates of a cell, the halves of a gated unit.
            part = equation.primitive in _PARTS and flow.is_float(equation.outputs[0])
            part = part or cast_type(equation) is not None
            origin = next(iter(sources))
            source.update((variable, variable if part else origin) for variable in equation.outputs)
            continue
        groups.append(group)
        taken.update(group.members)
        source.update((variable, variable) for variable in equation.outputs)
    return groups, source


def _anchor(flow: Flow, position: int, *, joins: bool) -> Group | None:
    equation = flow.equations[position]
    group = exact.product_group(flow, position) or exact.concatenation_group(flow, position)
    group = group or lookup_group(flow, position)
    if group is None and equation.primitive == "reduce_window_sum":
        group = exact.average_group(flow, position)
    if group is None and joins:
        group = exact.sum_group(flow, position) or elementwise_group(flow, position)
    if group is None and (joins or equation.primitive == TWO_SLOPES):
        group = choice_group(flow, position)
    if group is not None:
        return group
    if equation.primitive in LOOPS:
        return _loop(flow, position)
    opaque = equation.primitive in _CLOSED or equation.primitive in {"conv_general_dilated", "dot_general"}
    return Group(kind="float", members=[position]) if joins or opaque else None


def _loop(flow: Flow, position: int) -> Group:
    label = flow.equations[position].primitive
    try:
        return Group(kind="loop", members=[position], inside=open_loop(flow, position), label=label)
    except CannotOpen as why:
        reason = f"float, because the inside of this loop ({label}) stays closed: {why}; reads k * 2^-F"
        return Group(kind="float", members=[position], reason=reason, label=label)


def _exact_rest(flow: Flow, taken: set[int]) -> list[Group]:
    groups: list[Group] = []
    done = set(taken)
    tail: dict[int, Group] = {}
    for position, equation in enumerate(flow.equations):
        if position in done:
            continue
        group = exact.average_group(flow, position)
        if group is None and _neutral(flow, equation) is None:
            group = exact.sum_group(flow, position) or elementwise_group(flow, position)
            group = group or choice_group(flow, position)
        if group is not None:
            groups.append(group)
        else:
            groups.extend(_moves(flow, position, done, tail))
            continue
        done.update(group.members)
    return groups


def _moves(flow: Flow, position: int, done: set[int], tail: dict[int, Group]) -> list[Group]:
    """Make the pass-through groups of one equation, or lengthen the chain that it continues."""
    equation = flow.equations[position]
    done.add(position)
    made = []
    for output in equation.outputs:
        found = moved(flow, equation, output)
        label = "" if found is None else _label(equation, found)
        if found is None and (bound := exact.bound_of(flow, equation)) is not None:
            clipped = _clipped(flow, position, bound[0], bound[1])
            if clipped.activation != RELU or len(clipped.members) > 1:
                done.update(clipped.members)
                return [clipped]
            found, label = Moved(operand=bound[0], steps=(Step(primitive="relu", params={}),)), "relu"
        if found is None:
            return [Group(kind="float", members=[position])]
        if output not in flow.readers and output not in flow.output_variables:
            continue
        chain = tail.get(found.operand)
        if chain is not None and flow.only_reader(found.operand) == position and len(equation.outputs) == 1:
            del tail[found.operand]
            chain.members.append(position)
            chain.steps += found.steps
            chain.output = output
            # A chain is called by its most telling part: the pool or the activation, else its last move.
            chain.label = chain.label if chain.label in {"max_pool", "max", "relu"} else label or chain.label
        else:
            chain = Group(kind="pass", members=[position], output=output, steps=found.steps, label=label)
            chain.operands = (found.operand,)
            made.append(chain)
        tail[output] = chain
    return made


def _clipped(flow: Flow, position: int, value: int, clip: Clip) -> Group:
    group = Group(
        kind="sum",
        members=[position],
        output=flow.equations[position].outputs[0],
        operation=Sum(signs=(1,)),
        operands=(value,),
        activation=clip,
        label="clip",
    )
    exact.absorb_activation(flow, group)
    return group


def _label(equation: Equation, found: Moved) -> str:
    if not found.steps:
        return "identity"
    names = {"reduce_window_max": "max_pool", "reduce_max": "max", "broadcast_in_dim": "broadcast", "rev": "reverse"}
    step = found.steps[0].primitive
    return names.get(step, step if equation.primitive in {"concatenate", "select_n"} else equation.primitive)
