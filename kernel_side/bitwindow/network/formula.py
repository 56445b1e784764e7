"""The formula of a layer in words: what it computes from what, as its records say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bitwindow.network.records import (
    Average,
    Clip,
    Concatenation,
    Contraction,
    Convolution,
    Extremum,
    FloatComputation,
    Layer,
    Lookup,
    Loop,
    Operand,
    PassThrough,
    Product,
    RunningSum,
    Slope,
    Step,
    Sum,
    TwoSlopes,
)

_QUIET = frozenset({"broadcast_in_dim", "reshape", "squeeze"})
_SIGNS = {1: "+", -1: "-"}


def operand_text(operand: Operand) -> str:
    """Return an operand by its name and how it is moved before it is read.

    >>> operand_text(Operand(parameter="w", view=(Step(primitive="transpose", params={"permutation": (1, 0)}),)))
    'transpose(w)'
    """
    return moved(operand.parameter or operand.value or "", operand.view)


def moved(name: str, steps: Sequence[Step]) -> str:
    """Return the text of structural steps around a name."""
    for step in steps:
        name = f"{step.primitive}({name})" if step.primitive not in _QUIET else name
    return name.replace("step(", "slice of this step(")


def formula(layer: Layer) -> str:
    """Return a layer's formula, such as ``max(convolution(input, conv1/kernel) + conv1/bias, 0)``."""
    given = [operand_text(operand) for operand in layer.operands]
    text = _inner(layer, given)
    if layer.bias is not None:
        text = f"{text} + {operand_text(layer.bias)}"
    return _clipped(text, layer.activation)


def _inner(layer: Layer, given: list[str]) -> str:  # noqa: C901, PLR0911  (one line an operation)
    match layer.operation:
        case Convolution():
            return f"convolution({', '.join(given)})"
        case Contraction():
            return f"sum of products({', '.join(given)})"
        case Sum() as op:
            parts = " ".join(f"{_SIGNS[sign]} {name}" for sign, name in zip(op.signs, given, strict=True))
            return parts.removeprefix("+ ")
        case Product() as op:
            return " * ".join([*given, *([f"2^{op.exponent}"] if op.exponent else [])])
        case TwoSlopes() | Extremum() | RunningSum() as op:
            return _picked(op, given)
        case Concatenation() as op:
            return f"concatenation({', '.join(given)}; axis {op.axis})"
        case Average() as op:
            divisor = op.divisor if np.ndim(op.divisor) == 0 else "the count of samples under the window"
            total = f"sum({given[0]})" if op.axes is None else f"sum({given[0]}; axes {op.axes})"
            return total if np.ndim(op.divisor) == 0 and op.divisor == 1 else f"{total} / {divisor}"
        case PassThrough() as op:
            return moved(given[0], op.steps)
        case Lookup():
            return f"{given[0]}[{', '.join(given[1:]) or 'computed indices'}]"
        case Loop() as op:
            inner = ", ".join(one.name for one in op.layers)
            return f"{op.length} steps{' from the last to the first' if op.reverse else ''} of: {inner}"
        case FloatComputation() as op:
            return f"float function of {', '.join(given)} ({', '.join(dict.fromkeys(op.primitives))})"


def _picked(op: TwoSlopes | Extremum | RunningSum, given: list[str]) -> str:
    if isinstance(op, Extremum):
        return f"{'max' if op.largest else 'min'}({', '.join(given)})"
    if isinstance(op, RunningSum):
        return f"running sum({given[0]}; axis {op.axis}{', from the last one on' if op.reverse else ''})"
    if (op.above, op.below) == (Slope(), Slope(sign=-1)):
        return f"|{given[0]}|"
    return f"{_sloped(given, op.above)} where {given[0]} > 0, else {_sloped(given, op.below)}"


def _sloped(given: list[str], slope: Slope) -> str:
    if slope.operand is not None:
        return f"{given[0]} * {given[slope.operand]}"
    if slope.sign == 0:
        return "0"
    sign = "-" if slope.sign < 0 else ""
    return f"{sign}{given[0]}{f' * 2^{slope.exponent}' if slope.exponent else ''}"


def _clipped(text: str, clip: Clip | None) -> str:
    if clip is not None and clip.lower is not None:
        text = f"max({text}, {clip.lower:g})"
    if clip is not None and clip.upper is not None:
        text = f"min({text}, {clip.upper:g})"
    return text
