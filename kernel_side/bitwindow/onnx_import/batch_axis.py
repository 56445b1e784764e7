"""Where a graph keeps its batch: on the first axis, or on another, as recurrent networks have it (time, batch, ...).

A model of bitwindow takes and returns the batch first. A graph that has it elsewhere is turned at its inputs and
outputs, which moves numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp

from bitwindow.errors import ModelError
from bitwindow.onnx_import.records import Declared, Opened

_NAMES = frozenset({"batch", "batch_size", "batchsize", "batch_dim", "samples", "num_samples"})
"""What exporters and people call the size of a batch; a single letter (N) may as well count points or nodes."""


def input_axes(opened: Opened, given: int | Mapping[str, int] | None) -> dict[str, int]:
    """Return the axis of the batch of every input, by name.

    Args:
        opened: The file.
        given: The axis of all inputs, or by name of an input or output, or None to read it off the names of the sizes:
            a size called ``batch``, ``batch_size`` or the like, which every input has once.

    Raises:
        ModelError: If an axis or a name is none of the graph's.
    """
    inputs = opened.graph.inputs
    if given is None:
        return _named(inputs) or {item.name: 0 for item in inputs}
    by_name = dict(given) if isinstance(given, Mapping) else {item.name: given for item in inputs}
    known = {item.name for item in inputs} | set(opened.graph.outputs)
    strange = [name for name in by_name if name not in known]
    if strange:
        raise ModelError(
            f"{opened.where}: batch_axis: wanted names of inputs or outputs ({', '.join(sorted(known))[:300]}), got "
            f"{strange[0]!r}"
        )
    return {item.name: _checked(opened, item, by_name.get(item.name, 0)) for item in inputs}


def output_axis_given(name: str, given: int | Mapping[str, int] | None) -> int:
    """Return the axis of an output's batch, as far as it was said."""
    if isinstance(given, Mapping):
        return given.get(name, 0)
    return given or 0


def batch_first(opened: Opened, axes: Mapping[str, int]) -> Opened:
    """Return the file with its inputs declared as the model takes them, the batch first."""
    inputs = tuple(
        replace(item, shape=tuple(moved(item.shape, axes[item.name]))) if item.shape else item
        for item in opened.graph.inputs
    )
    return replace(opened, graph=replace(opened.graph, inputs=inputs))


def moved(shape: Sequence[Any], axis: int) -> list[Any]:
    """Return sizes with that of ``axis`` in front.

    >>> moved(["time", "batch", 6], 1)
    ['batch', 'time', 6]
    """
    return [shape[axis], *shape[:axis], *shape[axis + 1 :]]


def to_graph(value: Any, axis: int) -> Any:
    """Turn a value of the model into the graph's order."""
    return jnp.moveaxis(value, 0, axis) if axis else value


def from_graph(value: Any, axis: int) -> Any:
    """Turn a value of the graph into the model's order."""
    return jnp.moveaxis(value, axis, 0) if axis else value


def _named(inputs: Sequence[Declared]) -> dict[str, int] | None:
    """Return the axes of the one size that is called like a batch and that every input has once."""
    shapes = [item.shape or () for item in inputs]
    if not all(shapes):
        return None
    texts = [size for size in dict.fromkeys(size for shape in shapes for size in shape) if isinstance(size, str)]
    found = [text for text in texts if text.lower() in _NAMES and all(list(shape).count(text) == 1 for shape in shapes)]
    if len(found) != 1:
        return None
    return {item.name: list(item.shape or ()).index(found[0]) for item in inputs}


def _checked(opened: Opened, item: Declared, axis: Any) -> int:
    rank = None if item.shape is None else len(item.shape)
    if not isinstance(axis, int) or isinstance(axis, bool) or axis < 0 or (rank is not None and axis >= max(rank, 1)):
        raise ModelError(
            f"{opened.where}: batch_axis: wanted the place of the batch in input {item.name[:80]!r} of shape "
            f"{list(item.shape or ())}, counted from 0, got {axis!r}"
        )
    if axis and item.shape is None:
        raise ModelError(
            f"{opened.where}: batch_axis: wanted an input whose shape the file declares, and it declares none of "
            f"{item.name[:80]!r}; export the graph with its input shapes"
        )
    return axis
