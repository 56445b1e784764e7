"""From protocol buffers to records, each part checked as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bitwindow.errors import ModelError
from bitwindow.onnx_import.dtypes import numpy_dtype
from bitwindow.onnx_import.limits import MOST_LEVELS
from bitwindow.onnx_import.records import Declared, Function, Graph, Node, Opened, Reference
from bitwindow.onnx_import.tensors import read_tensor

OLDEST_OPSET = 7
_FLOAT, _INT, _STRING, _TENSOR, _GRAPH, _FLOATS, _INTS, _STRINGS, _TENSORS, _GRAPHS = range(1, 11)


def parse(proto: Any, folder: Path | None, where: str) -> Opened:
    """Return a ``ModelProto`` as records.

    Raises:
        ModelError: If a part is damaged, or the file is written in an operator set that is too old or too new.
    """
    opsets = _opsets(proto.opset_import, where)
    _check_opset(opsets, where)
    reader = _Reader(folder, where)
    functions = {}
    for item in proto.functions:
        domain, name, overload = _named([_domain(item.domain), item.name, getattr(item, "overload", "")], where)
        functions[domain, name, overload] = reader.function(item)
    return Opened(where=where, graph=reader.graph(proto.graph, 0), opsets=opsets, functions=functions)


def _opsets(imports: Iterable[Any], where: str) -> dict[str, int]:
    found = {_named([_domain(entry.domain)], where)[0]: int(entry.version) for entry in imports}
    if len(found) > 1000 or any(not 0 <= version < 2**31 for version in found.values()):
        raise ModelError(f"{where}: wanted a few operator sets, got {str(found)[:80]}; the file is damaged")
    return found


def _named(names: Iterable[Any], where: str) -> list[str]:
    """Return names, all of which are texts: protocol buffers give bytes for one that is no UTF-8.

    Raises:
        ModelError: If one is no text.
    """
    found = list(names)
    if any(not isinstance(name, str) for name in found):
        raise ModelError(f"{where}: wanted names that are texts, got bytes that are none; the file is damaged")
    return found


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _check_opset(opsets: dict[str, int], where: str) -> None:
    import onnx

    newest = onnx.defs.onnx_opset_version()
    version = opsets.setdefault("", 0) or (OLDEST_OPSET if len(opsets) > 1 else 0)
    opsets[""] = version
    if not OLDEST_OPSET <= version <= newest:
        raise ModelError(
            f"{where}: wanted a model in opset {OLDEST_OPSET} to {newest}, got opset {version}; export it again with "
            f"opset_version={min(newest, 17)}, or convert it with onnx.version_converter"
        )


class _Reader:
    def __init__(self, folder: Path | None, where: str) -> None:
        self.folder = folder
        self.where = where

    def graph(self, proto: Any, level: int) -> Graph:
        if level > MOST_LEVELS:
            raise ModelError(f"{self.where}: wanted graphs at most {MOST_LEVELS} deep inside one another, got more")
        if len(proto.sparse_initializer):
            raise ModelError(f"{self.where}: wanted dense initializers, got a sparse one; store the tensors dense")
        _named([proto.name, *(item.name for item in (*proto.initializer, *proto.output))], self.where)
        constants = {
            item.name: read_tensor(item, self.folder, f"{self.where}: tensor {_shown(item.name)}")
            for item in proto.initializer
        }
        return Graph(
            name=proto.name,
            nodes=tuple(self.node(item, level) for item in proto.node),
            inputs=tuple(self.declared(item) for item in proto.input if level or item.name not in constants),
            outputs=tuple(item.name for item in proto.output),
            constants=constants,
        )

    def node(self, proto: Any, level: int) -> Node:
        overload = getattr(proto, "overload", "")
        _named([proto.op_type, proto.domain, proto.name, overload, *proto.input, *proto.output], self.where)
        _named([item.name for item in proto.attribute], self.where)
        where = f"{self.where}: node {_shown(proto.name or proto.op_type)}"
        return Node(
            op=proto.op_type,
            domain=_domain(proto.domain),
            overload=overload,
            name=proto.name,
            inputs=tuple(proto.input),
            outputs=tuple(proto.output),
            attributes={item.name: self.attribute(item, level, where) for item in proto.attribute},
            proto=proto,
        )

    def attribute(self, proto: Any, level: int, where: str) -> Any:
        _named([proto.ref_attr_name], where)
        if proto.ref_attr_name:
            return Reference(name=proto.ref_attr_name)
        where = f"{where}: attribute {_shown(proto.name)}"
        read: dict[int, Callable[[], Any]] = {
            _FLOAT: lambda: float(np.float32(proto.f)),
            _INT: lambda: int(proto.i),
            _STRING: lambda: _text(proto.s, where),
            _TENSOR: lambda: read_tensor(proto.t, self.folder, where),
            _GRAPH: lambda: self.graph(proto.g, level + 1),
            _FLOATS: lambda: tuple(float(item) for item in proto.floats),
            _INTS: lambda: tuple(int(item) for item in proto.ints),
            _STRINGS: lambda: tuple(_text(item, where) for item in proto.strings),
            _TENSORS: lambda: tuple(read_tensor(item, self.folder, where) for item in proto.tensors),
            _GRAPHS: lambda: tuple(self.graph(item, level + 1) for item in proto.graphs),
        }
        # A type or a sparse tensor is None: the operator that asks for it says so.
        return read[proto.type]() if proto.type in read else None

    def function(self, proto: Any) -> Function:
        _named([*proto.input, *proto.output, *proto.attribute], self.where)
        defaults = {item.name: self.attribute(item, 0, f"{self.where}: {proto.name}") for item in proto.attribute_proto}
        return Function(
            inputs=tuple(proto.input),
            outputs=tuple(proto.output),
            attributes={**dict.fromkeys(proto.attribute), **defaults},
            nodes=tuple(self.node(item, 1) for item in proto.node),
            opsets=_opsets(proto.opset_import, self.where),
        )

    def declared(self, proto: Any) -> Declared:
        _named([proto.name], self.where)
        kind = proto.type.WhichOneof("value")
        if kind != "tensor_type":
            return Declared(name=proto.name, dtype=np.dtype(np.void), shape=None)
        tensor = proto.type.tensor_type
        where = f"{self.where}: input {_shown(proto.name)}"
        dtype = numpy_dtype(tensor.elem_type, where) if tensor.elem_type else np.dtype(np.float32)
        if not tensor.HasField("shape"):
            return Declared(name=proto.name, dtype=dtype, shape=None)
        return Declared(name=proto.name, dtype=dtype, shape=tuple(_size(item, where) for item in tensor.shape.dim))


def function_of(proto: Any, where: str) -> Function:
    """Return a function body of the ONNX standard as a record."""
    return _Reader(None, where).function(proto)


def attribute_of(proto: Any, where: str) -> Any:
    """Return the value of an attribute."""
    return _Reader(None, where).attribute(proto, 0, where)


def _size(proto: Any, where: str) -> int | str | None:
    if proto.WhichOneof("value") == "dim_value" and proto.dim_value >= 0:
        return int(proto.dim_value)
    return _named([proto.dim_param], where)[0] or None


def _text(raw: bytes, where: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ModelError(f"{where}: wanted a text, got bytes that are none; the file is damaged") from error


def _shown(name: str) -> str:
    return repr(name[:80])


def constants_of(graph: Graph) -> list[str]:
    """Return the names of everything that may be a parameter, subgraphs included, in the order of the file."""
    found = [name for name, value in graph.constants.items() if value.ndim]
    for node in graph.nodes:
        if node.op in {"Constant", "DequantizeLinear"} and node.outputs:
            found.append(node.outputs[0])
        for value in node.attributes.values():
            if isinstance(value, Graph):
                found += constants_of(value)
    return list(dict.fromkeys(found))
