"""Names that a person recognizes: from the names of initializers, else from the nodes that read them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bitwindow.onnx_import.records import Graph, Node

# Names that an exporter counted up, which say nothing: `onnx::Conv_123`, `42`, `val_7`, `/Constant_output_0`.
_COUNTED = re.compile(r"(onnx::|_v?_?)?[A-Za-z]*_?\d+|val_\d+|.*Constant(_\d+)?_output_\d+|_.*_const.*|const_.*")
_ENDINGS = re.compile(r"(:\d+|/ReadVariableOp|/read|_quantized|/Read)+$")
_ROLES = {
    "Conv": ("", "weight", "bias"),
    "ConvTranspose": ("", "weight", "bias"),
    "Gemm": ("", "weight", "bias"),
    "MatMul": ("weight", "weight"),
    "Add": ("bias", "bias"),
    "BatchNormalization": ("", "scale", "bias", "mean", "var"),
    "InstanceNormalization": ("", "scale", "bias"),
    "LayerNormalization": ("", "scale", "bias"),
    "GroupNormalization": ("", "scale", "bias"),
    "PRelu": ("", "slope"),
    "Gather": ("embedding", ""),
    "LSTM": ("", "input_weight", "recurrent_weight", "bias", "", "initial_h", "initial_c", "peephole"),
    "GRU": ("", "input_weight", "recurrent_weight", "bias", "", "initial_h"),
    "RNN": ("", "input_weight", "recurrent_weight", "bias", "", "initial_h"),
}


def path_of(name: str) -> str:
    """Return a name as a path: parts divided by "/", without what exporters append.

    >>> path_of("features.0.weight"), path_of("model/conv/ReadVariableOp:0"), path_of("/layer1/conv/Conv")
    ('features/0/weight', 'model/conv', 'layer1/conv/Conv')
    """
    text = _ENDINGS.sub("", name).replace("::", "/")
    parts = [part for part in re.split(r"[/.]", text) if part]
    return "/".join("".join(char if char.isprintable() else "_" for char in part) for part in parts)[:200]


def scope_of(node: Node) -> tuple[str, ...]:
    """Return the named scopes of a node: its name's parts, without an ending that only repeats the operator."""
    parts = path_of(node.name).split("/") if node.name else []
    if len(parts) > 1 and re.fullmatch(rf"{re.escape(node.op)}(_\d+)?", parts[-1]):
        parts = parts[:-1]
    return tuple(re.sub(r"->|[()]", "_", part) for part in parts if part)


def parameter_names(graph: Graph, constants: Iterable[str]) -> dict[str, str]:
    """Return the path of every constant, unique and the same in every run."""
    readers: dict[str, tuple[Node, int]] = {}
    for node in graph.nodes:
        for position, name in enumerate(node.inputs):
            readers.setdefault(name, (node, position))
    taken: set[str] = set()
    found = {}
    for name in constants:
        wanted = _wanted(name, readers.get(name))
        unique, number = wanted, 1
        while unique in taken:
            number += 1
            unique = f"{wanted}_{number}"
        taken.add(unique)
        found[name] = unique
    return found


def _wanted(name: str, reader: tuple[Node, int] | None) -> str:
    path = path_of(name)
    counted = _COUNTED.fullmatch(name) and name.lower().startswith(("onnx::", "val_", "/", "_", "const"))
    if path and not counted and not name.isdigit():
        return path
    if reader is None:
        return path or "constant"
    node, position = reader
    roles = _ROLES.get(node.op, ())
    role = roles[position] if position < len(roles) and roles[position] else f"constant_{position}"
    return "/".join([*scope_of(node), role])
