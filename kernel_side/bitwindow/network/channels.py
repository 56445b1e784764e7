"""Which axis of a parameter or activation counts its channels (the output features)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bitwindow.network.records import Contraction, Convolution, Step


def weight_axis(operation: Convolution | Contraction, position: int, rank: int) -> int | None:
    """Return the output-feature axis of operand ``position`` (of ``rank`` axes) of a product, or None."""
    if isinstance(operation, Convolution):
        return operation.rhs_spec[0]
    used = {*operation.contracting[position], *operation.batch[position]}
    free = [axis for axis in range(rank) if axis not in used]
    return free[0] if len(free) == 1 else None


def output_axis(operation: Convolution | Contraction, position: int, ranks: tuple[int, int]) -> int | None:
    """Return the axis of a product's output that counts the output features of the weight, operand ``position``."""
    if isinstance(operation, Convolution):
        return operation.out_spec[1]
    axis = weight_axis(operation, position, ranks[position])
    if axis is None:
        return None
    batch = len(operation.batch[0])
    other = ranks[1 - position] - len(operation.contracting[1 - position]) - batch
    return batch + (other if position == 1 else 0)


def axis_in_parameter(view: Sequence[Step], shape: tuple[int, ...], axis: int | None) -> int | None:
    """Return the axis of a parameter of ``shape`` that becomes ``axis`` under ``view``, or None.

    >>> axis_in_parameter([Step(primitive="transpose", params={"permutation": (1, 0)})], (3, 5), 0)
    1
    """
    shapes = [shape]
    if not shape:
        return None
    for step in view:
        after = _shape_after(step, shapes[-1])
        if after is None:
            return None
        shapes.append(after)
    for step, before, after in zip(reversed(view), reversed(shapes[:-1]), reversed(shapes[1:]), strict=True):
        if axis is None:
            return None
        axis = _axis_before(step, before, after, axis)
    return axis


def seen_shape(view: Sequence[Step], shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape that a parameter has under ``view``, or None where a step picks or pads."""
    for step in view:
        after = _shape_after(step, shape)
        if after is None:
            return None
        shape = after
    return shape


def _shape_after(step: Step, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    params: dict[str, Any] = dict(step.params)
    if step.primitive == "reshape":
        return tuple(params["new_sizes"])
    if step.primitive == "transpose":
        return tuple(shape[axis] for axis in params["permutation"])
    if step.primitive == "broadcast_in_dim":
        return tuple(params["shape"])
    if step.primitive == "step":
        return shape[1:]
    if step.primitive == "squeeze":
        return tuple(size for axis, size in enumerate(shape) if axis not in params["dimensions"])
    return shape if step.primitive == "rev" else None


def _axis_before(step: Step, before: tuple[int, ...], after: tuple[int, ...], axis: int) -> int | None:
    params: dict[str, Any] = dict(step.params)
    if step.primitive == "step":
        return axis + 1
    if step.primitive == "transpose":
        return int(params["permutation"][axis])
    if step.primitive == "broadcast_in_dim":
        kept = list(params["broadcast_dimensions"])
        return kept.index(axis) if axis in kept else None
    if step.primitive == "squeeze":
        kept = [index for index in range(len(before)) if index not in params["dimensions"]]
        return int(kept[axis])
    if step.primitive == "reshape":
        ahead = math.prod(after[:axis])
        fits = [index for index in range(len(before)) if math.prod(before[:index]) == ahead]
        return next((index for index in fits if before[index] == after[axis]), None)
    return axis
