"""The affine chains around a product: behind it, channel by channel, and before it, feature by feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bitwindow.network.program import Equation
from bitwindow.prepare.affine import MOVES, Numbers, after, changes_scale, is_affine, moved_by, vector
from bitwindow.prepare.not_finite import culprits, is_finite
from bitwindow.prepare.products import Product
from bitwindow.prepare.reading import Reading


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Affine equations that a product can take in: ``scale * x + shift`` per channel (or per feature read).

    ``members`` are the affine equations, by index of the program; ``last`` is the variable behind the last of them,
    ``primitives`` says what they were; ``shift_names`` are the names of parameters that were added.
    """

    members: tuple[int, ...]
    scale: Numbers
    shift: Numbers
    last: int
    primitives: tuple[str, ...]
    shift_names: tuple[str, ...]

    @property
    def multiplies(self) -> bool:
        """Whether the chain is more than sums with constants."""
        return any(name in {"mul", "div", "neg"} for name in self.primitives)


def behind(reading: Reading, product: Product) -> Chain | None:
    """Return the longest per-channel affine chain that alone reads a product's output, or None."""
    flow, axis, variable = reading.flow, product.out_axis, product.output
    if axis is None:
        return None
    size = flow.program.shapes[variable][axis]
    scale, shift = np.ones(size), np.zeros(size)
    found: list[Equation] = []
    last = variable
    while (position := flow.only_reader(variable)) is not None:
        equation = flow.equations[position]
        if is_affine(flow, equation, variable):
            step = _step(reading, equation, variable, axis)
            if step is None:
                break
            scale, shift = step[0] * scale, step[0] * shift + step[1]
            found.append(equation)
            last = equation.outputs[0]
        else:
            moved = _moved_axis(reading, equation, variable, axis)
            if moved is None:
                break
            axis = moved
        variable = equation.outputs[0]
    return _chain(reading, found, scale, shift, last) if found else None


def broken_behind(reading: Reading, product: Product, chain: Chain | None) -> str:
    """Return why the chain behind a product ends where it does, if numbers that are not finite end it; else ""."""
    flow = reading.flow
    variable = product.output if chain is None else chain.last
    while (position := flow.only_reader(variable)) is not None:
        equation = flow.equations[position]
        if is_affine(flow, equation, variable):
            if not is_finite(reading, equation):
                return f"not folded: the {equation.primitive} behind it is not finite{culprits(reading, [equation])}"
            return ""
        if equation.primitive not in MOVES or len(equation.inputs) != 1:
            return ""
        variable = equation.outputs[0]
    return ""


def before(reading: Reading, product: Product, taken: frozenset[int]) -> Chain | str | None:
    """Return the affine chain that makes the value a product reads and nothing else, or why it cannot be taken in.

    Returns:
        The chain (``last`` is the product's value), a reason in words, or None where there is none.
    """
    flow, variable = reading.flow, product.value
    path: list[Equation] = []
    while variable in flow.maker and flow.only_reader(variable) is not None:
        equation = flow.equations[flow.maker[variable]]
        operands = flow.operands(equation)
        movable = equation.primitive in MOVES and len(operands) == 1 and len(equation.inputs) == 1
        if len(operands) != 1 or equation.index in taken or not (movable or is_affine(flow, equation, operands[0])):
            break
        path.append(equation)
        variable = operands[0]
    path = _without_divisor(reading, path, variable)
    members = [equation for equation in path if equation.primitive not in MOVES]
    if not any(changes_scale(equation) for equation in members):
        return None
    if product.in_axis is None:
        return "the product sums over several axes of what it reads"
    scale, shift = _carried(reading, path[::-1])
    shape = flow.program.shapes[product.value]
    vectors = vector(scale, shape, product.in_axis), vector(shift, shape, product.in_axis)
    if vectors[0] is None or vectors[1] is None:
        return "the scaling before it differs along an axis that the product does not sum over"
    if not (np.all(np.isfinite(vectors[0])) and np.all(np.isfinite(vectors[1]))):
        return f"the scaling before it is not finite{culprits(reading, members)}"
    if product.padded and np.any(vectors[1]):
        return "the product pads with zeros, which the sum before it would have shifted"
    return _chain(reading, members[::-1], vectors[0], vectors[1], product.value)


def _without_divisor(reading: Reading, path: list[Equation], start: int) -> list[Equation]:
    """Leave the division of an average to the average: that layer is exact as it is."""
    flow = reading.flow
    maker = flow.equations[flow.maker[start]] if start in flow.maker else None
    if maker is None or maker.primitive not in {"reduce_sum", "reduce_window_sum"}:
        return path
    for place in reversed(range(len(path))):
        if path[place].primitive not in MOVES:
            numbers = [flow.statics.scalar(atom) for atom in path[place].inputs]
            divides = path[place].primitive in {"mul", "div"} and any(number is not None for number in numbers)
            return path[:place] if divides else path
    return path


def _chain(reading: Reading, found: list[Equation], scale: Numbers, shift: Numbers, last: int) -> Chain:
    names = tuple(
        name
        for equation in found
        for atom in equation.inputs
        if equation.primitive in {"add", "add_any"} and reading.flow.statics.is_static(atom)
        if (name := reading.name(atom))
    )
    return Chain(
        members=tuple(equation.index for equation in found),
        scale=scale,
        shift=shift,
        last=last,
        primitives=tuple(equation.primitive for equation in found),
        shift_names=names,
    )


def _step(reading: Reading, equation: Equation, variable: int, axis: int) -> tuple[Numbers, Numbers] | None:
    shape = reading.flow.program.shapes[variable]
    scale, shift = after(reading.flow, equation, variable, np.ones(()), np.zeros(()))
    vectors = vector(scale, shape, axis), vector(shift, shape, axis)
    if vectors[0] is None or vectors[1] is None:
        return None
    finite = np.all(np.isfinite(vectors[0])) and np.all(np.isfinite(vectors[1]))
    return (vectors[0], vectors[1]) if finite else None


def _carried(reading: Reading, path: list[Equation]) -> tuple[Numbers, Numbers]:
    flow = reading.flow
    start = flow.operands(path[0])[0]
    shape = flow.program.shapes[start]
    scale, shift = np.broadcast_to(1.0, shape), np.broadcast_to(0.0, shape)
    for equation in path:
        if equation.primitive in MOVES:
            moved = moved_by(equation, scale), moved_by(equation, shift)
            assert moved[0] is not None  # noqa: S101 (a move moves)
            assert moved[1] is not None  # noqa: S101 (the same)
            scale, shift = moved[0], moved[1]
        else:
            scale, shift = after(flow, equation, flow.operands(equation)[0], scale, shift)
    return scale, shift


def _moved_axis(reading: Reading, equation: Equation, variable: int, axis: int) -> int | None:
    """Return where a move puts an axis, or None where it is no move or merges the axis with others."""
    flow = reading.flow
    if equation.primitive not in MOVES or len(equation.inputs) != 1 or flow.operands(equation) != (variable,):
        return None
    shape = flow.program.shapes[variable]
    target = flow.program.shapes[equation.outputs[0]]
    count = np.arange(shape[axis], dtype=np.float64)
    marks = np.broadcast_to(count.reshape([-1 if index == axis else 1 for index in range(len(shape))]), shape)
    moved = moved_by(equation, marks)
    if moved is None:
        return None
    fitting = [index for index, size in enumerate(target) if size == shape[axis]]
    for index in fitting:
        found = vector(moved, target, index)
        if found is not None and np.array_equal(found, count):
            return index
    return None
