"""Products element by element: of two activations (gates), of one with a parameter or a number, and squares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bitwindow.network import exact
from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.program import Atom, Constant, Equation
from bitwindow.network.records import Product

_FURTHEST = 64
"""Powers of two beyond 2^64 either way are no shifts that a layer is written with."""


def elementwise_group(flow: Flow, position: int) -> Group | None:
    """Match a product or quotient of floating-point values, and the activation after it."""
    equation = flow.equations[position]
    output = equation.outputs[0]
    if not flow.is_float(output) or not all(_is_float(flow, atom) for atom in equation.inputs):
        return None
    group = Group(kind="product", members=[position], output=output, operation=Product(), label="mul")
    if equation.primitive == "square" or (equation.primitive == "integer_pow" and equation.params["y"] == 2):
        group.operands, group.label = (equation.inputs[0], equation.inputs[0]), "square"
    elif equation.primitive == "mul":
        _factors(flow, equation, group)
    elif equation.primitive == "div" and flow.statics.is_static(equation.inputs[1]):
        _quotient(flow, equation, group)
    else:
        return None
    exact.absorb_activation(flow, group)
    return group


def power_of_two(number: float | None) -> int | None:
    """Return n for a number 2^n, else None.

    >>> power_of_two(0.125), power_of_two(3.0)
    (-3, None)
    """
    if number is None or number <= 0 or not math.isfinite(number):
        return None
    mantissa, exponent = math.frexp(number)
    return exponent - 1 if mantissa == 0.5 and abs(exponent) <= _FURTHEST else None


def reciprocal(value: Any) -> np.ndarray[Any, Any]:
    """Return 1 / value in float32: what a division by a parameter multiplies with."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.float32(1.0) / np.asarray(value, np.float32), np.float32)


def _factors(flow: Flow, equation: Equation, group: Group) -> None:
    first, second = equation.inputs
    group.operands = (first, second)
    static = [atom for atom in equation.inputs if flow.statics.is_static(atom)]
    if not static:
        return
    group.label = "scale"
    value = second if static[0] == first else first
    shift = power_of_two(flow.statics.scalar(static[0]))
    group.operands = (value, static[0])
    if shift is not None:
        group.operands, group.operation = (value,), Product(exponent=shift)


def _quotient(flow: Flow, equation: Equation, group: Group) -> None:
    value, divisor = equation.inputs
    group.label, group.operands, group.reciprocal = "scale", (value, divisor), True
    shift = power_of_two(flow.statics.scalar(divisor))
    if shift is not None:
        group.operands, group.operation, group.reciprocal = (value,), Product(exponent=-shift), False


def _is_float(flow: Flow, atom: Atom) -> bool:
    if isinstance(atom, Constant):
        return np.asarray(atom.value).dtype.kind == "f" or np.asarray(atom.value).dtype.name == "bfloat16"
    return flow.is_float(atom)
