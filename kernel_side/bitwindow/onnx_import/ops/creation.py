"""Values made from sizes and numbers alone."""

from __future__ import annotations

import math

import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("ConstantOfShape", static=(0,))
def _constant_of_shape(call: Call, shape: Array) -> Array:
    value = np.asarray(call.get("value", np.zeros(1, np.float32))).reshape(-1)
    if value.size != 1:
        raise call.fail("one number as 'value'", f"{value.size}")
    # A view of one number: it takes memory only where it is computed with.
    return np.broadcast_to(value[0], call.allow([int(size) for size in shape]))


@operator("Range", static=(0, 1, 2))
def _range(call: Call, start: Array, limit: Array, delta: Array) -> Array:
    first, last, step = (np.asarray(value).reshape(())[()] for value in (start, limit, delta))
    if not all(math.isfinite(float(value)) for value in (first, last, step)) or float(step) == 0.0:
        raise call.fail("finite bounds and a step that is not 0", f"{first}, {last}, {step}")
    count = max(0, math.ceil((float(last) - float(first)) / float(step)))
    call.allow([count])
    return (first + np.arange(count, dtype=start.dtype) * step).astype(start.dtype)


@operator("EyeLike")
def _eye_like(call: Call, x: Array) -> Array:
    code = call.get("dtype", None)
    dtype = x.dtype if code is None else call.dtype(code)
    rows, columns = call.allow(x.shape)
    return np.eye(rows, columns, k=call.get("k", 0), dtype=dtype)


@operator("OneHot", static=(1,))
def _one_hot(call: Call, indices: Array, depth: Array, values: Array) -> Array:
    size = int(np.asarray(depth).reshape(-1)[0])
    axis = call.axis(call.get("axis", -1), indices.ndim + 1)
    shape = list(indices.shape)
    shape.insert(axis, size)
    call.allow(shape)
    whole = indices if np.dtype(indices.dtype).kind in "iu" else indices.astype(np.int32)
    wrapped = call.xp.where(whole < 0, whole + np.asarray(size, whole.dtype), whole)
    places = np.arange(size, dtype=whole.dtype).reshape([-1 if at == axis else 1 for at in range(len(shape))])
    return call.xp.where(call.xp.expand_dims(wrapped, axis) == places, values[1], values[0])


@operator(
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Bernoulli",
    "Multinomial",
    folds=False,
    sequences=True,
)
def _random(call: Call, *xs: Array) -> Array:
    raise call.fail(
        "a network that gives the same output for the same input",
        f"{call.node.op}, which draws random numbers",
        "export the network in evaluation mode",
    )
