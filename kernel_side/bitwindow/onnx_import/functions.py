"""Operators that are functions: those of the file, and those whose body the ONNX standard gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bitwindow.errors import ModelError
from bitwindow.onnx_import.dtypes import element_type
from bitwindow.onnx_import.parse import attribute_of, function_of
from bitwindow.onnx_import.records import Function, Node, Opened
from bitwindow.onnx_import.values import ChannelsLast, Weight


@dataclass(frozen=True, kw_only=True)
class Expanded:
    """A function and the operator sets that its nodes are written in."""

    function: Function
    opsets: Mapping[str, int]


def expand(node: Node, opened: Opened, opsets: Mapping[str, int], inputs: Sequence[Any], where: str) -> Expanded:
    """Return the function that a node calls.

    Raises:
        ModelError: If neither the file nor the standard says what the operator does.
    """
    own = opened.functions.get((node.domain, node.op, node.overload))
    if own is not None:
        return Expanded(function=own, opsets=own.opsets)
    schema = _schema(node, opsets)
    body = None if schema is None else _standard_body(schema, node, opsets, inputs, where)
    if body is None:
        domain = f" of the domain {node.domain!r}" if node.domain else ""
        raise ModelError(
            f"{where}: wanted an operator that bitwindow computes, got {node.op[:80]!r}{domain} (opset "
            f"{opsets.get(node.domain, 0)}); export the network without it, or pass the part before it with outputs="
        )
    function = function_of(body, where)
    defaults = {
        name: attribute_of(item.default_value, where)
        for name, item in schema.attributes.items()
        if item.default_value.type
    }
    whole = replace(function, attributes={**function.attributes, **defaults})
    return Expanded(function=whole, opsets={**opsets, **function.opsets})


def _schema(node: Node, opsets: Mapping[str, int]) -> Any:
    import onnx

    try:
        return onnx.defs.get_schema(node.op, opsets.get(node.domain, 0), node.domain)
    except onnx.defs.SchemaError:
        return None


def _standard_body(schema: Any, node: Node, opsets: Mapping[str, int], inputs: Sequence[Any], where: str) -> Any:
    import onnx

    version = opsets.get(node.domain, 0)
    if schema.has_function:
        return schema.function_body
    if not schema.has_context_dependent_function:
        return None
    known = [at for at in schema.context_dependent_function_opset_versions if at <= version]
    if not known:
        return None
    types = [_type_of(value).SerializeToString() for value in inputs]
    raw = schema.get_context_dependent_function_with_opset_version(
        max(known), _resolved(node).SerializeToString(), types
    )
    body = onnx.FunctionProto()
    body.ParseFromString(raw)
    if not body.node:
        raise ModelError(f"{where}: wanted inputs that fit {node.op}, got others; check the file")
    return body


def _resolved(node: Node) -> Any:
    """Return the node as the file has it, with the attributes of the function around it filled in."""
    import onnx

    made = onnx.NodeProto()
    made.CopyFrom(node.proto)
    kept = [item for item in node.proto.attribute if not item.ref_attr_name]
    filled = [
        onnx.helper.make_attribute(item.name, node.attributes[item.name])
        for item in node.proto.attribute
        if item.ref_attr_name and isinstance(node.attributes.get(item.name), int | float | str)
    ]
    del made.attribute[:]
    made.attribute.extend([*kept, *filled])
    return made


def _type_of(value: Any) -> Any:
    import onnx

    made = onnx.TypeProto()
    if isinstance(value, tuple):
        first = _type_of(value[0]) if value else _type_of(None)
        made.sequence_type.elem_type.CopyFrom(first)
        return made
    array = value.array if isinstance(value, ChannelsLast) else value.static if isinstance(value, Weight) else value
    if array is not None:
        made.tensor_type.elem_type = element_type(array.dtype)
        for size in array.shape:
            made.tensor_type.shape.dim.add().dim_value = int(size)
    return made
