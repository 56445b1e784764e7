"""Shapes: reading them, and moving numbers without changing them. The batch stays the first axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator
from bitwindow.onnx_import.values import ChannelsLast, Weight


@operator("Identity", layout="elementwise")
def _identity(call: Call, x: Array) -> Array:
    return x


@operator("Shape", folds=False, sequences=True)
def _shape(call: Call, x: Any) -> Array:
    shape = _shape_of(x)
    start, end = call.get("start", 0), call.get("end", None)
    return np.asarray(shape[start:] if end is None else shape[start:end], np.int64)


@operator("Size", folds=False, sequences=True)
def _size(call: Call, x: Any) -> Array:
    return np.asarray(prod(_shape_of(x)), np.int64)


def _shape_of(x: Any) -> tuple[int, ...]:
    if isinstance(x, ChannelsLast):
        return (x.array.shape[0], x.array.shape[-1], *x.array.shape[1:-1])
    return tuple(x.static.shape if isinstance(x, Weight) else x.shape)


@operator("Reshape", static=(1,))
def _reshape(call: Call, x: Array, shape: Array) -> Array:
    wanted = [int(size) for size in np.asarray(shape).reshape(-1)]
    if not call.get("allowzero", 0):
        if any(size == 0 and at >= x.ndim for at, size in enumerate(wanted)):
            raise call.fail(f"a shape whose zeros stand for one of {x.ndim} axes", f"{wanted}")
        wanted = [x.shape[at] if size == 0 else size for at, size in enumerate(wanted)]
    return x.reshape(_resolved(call, x, _at_batch(call, x, wanted)))


def _at_batch(call: Call, x: Array, wanted: list[int]) -> list[int]:
    """Let the first axis be the batch where the file fixes the batch's size: each sample is reshaped by itself."""
    if call.fixed_batch is None or call.folding or not wanted or x.ndim == 0 or x.shape[0] != call.batch:
        return wanted
    rest, inner = prod(x.shape[1:]), prod(wanted[1:])
    if wanted[0] != call.fixed_batch:
        return wanted
    if (-1 in wanted[1:] and rest % abs(inner) == 0) or inner == rest:
        return [call.batch, *wanted[1:]]
    return wanted


def _resolved(call: Call, x: Array, wanted: list[int]) -> list[int]:
    if wanted.count(-1) > 1 or any(size < -1 for size in wanted):
        raise call.fail("a shape with at most one -1", f"{wanted}")
    known = prod(size for size in wanted if size != -1)
    total = prod(x.shape)
    if -1 in wanted:
        if known == 0 or total % known:
            raise call.fail(f"a shape that {list(x.shape)} can take", f"{wanted}", _BATCH)
        return [total // known if size == -1 else size for size in wanted]
    if known != total:
        raise call.fail(f"a shape that {list(x.shape)} can take", f"{wanted}", _BATCH)
    return wanted


_BATCH = "if the graph fixes its batch here, export it with a dynamic batch axis"


@operator("Flatten")
def _flatten(call: Call, x: Array) -> Array:
    axis = call.get("axis", 1)
    if not -x.ndim <= axis <= x.ndim:
        raise call.fail(f"an axis from 0 to {x.ndim}", f"{axis}")
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape((prod(x.shape[:axis]), prod(x.shape[axis:])))


@operator("Transpose")
def _transpose(call: Call, x: Array) -> Array:
    perm = call.ints("perm") or tuple(reversed(range(x.ndim)))
    if sorted(perm) != list(range(x.ndim)):
        raise call.fail(f"an order of {x.ndim} axes", f"{list(perm)}")
    return call.xp.transpose(x, perm)


@operator("Squeeze", static=(1,))
def _squeeze(call: Call, x: Array, axes: Array | None = None) -> Array:
    named = call.ints("axes")
    found = [int(axis) for axis in np.asarray(axes).reshape(-1)] if axes is not None else named
    places = (
        [at for at, size in enumerate(x.shape) if size == 1]
        if found is None
        else sorted({call.axis(axis, x.ndim) for axis in found})
    )
    if any(x.shape[at] != 1 for at in places):
        raise call.fail("axes of size 1", f"axes {places} of shape {list(x.shape)}")
    return x.reshape([size for at, size in enumerate(x.shape) if at not in places])


@operator("Unsqueeze", static=(1,))
def _unsqueeze(call: Call, x: Array, axes: Array | None = None) -> Array:
    found = np.asarray(axes).reshape(-1) if axes is not None else np.asarray(call.get("axes"))
    rank = x.ndim + len(found)
    places = {call.axis(int(axis), rank) for axis in found}
    if len(places) != len(found):
        raise call.fail("axes that differ", f"{found.tolist()}")
    sizes = iter(x.shape)
    return x.reshape([1 if at in places else next(sizes) for at in range(rank)])


@operator("Concat", layout="joins")
def _concat(call: Call, *xs: Array) -> Array:
    axis = call.axis(call.get("axis"), xs[0].ndim)
    if call.channels_last:
        axis = xs[0].ndim - 1 if axis == 1 else axis - (axis > 1)
    call.allow([sum(x.shape[axis] for x in xs) if at == axis else size for at, size in enumerate(xs[0].shape)])
    return call.xp.concatenate(xs, axis=axis)


@operator("Split", static=(1,))
def _split(call: Call, x: Array, sizes: Array | None = None) -> Any:
    axis = call.axis(call.get("axis", 0), x.ndim)
    parts = call.ints("split") if sizes is None else tuple(int(size) for size in sizes)
    if parts is None:
        count = call.get("num_outputs", len(call.node.outputs))
        if count < 1 or count != len(call.node.outputs):
            raise call.fail(f"the number of its outputs, {len(call.node.outputs)}, as 'num_outputs'", f"{count}")
        each = -(-x.shape[axis] // count)
        parts = tuple(max(0, min(each, x.shape[axis] - at * each)) for at in range(count))
    if sum(parts) != x.shape[axis] or min(parts, default=0) < 0:
        raise call.fail(f"parts that add up to {x.shape[axis]}", f"{list(parts)[:20]}")
    return cut(call, x, parts, axis)


def cut(call: Call, x: Array, parts: Sequence[int], axis: int) -> list[Array]:
    """Return a value cut along an axis into parts of these sizes."""
    ends = np.cumsum(parts)[:-1]
    return list(call.xp.split(x, [int(end) for end in ends], axis=axis))


@operator("Expand", static=(1,))
def _expand(call: Call, x: Array, shape: Array) -> Array:
    wanted = [int(size) for size in shape]
    if call.fixed_batch is not None and not call.folding and len(wanted) == x.ndim and x.shape[0] == call.batch:
        wanted[0] = call.batch if wanted[0] in {1, call.fixed_batch} else wanted[0]
    return call.xp.broadcast_to(x, call.allow(np.broadcast_shapes(tuple(wanted), x.shape)))


@operator("Tile", static=(1,))
def _tile(call: Call, x: Array, repeats: Array) -> Array:
    times = [int(count) for count in repeats]
    if len(times) != x.ndim or min(times, default=0) < 0:
        raise call.fail(f"{x.ndim} repeats, none negative", f"{times}")
    call.allow([size * count for size, count in zip(x.shape, times, strict=True)])
    return call.xp.tile(x, times)


@operator("DepthToSpace")
def _depth_to_space(call: Call, x: Array) -> Array:
    n, c, h, w = x.shape
    block = _block(call, c, call.get("blocksize") ** 2)
    inner = c // (block * block)
    if call.get("mode", "DCR") == "CRD":
        parts = x.reshape((n, inner, block, block, h, w))
        moved = call.xp.transpose(parts, (0, 1, 4, 2, 5, 3))
    else:
        parts = x.reshape((n, block, block, inner, h, w))
        moved = call.xp.transpose(parts, (0, 3, 4, 1, 5, 2))
    return moved.reshape((n, inner, h * block, w * block))


@operator("SpaceToDepth")
def _space_to_depth(call: Call, x: Array) -> Array:
    n, c, h, w = x.shape
    block = _block(call, h, call.get("blocksize"))
    parts = x.reshape((n, c, h // block, block, w // block, block))
    order = (0, 1, 3, 5, 2, 4) if call.get("mode", "DCR") == "CRD" else (0, 3, 5, 1, 2, 4)
    return call.xp.transpose(parts, order).reshape((n, c * block * block, h // block, w // block))


def _block(call: Call, size: int, divisor: int) -> int:
    block: int = call.get("blocksize")
    if block < 1 or size % divisor:
        raise call.fail("a block size that divides the value", f"{block} for {size}")
    return block


@operator("Trilu", static=(1,))
def _trilu(call: Call, x: Array, k: Array | None = None) -> Array:
    offset = 0 if k is None else int(np.asarray(k).reshape(()))
    rows, columns = np.arange(x.shape[-2])[:, None], np.arange(x.shape[-1])[None, :]
    kept = columns - rows >= offset if call.get("upper", 1) else columns - rows <= offset
    return call.xp.where(kept, x, np.zeros((), x.dtype))


@operator("ReverseSequence", static=(1,))
def _reverse_sequence(call: Call, x: Array, lengths: Array) -> Array:
    time, batch = call.axis(call.get("time_axis", 0), x.ndim), call.axis(call.get("batch_axis", 1), x.ndim)
    steps = np.arange(x.shape[time])[:, None]
    places = np.where(steps < lengths[None, :], lengths[None, :] - 1 - steps, steps)
    moved = jnp.moveaxis(x, (time, batch), (0, 1))
    shaped = places.reshape(places.shape + (1,) * (x.ndim - 2))
    return jnp.moveaxis(jnp.take_along_axis(moved, jnp.asarray(shaped), axis=0), (0, 1), (time, batch))
