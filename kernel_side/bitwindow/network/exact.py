"""The rules that read exact layers out of equations: products, sums, averages, clips and their fusion.

Each rule looks at one equation and returns a group, or None when the equation is something else. A bias or an
activation joins the group before it when nothing else reads the value between them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.program import Atom, Constant, Equation
from bitwindow.network.records import Average, Clip, Concatenation, Contraction, Convolution, Sum
from bitwindow.network.steps import structural_step

ADDITIONS = frozenset({"add", "add_any", "sub", "neg"})
BOUNDS = frozenset({"max", "min", "clamp"})
_OPEN = Clip(lower=None, upper=None)


def product_group(flow: Flow, position: int) -> Group | None:
    """Match a convolution with a parameter or a contraction, and the bias and activation after it."""
    equation = flow.equations[position]
    if equation.primitive not in {"conv_general_dilated", "dot_general"}:
        return None
    first, second = equation.inputs
    if not all(_is_float_array(flow, atom) for atom in equation.inputs):
        return None
    if equation.primitive == "conv_general_dilated":
        if flow.statics.is_static(first) or not flow.statics.is_static(second):
            return None
        group = Group(kind="convolution", members=[position], operation=_convolution(equation))
    else:
        group = Group(kind="contraction", members=[position], operation=_contraction(equation), label="matmul")
    group.operands = (first, second)
    group.output = equation.outputs[0]
    _absorb_order(flow, group)
    _absorb_bias(flow, group)
    absorb_activation(flow, group)
    return group


def sum_group(flow: Flow, position: int) -> Group | None:
    """Match a sum or difference of values and parameters, and the activation after it."""
    equation = flow.equations[position]
    if equation.primitive not in ADDITIONS or not flow.is_float(equation.outputs[0]):
        return None
    signs = {"neg": (-1,), "sub": (1, -1)}.get(equation.primitive, (1, 1))
    group = Group(
        kind="sum",
        members=[position],
        output=equation.outputs[0],
        operation=Sum(signs=signs),
        operands=equation.inputs,
        label={"neg": "neg", "sub": "sub"}.get(equation.primitive, "add"),
    )
    _absorb_terms(flow, group, signs)
    absorb_activation(flow, group)
    return group


def concatenation_group(flow: Flow, position: int) -> Group | None:
    """Match a concatenation of floating-point values."""
    equation = flow.equations[position]
    output = equation.outputs[0]
    if equation.primitive != "concatenate" or not flow.is_float(output):
        return None
    if structural_step(equation, output, flow.statics) is not None:
        return None
    return Group(
        kind="concatenation",
        members=[position],
        output=output,
        operation=Concatenation(axis=int(equation.params["dimension"])),
        operands=equation.inputs,
        label="concat",
    )


def average_group(flow: Flow, position: int) -> Group | None:
    """Match a windowed or axis sum, the division by a whole number after it, and the activation after that."""
    equation = flow.equations[position]
    if equation.primitive not in {"reduce_sum", "reduce_window_sum"} or not flow.is_float(equation.outputs[0]):
        return None
    if isinstance(equation.inputs[0], Constant) or len(equation.inputs) != 1:
        return None
    group = Group(
        kind="average",
        members=[position],
        output=equation.outputs[0],
        operands=equation.inputs,
        label="sum" if equation.primitive == "reduce_sum" else "sum_pool",
    )
    kept = _absorb_kept_axes(flow, group)
    divisor = _absorb_divisor(flow, group)
    if not (isinstance(divisor, int) and divisor == 1):
        group.label = "mean" if equation.primitive == "reduce_sum" else "avg_pool"
    group.operation = _average(flow, equation, divisor, kept=kept)
    absorb_activation(flow, group)
    return group


def bound_of(flow: Flow, equation: Equation) -> tuple[int, Clip] | None:
    """Return the value that an equation clips with plain numbers and the clip, or None."""
    if equation.primitive not in BOUNDS or not flow.is_float(equation.outputs[0]):
        return None
    if equation.primitive == "clamp":
        low, value, high = equation.inputs
        return _clip(flow, value, [("max", low), ("min", high)])
    first, second = equation.inputs
    value, number = (second, first) if flow.statics.is_static(first) else (first, second)
    return _clip(flow, value, [(equation.primitive, number)])


def absorb_activation(flow: Flow, group: Group) -> None:
    """Take the clips that alone read a group's output into the group."""
    while (position := flow.only_reader(group.output)) is not None:
        equation = flow.equations[position]
        bound = bound_of(flow, equation)
        joined = None if bound is None else joined_clip(group.activation or _OPEN, bound[1])
        if bound is None or joined is None:
            return
        group.activation = None if joined == _OPEN else joined
        group.members.append(position)
        group.output = equation.outputs[0]


def joined_clip(first: Clip, second: Clip) -> Clip | None:
    """Return the one clip that equals ``second`` after ``first``, or None when no clip does.

    >>> joined_clip(Clip(lower=0.0, upper=None), Clip(lower=None, upper=6.0))
    Clip(lower=0.0, upper=6.0)
    """
    lower, upper = first.lower, first.upper
    if second.lower is not None:
        if upper is not None and second.lower > upper:
            return None
        lower = second.lower if lower is None else max(lower, second.lower)
    if second.upper is not None:
        upper = second.upper if upper is None else min(upper, second.upper)
    return Clip(lower=lower, upper=upper)


def divisor_of(flow: Flow, equation: Equation, value: int) -> int | np.ndarray[Any, Any] | None:
    """Return the whole number (or array of them) that an equation divides ``value`` by, or None.

    A product with a number c counts when c is the floating-point number nearest to 1 / n for a whole n.
    """
    if equation.primitive == "div" and equation.inputs[0] == value:
        return _whole(flow, equation.inputs[1])
    if equation.primitive == "mul":
        other = equation.inputs[1] if equation.inputs[0] == value else equation.inputs[0]
        factor = flow.statics.scalar(other)
        if factor is None or not 0.0 < factor <= 1.0:
            return None
        whole = round(1.0 / factor)
        return whole if np.float32(1.0 / whole) == np.float32(factor) and whole < 2**24 else None
    return None


def _convolution(equation: Equation) -> Convolution:
    params = equation.params
    numbers = params["dimension_numbers"]
    return Convolution(
        window_strides=_ints(params["window_strides"]),
        padding=tuple((int(low), int(high)) for low, high in params["padding"]),
        lhs_dilation=_ints(params["lhs_dilation"]),
        rhs_dilation=_ints(params["rhs_dilation"]),
        lhs_spec=_ints(numbers.lhs_spec),
        rhs_spec=_ints(numbers.rhs_spec),
        out_spec=_ints(numbers.out_spec),
        feature_group_count=int(params["feature_group_count"]),
        batch_group_count=int(params["batch_group_count"]),
    )


def _contraction(equation: Equation) -> Contraction:
    (first, second), (batch_first, batch_second) = equation.params["dimension_numbers"]
    return Contraction(contracting=(_ints(first), _ints(second)), batch=(_ints(batch_first), _ints(batch_second)))


def _average(flow: Flow, equation: Equation, divisor: int | np.ndarray[Any, Any], *, kept: bool) -> Average:
    params = equation.params
    operand = equation.inputs[0]
    if kept and isinstance(operand, int):
        # A window over whole axes keeps them with length 1.
        axes = _ints(params["axes"])
        shape = flow.program.shapes[operand]
        ones = (1,) * len(shape)
        return Average(
            divisor=divisor,
            window_dimensions=tuple(size if axis in axes else 1 for axis, size in enumerate(shape)),
            window_strides=ones,
            padding=((0, 0),) * len(shape),
            base_dilation=ones,
            window_dilation=ones,
        )
    if equation.primitive == "reduce_sum":
        return Average(divisor=divisor, axes=_ints(params["axes"]))
    return Average(
        divisor=divisor,
        window_dimensions=_ints(params["window_dimensions"]),
        window_strides=_ints(params["window_strides"]),
        padding=tuple((int(low), int(high)) for low, high in params["padding"]),
        base_dilation=_ints(params["base_dilation"]),
        window_dilation=_ints(params["window_dilation"]),
    )


def _absorb_order(flow: Flow, group: Group) -> None:
    """Take the transpose that alone reads a contraction into the group: a mapped product has its axes turned."""
    position = flow.only_reader(group.output)
    if group.kind != "contraction" or position is None or flow.equations[position].primitive != "transpose":
        return
    equation = flow.equations[position]
    group.order = _ints(equation.params["permutation"])
    group.members.append(position)
    group.output = equation.outputs[0]


def _absorb_bias(flow: Flow, group: Group) -> None:
    position = flow.only_reader(group.output)
    if position is None or flow.equations[position].primitive not in {"add", "add_any"}:
        return
    equation = flow.equations[position]
    first, second = equation.inputs
    other = second if first == group.output else first
    same_shape = flow.program.shapes[equation.outputs[0]] == flow.program.shapes[group.output]
    if same_shape and flow.statics.is_static(other) and _is_float_array(flow, other):
        group.members.append(position)
        group.bias = other
        group.output = equation.outputs[0]


def _absorb_terms(flow: Flow, group: Group, signs: tuple[int, ...]) -> None:
    """Take the parameters that are added to a sum of two values and nothing else reads: x W + h U + b is one sum."""
    if any(flow.statics.is_static(atom) for atom in group.operands) or len(set(group.operands)) < 2:
        return
    while (position := flow.only_reader(group.output)) is not None:
        equation = flow.equations[position]
        if equation.primitive not in {"add", "add_any", "sub"}:
            return
        first, second = equation.inputs
        term = second if first == group.output else first
        same_shape = flow.program.shapes[equation.outputs[0]] == flow.program.shapes[group.output]
        a_parameter = flow.statics.is_static(term) and flow.statics.leaves(term) and flow.statics.scalar(term) is None
        if not (same_shape and a_parameter and _is_float_array(flow, term)):
            return
        if equation.primitive == "sub":
            signs = (*signs, -1) if first == group.output else (*(-sign for sign in signs), 1)
        else:
            signs = (*signs, 1)
        group.operands, group.operation = (*group.operands, term), Sum(signs=signs)
        group.members.append(position)
        group.output = equation.outputs[0]


def keeps_axes(flow: Flow, position: int) -> int | None:
    """Return the equation that alone reads an axis sum and puts the summed axes back with length 1, or None."""
    equation = flow.equations[position]
    reader = flow.only_reader(equation.outputs[0])
    if equation.primitive != "reduce_sum" or reader is None:
        return None
    operand = equation.inputs[0]
    if not isinstance(operand, int) or flow.equations[reader].primitive not in {"broadcast_in_dim", "reshape"}:
        return None
    axes = _ints(equation.params["axes"])
    shape = flow.program.shapes[operand]
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return reader if flow.program.shapes[flow.equations[reader].outputs[0]] == kept else None


def _absorb_kept_axes(flow: Flow, group: Group) -> bool:
    # Only where a division follows; a bare sum and its reshape stay apart.
    reader = keeps_axes(flow, group.members[0])
    if reader is None:
        return False
    output = flow.equations[reader].outputs[0]
    position = flow.only_reader(output)
    if position is not None and divisor_of(flow, flow.equations[position], output) is not None:
        group.members.append(reader)
        group.output = output
        return True
    return False


def _absorb_divisor(flow: Flow, group: Group) -> int | np.ndarray[Any, Any]:
    position = flow.only_reader(group.output)
    if position is None:
        return 1
    equation = flow.equations[position]
    divisor = divisor_of(flow, equation, group.output)
    if divisor is None or flow.program.shapes[equation.outputs[0]] != flow.program.shapes[group.output]:
        return 1
    group.members.append(position)
    group.output = equation.outputs[0]
    return divisor


def _whole(flow: Flow, atom: Atom) -> int | np.ndarray[Any, Any] | None:
    number = flow.statics.scalar(atom)
    if number is not None:
        return int(number) if 0 < number < 2**24 and number == math.floor(number) else None
    if not flow.statics.is_fixed(atom):
        return None
    counts = np.asarray(flow.statics.value(atom), np.float64)
    whole = bool(np.all((counts >= 1) & (counts < 2**24) & (counts == np.floor(counts))))
    return counts.astype(np.int32) if whole else None


def _clip(flow: Flow, value: Atom, parts: list[tuple[str, Atom]]) -> tuple[int, Clip] | None:
    if isinstance(value, Constant) or flow.statics.is_static(value):
        return None
    clip = _OPEN
    for primitive, atom in parts:
        number = flow.statics.scalar(atom)
        if number is None or math.isnan(number):
            return None
        if math.isinf(number):
            # max(x, -inf) and min(x, +inf) bound nothing; the other two make a constant, which is no clip.
            if (number < 0) != (primitive == "max"):
                return None
            continue
        bound = Clip(lower=number, upper=None) if primitive == "max" else Clip(lower=None, upper=number)
        joined = joined_clip(clip, bound)
        if joined is None:
            return None
        clip = joined
    return value, clip


def _is_float_array(flow: Flow, atom: Atom) -> bool:
    if isinstance(atom, Constant):
        return np.asarray(atom.value).dtype.kind == "f"
    return flow.is_float(atom)


def _ints(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
