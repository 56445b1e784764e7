"""Paths from one product to the next on which a scaled channel stays a scaled channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bitwindow.network.exact import bound_of
from bitwindow.network.program import Equation
from bitwindow.network.records import Clip
from bitwindow.network.selects import TWO_SLOPES
from bitwindow.prepare.affine import MOVES, Numbers, moved_by, vector
from bitwindow.prepare.chains import Chain, behind
from bitwindow.prepare.products import Product
from bitwindow.prepare.reading import Reading

_RELU = Clip(lower=0.0, upper=None)
_WINDOWS = frozenset({"reduce_window_max", "reduce_window_sum"})
_REDUCTIONS = frozenset({"reduce_max", "reduce_sum"})
_ODD_OR_EVEN = frozenset({"neg", "abs"})


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Product ``second`` reads what ``first`` makes, through positively homogeneous operations alone.

    ``channels[f]`` is the channel of ``first`` that feature f of ``second`` comes from; ``bias`` is what is added to
    ``first``.
    """

    first: Product
    second: Product
    channels: np.ndarray
    bias: Chain | None


def pairs(reading: Reading, found: list[Product]) -> list[Pair]:
    """Return the pairs of products that can exchange channel scales."""
    by_index = {product.equation.index: product for product in found}
    made = []
    for product in found:
        chain = behind(reading, product)
        if product.out_axis is None or product.out_weight is None or (chain is not None and chain.multiplies):
            continue
        pair = _walk(reading, product, chain, by_index)
        if pair is not None and not reading.shared(product.weight) and not reading.shared(pair.second.weight):
            made.append(pair)
    return made


def _walk(reading: Reading, first: Product, chain: Chain | None, found: dict[int, Product]) -> Pair | None:
    flow, variable = reading.flow, first.output
    members = set(chain.members) if chain else set()
    marks = _marks(flow.program.shapes[variable], first.out_axis or 0)
    while True:
        group = _leaky(reading, variable)
        if group is not None:
            variable = group
            continue
        position = flow.only_reader(variable)
        if position is None:
            return None
        equation = flow.equations[position]
        second = found.get(equation.index)
        if second is not None and second.value == variable:
            return _pair(reading, first, second, marks, chain)
        after = marks if equation.index in members else _carried(reading, equation, variable, marks)
        if after is None:
            return None
        marks, variable = after, equation.outputs[0]


def _pair(reading: Reading, first: Product, second: Product, marks: Numbers, chain: Chain | None) -> Pair | None:
    if second.in_axis is None:
        return None
    channels = vector(marks, reading.flow.program.shapes[second.value], second.in_axis)
    if channels is None:
        return None
    return Pair(first=first, second=second, channels=channels.astype(np.int64), bias=chain)


def _marks(shape: tuple[int, ...], axis: int) -> Numbers:
    """Return the number of the channel of each element."""
    count = np.arange(shape[axis], dtype=np.float64)
    return np.broadcast_to(count.reshape([-1 if index == axis else 1 for index in range(len(shape))]), shape)


def _carried(reading: Reading, equation: Equation, variable: int, marks: Numbers) -> Numbers | None:
    """Return the channels behind a positively homogeneous operation, or None for any other."""
    flow = reading.flow
    output = equation.outputs[0]
    shape = flow.program.shapes[output]
    if equation.primitive in MOVES and len(equation.inputs) == 1:
        return moved_by(equation, marks)
    if equation.primitive in {"copy", "stop_gradient", "convert_element_type"} and flow.is_float(output):
        return marks
    bound = bound_of(flow, equation)
    if bound is not None:
        return marks if bound == (variable, _RELU) else None
    if equation.primitive == "pad":
        return _padded(reading, equation, marks, shape)
    if shape == marks.shape and (equation.primitive in _ODD_OR_EVEN or _is_by_constants(reading, equation, variable)):
        return marks
    return _reduced(equation, marks, shape)


def _is_by_constants(reading: Reading, equation: Equation, variable: int) -> bool:
    """Whether an equation multiplies a variable by constants, or divides it: linear, whatever their signs."""
    if equation.primitive not in {"mul", "div"} or reading.flow.operands(equation) != (variable,):
        return False
    first = equation.inputs[0] == variable
    other = equation.inputs[1] if first else equation.inputs[0]
    return reading.flow.statics.is_static(other) and (first or equation.primitive == "mul")


def _padded(reading: Reading, equation: Equation, marks: Numbers, shape: tuple[int, ...]) -> Numbers | None:
    """Return the channels behind zeros put around them."""
    axis = _axis_of(marks)
    if axis is None or reading.flow.statics.scalar(equation.inputs[1]) != 0:
        return None
    return _marks(shape, axis) if tuple(equation.params["padding_config"][axis]) == (0, 0, 0) else None


def _reduced(equation: Equation, marks: Numbers, shape: tuple[int, ...]) -> Numbers | None:
    axis = _axis_of(marks)
    if axis is None or len(equation.inputs) != 1:
        return None
    if equation.primitive in _WINDOWS:
        kept = equation.params["window_dimensions"][axis] == 1 and shape[axis] == marks.shape[axis]
        return _marks(shape, axis) if kept else None
    if equation.primitive in _REDUCTIONS:
        axes = equation.params["axes"]
        return None if axis in axes else _marks(shape, axis - sum(other < axis for other in axes))
    return None


def _axis_of(marks: Numbers) -> int | None:
    """Return the axis that numbers the channels in order; None where they have been moved."""
    return next((index for index in range(marks.ndim) if _is_along(marks, index)), None)


def _is_along(marks: Numbers, axis: int) -> bool:
    found = vector(marks, marks.shape, axis)
    return found is not None and np.array_equal(found, np.arange(marks.shape[axis]))


def _leaky(reading: Reading, variable: int) -> int | None:
    """Return the output of a leaky ReLU that alone reads a variable, or None."""
    flow = reading.flow
    position = flow.only_reader(variable)
    if position is None or flow.equations[position].primitive != TWO_SLOPES:
        return None
    equation = flow.equations[position]
    fixed = all(flow.statics.is_static(atom) for atom in equation.inputs[1:])
    return equation.outputs[0] if equation.inputs[0] == variable and fixed else None
