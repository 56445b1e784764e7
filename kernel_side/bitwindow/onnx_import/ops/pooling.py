"""Pools: the largest, the average, the norm of what a window sees."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import is_float
from bitwindow.onnx_import.ops.windows import Window, window_of
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("MaxPool", layout="enters")
def _max_pool(call: Call, x: Array) -> Any:
    window = _window(call, x)
    largest = _reduce(call, window, x, lax.max)
    if not call.wants(1):
        return [largest]
    return [largest, _indices(call, window, x)]


@operator("AveragePool", layout="enters")
def _average_pool(call: Call, x: Array) -> Array:
    window = _window(call, x)
    total = _reduce(call, window, x, lax.add)
    return total / _counts(call, window, x)


@operator("LpPool", layout="enters")
def _lp_pool(call: Call, x: Array) -> Array:
    p = call.get("p", 2)
    powers = jnp.abs(x) ** p if p != 2 else x * x
    return _root(_reduce(call, _window(call, x), powers, lax.add), p)


@operator("GlobalMaxPool", layout="enters")
def _global_max_pool(call: Call, x: Array) -> Array:
    return jnp.max(x, axis=_spatial_axes(call, x), keepdims=True)


@operator("GlobalAveragePool", layout="enters")
def _global_average_pool(call: Call, x: Array) -> Array:
    return jnp.mean(x, axis=_spatial_axes(call, x), keepdims=True)


@operator("GlobalLpPool", layout="enters")
def _global_lp_pool(call: Call, x: Array) -> Array:
    p = call.get("p", 2)
    return _root(jnp.sum(jnp.abs(x) ** p, axis=_spatial_axes(call, x), keepdims=True), p)


@operator("MaxUnpool", static=(2,))
def _max_unpool(call: Call, x: Array, indices: Array, shape: Array | None = None) -> Array:
    window = call.ints("kernel_shape") or ()
    strides = call.ints("strides", (1,) * len(window)) or ()
    pads = call.ints("pads", (0,) * (2 * len(window))) or ()
    half = len(pads) // 2
    inferred = [
        (size - 1) * stride + reach - pads[axis] - pads[axis + half]
        for axis, (size, stride, reach) in enumerate(zip(x.shape[2:], strides, window, strict=True))
    ]
    small = call.allow([*x.shape[:2], *inferred])
    wanted = small if shape is None else call.allow([int(size) for size in shape])
    if int(np.prod(small)) == int(np.prod(wanted)) or shape is None:
        flat = jnp.zeros(int(np.prod(small)), x.dtype).at[indices.reshape(-1)].set(x.reshape(-1))
        return flat.reshape(wanted)
    # The places were counted over the inferred shape; the wanted one has room after it.
    flat = jnp.zeros(int(np.prod(small)), x.dtype).at[indices.reshape(-1)].set(x.reshape(-1)).reshape(small)
    return jnp.pad(flat, [(0, want - have) for want, have in zip(wanted, small, strict=True)])


def _root(total: Array, p: int) -> Array:
    return jnp.sqrt(total) if p == 2 else total ** np.asarray(1.0 / p, total.dtype)


def _window(call: Call, x: Array) -> Window:
    if np.ndim(x) < 3:
        raise call.fail("a value of shape (N, C, ...)", f"shape {list(np.shape(x))}")
    spatial = [x.shape[axis] for axis in _spatial_axes(call, x)]
    sizes = call.ints("kernel_shape")
    if sizes is None:
        raise call.fail("the attribute 'kernel_shape'", "none")
    return window_of(call, sizes, spatial)


def _spatial_axes(call: Call, x: Array) -> tuple[int, ...]:
    return tuple(range(1, x.ndim - 1)) if call.channels_last else tuple(range(2, x.ndim))


def _around(call: Call, inner: Any, outer: Any) -> tuple[Any, ...]:
    """Return what holds for the spatial axes, with what holds for batch and channels put around it."""
    return (outer, *inner, outer) if call.channels_last else (outer, outer, *inner)


def _reduce(call: Call, window: Window, x: Array, how: Any) -> Array:
    if how is lax.max:
        start: Any = -np.inf if is_float(x.dtype) else np.iinfo(x.dtype).min
    else:
        start = 0
    return lax.reduce_window(
        x,
        np.asarray(start, x.dtype),
        how,
        _around(call, window.sizes, 1),
        _around(call, window.strides, 1),
        _around(call, window.padding, (0, 0)),
        window_dilation=_around(call, window.dilations, 1),
    )


def _counts(call: Call, window: Window, x: Array) -> Any:
    """Return what each sum is divided by: the samples under its window, or one number where all are alike."""
    spatial = [x.shape[axis] for axis in _spatial_axes(call, x)]
    included = bool(call.get("count_include_pad", 0))
    per_axis = []
    for axis, size in enumerate(spatial):
        low, high = window.pads[axis]
        first, last = (0, size + low + high) if included else (low, low + size)
        starts = np.arange(window.output(spatial)[axis]) * window.strides[axis]
        places = starts[:, None] + np.arange(window.sizes[axis]) * window.dilations[axis]
        per_axis.append(np.sum((places >= first) & (places < last), axis=1))
    counts = np.ones((), np.int64)
    for axis_counts in per_axis:
        counts = counts[..., None] * axis_counts
    if np.all(counts == counts.flat[0]):
        return np.asarray(counts.flat[0], x.dtype)
    shaped = counts.reshape(_around(call, counts.shape, 1))
    return np.maximum(shaped, 1).astype(x.dtype)


def _indices(call: Call, window: Window, x: Array) -> Array:
    """Return where the largest value under each window is, counted over the whole value in the graph's order."""
    plain = jnp.moveaxis(x, -1, 1) if call.channels_last else x
    spatial = plain.shape[2:]
    inner = np.arange(int(np.prod(spatial)), dtype=np.int64).reshape(spatial)
    if call.get("storage_order", 0):
        inner = np.arange(inner.size, dtype=np.int64).reshape(spatial[::-1]).T
    dtype = jnp.asarray(inner).dtype
    places = jnp.broadcast_to(jnp.asarray(inner), plain.shape)

    def better(one: Any, other: Any) -> Any:
        (a, i), (b, j) = one, other
        first = (a > b) | ((a == b) & (i < j))
        return jnp.where(first, a, b), jnp.where(first, i, j)

    low = -np.inf if is_float(x.dtype) else np.iinfo(x.dtype).min
    start = (np.asarray(low, x.dtype), np.asarray(np.iinfo(dtype).max, dtype))
    sizes, strides = ((1, 1, *window.sizes), (1, 1, *window.strides))
    _, found = lax.reduce_window(
        (plain, places),
        start,
        better,
        sizes,
        strides,
        [(0, 0), (0, 0), *window.padding],
        window_dilation=(1, 1, *window.dilations),
    )
    count = plain.shape[0] * plain.shape[1]
    offset = np.arange(count, dtype=dtype).reshape(plain.shape[:2] + (1,) * len(spatial)) * inner.size
    found = found + offset
    return jnp.moveaxis(found, 1, -1) if call.channels_last else found
