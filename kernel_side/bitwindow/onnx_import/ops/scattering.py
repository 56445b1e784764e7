"""A value with elements replaced or changed at given indices."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.ops.gathering import checked
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

_CHANGES = {"none": "set", "add": "add", "mul": "multiply", "max": "max", "min": "min"}


@operator("ScatterElements", "Scatter")
def _scatter_elements(call: Call, x: Array, indices: Array, updates: Array) -> Array:
    axis = call.axis(call.get("axis", 0), x.ndim)
    places = checked(call, indices, x.shape[axis])
    grids: list[Any] = list(np.meshgrid(*[np.arange(size) for size in indices.shape], indexing="ij", sparse=True))
    grids[axis] = places
    return _changed(call, x, tuple(grids), updates)


@operator("ScatterND")
def _scatter_nd(call: Call, x: Array, indices: Array, updates: Array) -> Array:
    depth = indices.shape[-1]
    places = tuple(checked(call, indices[..., at], x.shape[at]) for at in range(depth))
    return _changed(call, x, places, updates)


@operator("TensorScatter")
def _tensor_scatter(call: Call, cache: Array, update: Array, starts: Array | None = None) -> Array:
    axis = call.axis(call.get("axis", -2), cache.ndim)
    samples, steps, size = cache.shape[0], update.shape[axis], cache.shape[axis]
    first = np.zeros(samples, np.int64) if starts is None else starts
    places = first.reshape(-1, 1) + np.arange(steps, dtype=first.dtype)
    places = places % size if call.get("mode", "linear") == "circular" else places
    moved, new = jnp.moveaxis(jnp.asarray(cache), axis, 1), jnp.moveaxis(jnp.asarray(update), axis, 1)
    return jnp.moveaxis(moved.at[np.arange(samples)[:, None], places].set(new), 1, axis)


def _changed(call: Call, x: Array, places: tuple[Any, ...], updates: Array) -> Array:
    change = _CHANGES.get(call.get("reduction", "none"))
    if change is None:
        raise call.fail(f"a reduction of {', '.join(_CHANGES)}", repr(call.get("reduction")))
    if not call.folding:
        return getattr(jnp.asarray(x).at[places], change)(updates)
    result = np.array(x)
    if change == "set":
        result[places] = updates
    else:
        name = {"max": "maximum", "min": "minimum"}.get(change, change)
        getattr(np, name).at(result, places, updates)
    return result
