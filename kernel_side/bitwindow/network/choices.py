"""The rules that read choices and running sums: functions of two slopes, the larger of two values, sums so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from bitwindow.network import exact
from bitwindow.network.elementwise import power_of_two
from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.program import Atom, Constant, Equation
from bitwindow.network.records import Extremum, RunningSum, Slope, TwoSlopes
from bitwindow.network.selects import TWO_SLOPES


def choice_group(flow: Flow, position: int) -> Group | None:
    """Match a choice or a running sum of floating-point values, and the activation after it."""
    equation = flow.equations[position]
    output = equation.outputs[0]
    if not flow.is_float(output):
        return None
    group = Group(kind="choice", members=[position], output=output, operands=equation.inputs)
    if equation.primitive == TWO_SLOPES:
        _two_slopes(flow, equation, group)
    elif equation.primitive == "abs":
        group.operation, group.label = TwoSlopes(above=Slope(), below=Slope(sign=-1)), "abs"
    elif equation.primitive in {"max", "min"} and exact.bound_of(flow, equation) is None:
        largest = equation.primitive == "max"
        group.operation, group.label = Extremum(largest=largest), "maximum" if largest else "minimum"
    elif equation.primitive == "cumsum":
        axis, reverse = int(equation.params["axis"]), bool(equation.params["reverse"])
        group.operation, group.label, group.kind = RunningSum(axis=axis, reverse=reverse), "cumsum", "running"
    else:
        return None
    exact.absorb_activation(flow, group)
    return group


def _two_slopes(flow: Flow, equation: Equation, group: Group) -> None:
    operands: list[Atom] = [equation.inputs[0]]
    made = []
    for side in ("above", "below"):
        sign, place, divides = equation.params[side]
        atom = None if place is None else equation.inputs[place]
        slope, operand = _slope(flow, sign, atom, divides=divides)
        if operand is not None:
            slope = Slope(operand=len(operands))
            operands.append(operand)
        made.append(slope)
    known = all(flow.statics.scalar(atom) is not None for atom in operands[1:])
    group.operands, group.operation = tuple(operands), TwoSlopes(above=made[0], below=made[1])
    group.label = "leaky_relu" if known else "prelu"


def _slope(flow: Flow, sign: int, atom: Atom | None, *, divides: bool) -> tuple[Slope, Atom | None]:
    """Return the slope of a side, and the operand that it multiplies with where it is no power of two."""
    if atom is None:
        return Slope(sign=sign), None
    number = flow.statics.scalar(atom)
    if number is None:
        return Slope(), atom
    shift = power_of_two(abs(number))
    if shift is not None:
        return Slope(sign=1 if number > 0 else -1, exponent=-shift if divides else shift), None
    slope: Any = np.float32(1) / np.float32(number) if divides else np.float32(number)
    return Slope(), Constant(slope)
