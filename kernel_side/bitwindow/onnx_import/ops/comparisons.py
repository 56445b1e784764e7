"""Comparisons and choices, element by element."""

from __future__ import annotations

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

_NAMES = {
    "Equal": "equal",
    "Greater": "greater",
    "GreaterOrEqual": "greater_equal",
    "Less": "less",
    "LessOrEqual": "less_equal",
}


@operator(*_NAMES, layout="elementwise")
def _compare(call: Call, x: Array, y: Array) -> Array:
    return getattr(call.xp, _NAMES[call.node.op])(x, y)


@operator("Where", layout="elementwise")
def _where(call: Call, condition: Array, x: Array, y: Array) -> Array:
    return call.xp.where(condition, x, y).astype(x.dtype)
