"""Orders of values, and results whose size the values decide (those only where the values are known)."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import is_float
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("TopK", static=(1,))
def _top_k(call: Call, x: Array, k: Array | None = None) -> Any:
    count = int(call.get("k")) if k is None else int(np.asarray(k).reshape(-1)[0])
    axis = call.axis(call.get("axis", -1), x.ndim)
    if not 0 <= count <= x.shape[axis]:
        raise call.fail(f"k from 0 to {x.shape[axis]}", f"{count}")
    moved = jnp.moveaxis(jnp.asarray(x), axis, -1)
    keys = moved if call.get("largest", 1) else _negated(moved)
    _, places = lax.top_k(keys, count)
    values = jnp.take_along_axis(moved, places, axis=-1)
    found = np.asarray(places) if call.folding else places
    return [jnp.moveaxis(values, -1, axis), call.xp.moveaxis(found, -1, axis).astype(call.index_dtype())]


def _negated(x: Array) -> Array:
    # The complement reverses the order of whole numbers without overflow.
    return -x if is_float(x.dtype) else ~x


@operator("NonZero", static=(0,))
def _non_zero(call: Call, x: Array) -> Array:
    return np.stack(np.nonzero(np.atleast_1d(x))).astype(np.int64)


@operator("Unique", static=(0,))
def _unique(call: Call, x: Array) -> Any:
    axis = call.get("axis", None)
    place = None if axis is None else call.axis(axis, x.ndim)
    values, first, inverse, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, axis=place
    )
    inverse = inverse.reshape(-1)
    if not call.get("sorted", 1):
        order = np.argsort(first)
        rank = np.argsort(order)
        values = np.take(values, order, axis=0 if place is None else place)
        first, counts, inverse = first[order], counts[order], rank[inverse]
    return [values, *(item.astype(np.int64) for item in (first, inverse, counts))]
