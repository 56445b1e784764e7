"""Per-channel affine arithmetic: what one equation does to ``S * x + T``, with S and T known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.network.flow import Flow
from bitwindow.network.program import Atom, Constant, Equation
from bitwindow.network.records import Step

Numbers = NDArray[np.float64]
_SAME = frozenset({"copy", "copy_p", "stop_gradient"})
_ARITHMETIC = frozenset({"add", "add_any", "sub", "mul", "div", "neg"})
MOVES = frozenset({"reshape", "transpose", "squeeze", "broadcast_in_dim", "expand_dims"})


def is_affine(flow: Flow, equation: Equation, value: int) -> bool:
    """Whether an equation maps ``value`` to ``s * value + t`` with static s and t, elementwise."""
    if len(equation.outputs) != 1 or flow.operands(equation) != (value,):
        return False
    output = equation.outputs[0]
    same = flow.program.shapes[output] == flow.program.shapes[value]
    if not same or flow.program.dtypes[output] != flow.program.dtypes[value] or not flow.is_float(output):
        return False
    if equation.primitive in _SAME or equation.primitive == "convert_element_type":
        return True
    if equation.primitive not in _ARITHMETIC or equation.inputs.count(value) != 1:
        return False
    return equation.primitive != "div" or equation.inputs[0] == value


@np.errstate(invalid="ignore", divide="ignore", over="ignore")  # the callers look at what is not finite
def after(flow: Flow, equation: Equation, value: int, scale: Numbers, shift: Numbers) -> tuple[Numbers, Numbers]:
    """Return the scale and shift behind an affine equation; float64, broadcast to the value's shape."""
    name = equation.primitive
    if name not in _ARITHMETIC:
        return scale, shift
    if name == "neg":
        return -scale, -shift
    first = equation.inputs[0] == value
    number = numbers_of(flow, equation.inputs[1] if first else equation.inputs[0])
    if name in {"add", "add_any"}:
        return scale, shift + number
    if name == "sub":
        return (scale, shift - number) if first else (-scale, number - shift)
    if name == "mul":
        return scale * number, shift * number
    return scale / number, shift / number


def changes_scale(equation: Equation) -> bool:
    """Whether an affine equation multiplies."""
    return equation.primitive in {"mul", "div", "neg"}


def numbers_of(flow: Flow, atom: Atom) -> Numbers:
    """Return the numbers of a static atom in float64; a broadcast costs no memory."""
    if isinstance(atom, Constant):
        return np.asarray(atom.value, np.float64)
    source = flow.statics.source(atom)
    array = np.asarray(source.value, np.float64)
    for step in source.view:
        moved = moved_by(step, array)
        if moved is None:
            return np.asarray(flow.statics.value(atom), np.float64)
        array = moved
    return array


def moved_by(step: Step | Equation, array: Numbers) -> Numbers | None:
    """Apply a step that only moves numbers, or return None for any other."""
    rule = _MOVES.get(step.primitive)
    return None if rule is None else rule(dict(step.params), array)


def vector(array: Numbers, shape: tuple[int, ...], axis: int) -> Numbers | None:
    """Return the numbers along ``axis`` of an array broadcast to ``shape``, or None where another axis matters."""
    full = np.broadcast_to(array, shape)
    along = full[tuple(slice(None) if index == axis else 0 for index in range(len(shape)))]
    view = along.reshape([-1 if index == axis else 1 for index in range(len(shape))])
    return np.array(along) if np.array_equal(full, np.broadcast_to(view, shape), equal_nan=True) else None


def _broadcast(params: dict[str, Any], array: Numbers) -> Numbers:
    shape, kept = params["shape"], params["broadcast_dimensions"]
    sizes = [1] * len(shape)
    for size, place in zip(array.shape, kept, strict=True):
        sizes[place] = size
    return np.broadcast_to(array.reshape(sizes), shape)


_MOVES: dict[str, Callable[[dict[str, Any], Numbers], Numbers]] = {
    "reshape": lambda params, array: array.reshape(params["new_sizes"]),
    "transpose": lambda params, array: array.transpose(params["permutation"]),
    "squeeze": lambda params, array: array.squeeze(tuple(params["dimensions"])),
    "broadcast_in_dim": _broadcast,
}
