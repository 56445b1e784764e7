"""Types that the file itself gives: quantization by a power of two with zero point 0 is a fixed-point type."""

from __future__ import annotations

from collections.abc import Mapping
from math import frexp
from typing import Any

import numpy as np

from bitwindow.errors import FormatError
from bitwindow.model.typed import as_type
from bitwindow.numbers.format import FixedPoint
from bitwindow.onnx_import.dtypes import BITS
from bitwindow.onnx_import.records import Node, Opened
from bitwindow.onnx_import.registry import Operator


def formats_of(opened: Opened, names: Mapping[str, str]) -> dict[str, FixedPoint]:
    """Return the type of every value that the file quantizes by a power of two, with zero point 0.

    Keys are site names for parameters and inputs, and the names of the graph's values for others. A value with another
    scale or zero point is left out: its type is no fixed-point type.
    """
    constants = _known(opened)
    found: dict[str, FixedPoint] = {}
    for node in opened.graph.nodes:
        if node.op in {"QuantizeLinear", "DequantizeLinear"} and len(node.inputs) >= 2:
            made = _format(node, constants)
            if made is not None:
                found[names.get(node.inputs[0], node.inputs[0])] = made
    if len(opened.graph.inputs) == 1 and opened.graph.inputs[0].name in found:
        found["input"] = found.pop(opened.graph.inputs[0].name)  # as its site is called
    return found


def activation_types(opened: Opened) -> dict[str, FixedPoint]:
    """Return the fixed-point type that each QuantizeLinear and DequantizeLinear of the graph stands for.

    Keys are the names of the nodes' outputs. A node with another scale or zero point is left out.
    """
    constants = _known(opened)
    found = {}
    for node in opened.graph.nodes:
        if node.op in {"QuantizeLinear", "DequantizeLinear"} and node.domain == "" and len(node.inputs) >= 2:
            made = _format(node, constants)
            if made is not None:
                found[node.outputs[0]] = made
    return found


def cast_to(fmt: FixedPoint) -> Operator:
    """Return the operator that a pair of QuantizeLinear and DequantizeLinear of one type is."""
    return Operator(function=lambda _, x: as_type(x, fmt), layout="elementwise", folds=False)


def _known(opened: Opened) -> dict[str, np.ndarray[Any, Any]]:
    constants = {**opened.graph.constants}
    for node in opened.graph.nodes:
        if node.op == "Constant" and isinstance(node.attributes.get("value"), np.ndarray):
            constants[node.outputs[0]] = node.attributes["value"]
    return constants


def _format(node: Node, constants: Mapping[str, np.ndarray[Any, Any]]) -> FixedPoint | None:
    scale = constants.get(node.inputs[1])
    zero = constants.get(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    stored = constants.get(node.inputs[0]) if node.op == "DequantizeLinear" else zero
    dtype = np.dtype(np.uint8) if stored is None and zero is None else (zero if stored is None else stored).dtype  # type: ignore[union-attr]
    integer = dtype.kind in "iu" or dtype.name in {"int4", "uint4", "int2", "uint2"}
    if scale is None or scale.size != 1 or not integer or (zero is not None and np.any(zero.astype(np.int64))):
        return None
    mantissa, exponent = frexp(float(scale.reshape(())))
    if mantissa != 0.5:
        return None
    signed = not dtype.name.startswith("uint")
    try:
        return FixedPoint(
            signed=signed, word_length=BITS.get(dtype.name, dtype.itemsize * 8), fraction_length=1 - exponent
        )
    except FormatError:
        return None
