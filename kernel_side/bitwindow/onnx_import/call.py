"""One call of an operator: its attributes, its version, and its words when something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.onnx_import.dtypes import canonical, numpy_dtype
from bitwindow.onnx_import.limits import elements_of
from bitwindow.onnx_import.records import Graph, Node

_MISSING = object()


class NeedsConstantError(ModelError):
    """An operator's input decides a shape, and is computed from the network's inputs."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an operator's function gets beside its inputs.

    Attributes:
        node: The node; its attributes are final.
        opset: The version of the node's operator set.
        where: File, node and operator, for messages.
        folding: Whether it is computed now, from known inputs, in NumPy.
        channels_last: Whether the inputs of shape (N, C, ...) come as (N, ..., C) and the result must too.
        fixed_batch: The batch that the file fixes, where the graph runs at another one; else None.
        batch: How many samples the graph runs at.
        subgraph: Runs a graph of the node's attributes on inputs, with the names around it in sight.
    """

    node: Node
    opset: int
    where: str
    folding: bool
    channels_last: bool = False
    fixed_batch: int | None = None
    batch: int = 1
    subgraph: Callable[[Graph, Sequence[Any]], list[Any]] = field(repr=False)

    @property
    def xp(self) -> Any:
        """The array package to compute with: NumPy where the inputs are known, else JAX."""
        return np if self.folding else jnp

    @property
    def outputs(self) -> int:
        """How many outputs the node has, up to the last one that is named."""
        named = [position for position, name in enumerate(self.node.outputs) if name]
        return 1 + max(named, default=0)

    def wants(self, position: int) -> bool:
        """Whether anything may read an output."""
        return position < len(self.node.outputs) and bool(self.node.outputs[position])

    def get(self, name: str, default: Any = _MISSING) -> Any:
        """Return an attribute.

        Raises:
            ModelError: If it is missing and has no default.
        """
        value = self.node.attributes.get(name)
        if value is not None:
            return value
        if default is _MISSING:
            raise self.fail(f"the attribute {name!r}", "none")
        return default

    def ints(self, name: str, default: Sequence[int] | None = None) -> tuple[int, ...] | None:
        """Return an attribute that is a list of integers."""
        value = self.node.attributes.get(name)
        if value is None:
            return None if default is None else tuple(default)
        if not isinstance(value, tuple) or not all(isinstance(item, int) for item in value):
            raise self.fail(f"integers as {name!r}", repr(value)[:60])
        return value

    def dtype(self, code: Any) -> np.dtype[Any]:
        """Return the dtype of an element type: as it is where the value is known now, else as JAX keeps it."""
        found = numpy_dtype(int(code), self.where)
        return found if self.folding else canonical(found)

    def index_dtype(self) -> np.dtype[Any]:
        """Return the dtype of indices: int64, or what JAX keeps it in."""
        return np.dtype(np.int64) if self.folding else canonical(np.int64)

    def axis(self, axis: int, rank: int) -> int:
        """Return an axis counted from the front.

        Raises:
            ModelError: If the value has no such axis.
        """
        if not -rank <= axis < rank:
            raise self.fail(f"an axis of a value with {rank} axes", str(axis))
        return axis % rank if rank else 0

    def allow(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return a shape that a value is to be made with, after a check of its size.

        Raises:
            ModelError: If it is larger than memory is taken for.
        """
        sizes = tuple(int(size) for size in shape)
        elements_of(sizes, self.where, samples=self.batch, folding=self.folding)
        return sizes

    def fail(self, wanted: str, got: str, advice: str = "") -> ModelError:
        """Return the error for something that is not as it must be."""
        hint = advice or "check the file with onnx.checker.check_model, or export it again"
        return ModelError(f"{self.where}: wanted {wanted}, got {got}; {hint}")

    def with_layout(self, *, channels_last: bool) -> Call:
        """Return the call for inputs in another order of axes."""
        return replace(self, channels_last=channels_last)
