"""Parts of a value: slices, and elements picked by index."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("Slice", static=(1, 2, 3, 4))
def _slice(
    call: Call,
    x: Array,
    starts: Array | None = None,
    ends: Array | None = None,
    axes: Array | None = None,
    steps: Array | None = None,
) -> Array:
    first = _ints(starts) if starts is not None else list(call.ints("starts") or ())
    last = _ints(ends) if ends is not None else list(call.ints("ends") or ())
    places = _ints(axes) if axes is not None else list(call.ints("axes") or range(len(first)))
    strides = _ints(steps) if steps is not None else [1] * len(first)
    if not len(first) == len(last) == len(places) == len(strides) or 0 in strides:
        raise call.fail("as many starts as ends, axes and steps", f"{first}, {last}, {places}, {strides}"[:120])
    cuts = [slice(None)] * x.ndim
    for start, end, axis, step in zip(first, last, places, strides, strict=True):
        place = call.axis(axis, x.ndim)
        cuts[place] = _cut(start, end, step, x.shape[place])
    return x[tuple(cuts)]


def _cut(start: int, end: int, step: int, size: int) -> slice:
    """Return Python's slice for ONNX's, in which ends beyond the axis are moved to it."""
    if step > 0:
        low, high = _clamped(start, size, 0, size), _clamped(end, size, 0, size)
        return slice(low, max(low, high), step)
    low, high = _clamped(start, size, 0, size - 1), _clamped(end, size, -1, size - 1)
    return slice(low, None if high < 0 else high, step) if size and low > high else slice(0, 0)


def _clamped(value: int, size: int, least: int, most: int) -> int:
    return min(max(value + size if value < 0 else value, least), most)


def _ints(values: Array) -> list[int]:
    return [int(value) for value in np.asarray(values).reshape(-1)]


def checked(call: Call, indices: Array, size: int) -> Array:
    """Return indices counted from the front, after a check of those that are known.

    Raises:
        ModelError: If one lies outside.
    """
    if isinstance(indices, np.ndarray):
        if indices.size and not (-size <= int(indices.min()) and int(indices.max()) < size):
            raise call.fail(f"indices from {-size} to {size - 1}", f"{int(indices.min())} to {int(indices.max())}")
        return np.where(indices < 0, indices + size, indices)
    return jnp.where(indices < 0, indices + np.asarray(size, indices.dtype), indices)


@operator("Gather")
def _gather(call: Call, x: Array, indices: Array) -> Array:
    axis = call.axis(call.get("axis", 0), x.ndim)
    places = checked(call, indices, x.shape[axis])
    call.allow([*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]])
    if isinstance(places, np.ndarray) and places.ndim == 0:
        # One known place is a slice, which moves numbers only.
        at = int(places)
        return x[(slice(None),) * axis + (at,)]
    return call.xp.take(x, places, axis=axis)


@operator("GatherElements")
def _gather_elements(call: Call, x: Array, indices: Array) -> Array:
    axis = call.axis(call.get("axis", 0), x.ndim)
    places = checked(call, indices, x.shape[axis])
    if places.shape != x.shape:
        cut = tuple(slice(None) if at == axis else slice(0, size) for at, size in enumerate(places.shape))
        x = x[cut]
    return call.xp.take_along_axis(x, call.xp.asarray(places), axis=axis)


@operator("GatherND")
def _gather_nd(call: Call, x: Array, indices: Array) -> Array:
    batch = call.get("batch_dims", 0)
    depth = indices.shape[-1]
    if not 0 <= batch < min(x.ndim, indices.ndim) or depth + batch > x.ndim:
        raise call.fail(f"indices into {x.ndim} axes", f"{depth} of them after {batch} batch axes")
    grids = np.meshgrid(*[np.arange(size) for size in indices.shape[:-1]], indexing="ij", sparse=True)
    places = [checked(call, indices[..., at], x.shape[batch + at]) for at in range(depth)]
    return x[(*grids[:batch], *places)]


@operator("Compress", static=(1,))
def _compress(call: Call, x: Array, condition: Array) -> Array:
    axis = call.get("axis", None)
    if axis is None:
        x, axis = x.reshape(-1), 0
    place = call.axis(axis, x.ndim)
    kept = np.flatnonzero(np.asarray(condition))
    return call.xp.take(x, checked(call, kept, x.shape[place]), axis=place)


@operator("ArrayFeatureExtractor", domain="ai.onnx.ml")
def _array_feature_extractor(call: Call, x: Array, indices: Array) -> Any:
    return call.xp.take(x, checked(call, indices.reshape(-1), x.shape[-1]), axis=-1)
