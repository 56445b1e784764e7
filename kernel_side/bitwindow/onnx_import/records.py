"""A graph as plain records: what the interpreter reads, with nothing left of the protocol buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any
"""NumPy array, JAX array or tracer."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An attribute of a function's node that takes its value from the function's own attribute ``name``."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Declared:
    """An input as the file declares it; a size is a number, a name ("batch"), or None where the file says nothing."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True, kw_only=True)
class Node:
    """One operator applied to named values; a missing optional input or output is "".

    ``proto`` is the node as it stands in the file, for operators whose function body depends on the node.
    """

    op: str
    domain: str
    overload: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    proto: Any


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes in an order in which each comes after what it reads; ``constants`` are the initializers."""

    name: str
    nodes: tuple[Node, ...]
    inputs: tuple[Declared, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of the file: its nodes, the names of its inputs, outputs and attributes, and its operator sets."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    nodes: tuple[Node, ...]
    opsets: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A whole file: its graph, its functions by (domain, name, overload), and the operator sets it is written in."""

    where: str
    graph: Graph
    opsets: Mapping[str, int]
    functions: Mapping[tuple[str, str, str], Function] = field(default_factory=dict)
