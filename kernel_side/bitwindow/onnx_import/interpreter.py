"""Runs a graph: node by node, functions read in place, what is known computed at once, the rest in JAX."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.numbers.format import FixedPoint
from bitwindow.onnx_import.apply import apply
from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import is_float
from bitwindow.onnx_import.functions import Expanded, expand
from bitwindow.onnx_import.limits import MOST_LEVELS, Budget
from bitwindow.onnx_import.names import scope_of
from bitwindow.onnx_import.records import Graph, Node, Opened, Reference
from bitwindow.onnx_import.registry import find
from bitwindow.onnx_import.types import cast_to
from bitwindow.onnx_import.values import Parameters, Weight, is_known

Environment = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a graph is run: its batch, the batch that the file fixes (None where it does not), and the layout."""

    batch: int = 1
    fixed_batch: int | None = None
    channels_last: bool = True


@dataclass(kw_only=True)
class Interpreter:
    """One run of a model's graph.

    Args:
        opened: The file.
        parameters: The model's parameters of this run.
        names: The path of every constant that may be a parameter.
        settings: The batch and the layout.
        types: The fixed-point types that the outputs of quantizing nodes stand for, by name.
        unrounded: What was quantized to one of these types, by the name of the stored integers.
    """

    opened: Opened
    parameters: Parameters
    names: Mapping[str, str]
    settings: Settings = field(default_factory=Settings)
    budget: Budget = field(default_factory=Budget)
    types: Mapping[str, FixedPoint] = field(default_factory=dict)
    level: int = 0
    unrounded: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let expressions of the file's own constants take a few times their room."""
        self.budget.folded += 4 * sum(value.size for value in self.opened.graph.constants.values())

    def run(self, inputs: Mapping[str, Any]) -> list[Any]:
        """Return the values of the graph's outputs."""
        graph = self.opened.graph
        environment = {**self._constants(graph), **inputs}
        self._nodes(graph.nodes, environment, self.opened.opsets, scoped=True)
        return [self._read(environment, name, f"{self.opened.where}: output {name!r}") for name in graph.outputs]

    # ------------------------------------------------------------ graphs

    def _constants(self, graph: Graph) -> Environment:
        return {name: self.constant(name, value) for name, value in graph.constants.items()}

    def constant(self, name: str, value: np.ndarray[Any, Any]) -> Any:
        """Return a constant: a parameter where it is an array of floating-point numbers, else the array itself."""
        if value.ndim == 0 or not is_float(value.dtype):
            return value
        return self.parameters.weight(self.names.get(name, name), value)

    def _nodes(
        self, nodes: Sequence[Node], environment: Environment, opsets: Mapping[str, int], *, scoped: bool
    ) -> None:
        for node in nodes:
            with _scope(node) if scoped else contextlib.nullcontext():
                results = self._node(node, environment, opsets)
            for name, value in zip(node.outputs, results, strict=False):
                if name:
                    environment[name] = value

    def _subgraph(
        self, graph: Graph, inputs: Sequence[Any], around: Environment, opsets: Mapping[str, int]
    ) -> list[Any]:
        with self._deeper(graph.name):
            environment = {**around, **self._constants(graph)}
            environment.update((item.name, value) for item, value in zip(graph.inputs, inputs, strict=False))
            self._nodes(graph.nodes, environment, opsets, scoped=True)
            return [self._read(environment, name, f"{self.opened.where}: {graph.name}") for name in graph.outputs]

    def _function(self, expanded: Expanded, node: Node, inputs: Sequence[Any]) -> list[Any]:
        function = expanded.function
        with self._deeper(node.op):
            attributes = {**function.attributes, **{k: v for k, v in node.attributes.items() if v is not None}}
            environment: Environment = dict.fromkeys(function.inputs)
            environment.update(zip(function.inputs, inputs, strict=False))
            nodes = [_filled(item, attributes) for item in function.nodes]
            self._nodes(nodes, environment, expanded.opsets, scoped=False)
            return [environment.get(name) for name in function.outputs]

    @contextlib.contextmanager
    def _deeper(self, name: str) -> Iterator[None]:
        if self.level >= MOST_LEVELS:
            raise ModelError(
                f"{self.opened.where}: {name}: wanted functions and graphs at most {MOST_LEVELS} deep inside one "
                "another, got more; the file calls itself without end"
            )
        self.level += 1
        try:
            yield
        finally:
            self.level -= 1

    # ------------------------------------------------------------ nodes

    def _node(self, node: Node, environment: Environment, opsets: Mapping[str, int]) -> list[Any]:
        where = f"{self.opened.where}: node {(node.name or node.outputs[0] if node.outputs else '')[:80]!r} ({node.op})"
        self.budget.call(where)
        inputs = [self._read(environment, name, where) if name else None for name in node.inputs]
        call = self._call(node, where, environment, opsets)
        if node.op == "Constant" and node.domain == "":
            return [self._constant_node(node, call)]
        own = (node.domain, node.op, node.overload) in self.opened.functions
        found = None if own else find(node.domain, node.op)
        if found is None:
            expanded = expand(node, self.opened, opsets, inputs, where)
            return self._function(expanded, node, inputs)
        if self.level == 0 and node.op == "DequantizeLinear" and node.inputs[0] in self.unrounded:
            fmt = self.types.get(node.outputs[0])
            if fmt is not None and fmt == self.types[node.inputs[0]]:
                return apply(cast_to(fmt), call, [self.unrounded[node.inputs[0]]], self.budget)
        results = apply(found, call, inputs, self.budget)
        if (
            self.level == 0
            and node.op == "QuantizeLinear"
            and node.outputs[0] in self.types
            and not is_known(inputs[0])
        ):
            self.unrounded[node.outputs[0]] = inputs[0]
        if node.op == "DequantizeLinear" and isinstance(results[0], np.ndarray | Weight):
            # Weights stored as integers are parameters by the name that they are stored under.
            return [self._stored_weight(node.inputs[0], results[0])]
        return results

    def _stored_weight(self, name: str, value: Any) -> Any:
        known = value.static if isinstance(value, Weight) else value
        return self.constant(name, known) if name in self.names else value

    def _call(self, node: Node, where: str, environment: Environment, opsets: Mapping[str, int]) -> Call:
        return Call(
            node=node,
            opset=opsets.get(node.domain, 1),
            where=where,
            folding=False,
            channels_last=self.settings.channels_last,
            fixed_batch=self.settings.fixed_batch,
            batch=self.settings.batch,
            subgraph=lambda graph, inputs: self._subgraph(graph, inputs, environment, opsets),
        )

    def _constant_node(self, node: Node, call: Call) -> Any:
        attributes = node.attributes
        if "value" in attributes:
            value = np.asarray(attributes["value"])
            return self.constant(node.outputs[0], value) if value.dtype.kind != "O" else value
        for name, dtype in (("value_float", np.float32), ("value_int", np.int64)):
            if name in attributes:
                return np.asarray(attributes[name], dtype)
        for name, dtype in (("value_floats", np.float32), ("value_ints", np.int64)):
            if name in attributes:
                return self.constant(node.outputs[0], np.asarray(attributes[name], dtype))
        raise call.fail("a constant of numbers", ", ".join(attributes) or "no value", "take texts out of the graph")

    def _read(self, environment: Environment, name: str, where: str) -> Any:
        if name not in environment:
            raise ModelError(
                f"{where}: wanted the value {name[:80]!r}, and nothing before it makes one; the file is damaged, or "
                "its nodes are out of order"
            )
        return environment[name]


@contextlib.contextmanager
def _scope(node: Node) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for part in scope_of(node):
            stack.enter_context(jax.named_scope(part))
        yield


def _filled(node: Node, attributes: Mapping[str, Any]) -> Node:
    """Return a function's node with the attributes that the function was called with."""
    given = {
        name: attributes.get(value.name) if isinstance(value, Reference) else _filled_graph(value, attributes)
        for name, value in node.attributes.items()
    }
    return replace(node, attributes={name: value for name, value in given.items() if value is not None})


def _filled_graph(value: Any, attributes: Mapping[str, Any]) -> Any:
    if not isinstance(value, Graph):
        return value
    return replace(value, nodes=tuple(_filled(node, attributes) for node in value.nodes))
