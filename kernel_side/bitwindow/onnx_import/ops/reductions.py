"""Reductions along axes, and sums along one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import is_float
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

Reduce = Callable[..., Array]


def _sum(xp: Any, x: Array, **how: Any) -> Array:
    return xp.sum(x, **how).astype(x.dtype)


def _log_sum_exp(xp: Any, x: Array, **how: Any) -> Array:
    wide = jnp.asarray(x) if is_float(x.dtype) else jnp.asarray(x, jnp.float32)
    return jax.nn.logsumexp(wide, **how).astype(x.dtype)


def _mean(xp: Any, x: Array, **how: Any) -> Array:
    total = xp.sum(x, **how)
    count = x.size // max(1, total.size)
    return (total / np.asarray(count, x.dtype)).astype(x.dtype)


def _extreme(name: str) -> Reduce:
    def reduce(xp: Any, x: Array, **how: Any) -> Array:
        if x.dtype == np.bool_:
            return (xp.any if name == "max" else xp.all)(x, **how)
        low = name == "max"
        bound = (-np.inf if low else np.inf) if is_float(x.dtype) else None
        if bound is None:
            limits = np.iinfo(x.dtype)
            bound = limits.min if low else limits.max
        # What is reduced over no elements is the bound; of any other the reduction alone.
        return (
            getattr(xp, name)(x, initial=np.asarray(bound, x.dtype), **how)
            if x.size == 0
            else getattr(xp, name)(x, **how)
        )

    return reduce


_REDUCTIONS: dict[str, Reduce] = {
    "ReduceSum": _sum,
    "ReduceMean": _mean,
    "ReduceMax": _extreme("max"),
    "ReduceMin": _extreme("min"),
    "ReduceProd": lambda xp, x, **how: xp.prod(x, **how).astype(x.dtype),
    "ReduceL1": lambda xp, x, **how: xp.sum(xp.abs(x), **how).astype(x.dtype),
    "ReduceL2": lambda xp, x, **how: xp.sqrt(xp.sum(x * x, **how)).astype(x.dtype),
    "ReduceSumSquare": lambda xp, x, **how: xp.sum(x * x, **how).astype(x.dtype),
    "ReduceLogSum": lambda xp, x, **how: xp.log(xp.sum(x, **how)).astype(x.dtype),
    "ReduceLogSumExp": _log_sum_exp,
}
_AXES_AS_INPUT = 18
_SUM_AXES_AS_INPUT = 13


@operator(*_REDUCTIONS, static=(1,), layout="follows")
def _reduce(call: Call, x: Array, axes: Array | None = None) -> Array:
    named = call.ints("axes")
    found = [int(axis) for axis in np.asarray(axes).reshape(-1)] if axes is not None else list(named or ())
    keep = bool(call.get("keepdims", 1))
    places = sorted({call.axis(axis, x.ndim) for axis in found}) if found else []
    if not places:
        if found == [] and call.get("noop_with_empty_axes", 0):
            return _without_axes(call, x)
        places = list(range(x.ndim))
    if call.channels_last:
        physical = tuple(x.ndim - 1 if place == 1 else place - (place > 1) for place in places)
        if keep:
            return _REDUCTIONS[call.node.op](call.xp, x, axis=physical, keepdims=True)
        if 1 not in places and not all(place in places for place in range(2, x.ndim)):
            x, physical = jnp.moveaxis(x, -1, 1), tuple(places)
        return _REDUCTIONS[call.node.op](call.xp, x, axis=physical, keepdims=False)
    return _REDUCTIONS[call.node.op](call.xp, x, axis=tuple(places), keepdims=keep)


def _without_axes(call: Call, x: Array) -> Array:
    """What each reduction does to one element: nothing, or its magnitude, square or logarithm."""
    xp, op = call.xp, call.node.op
    if op in {"ReduceL1", "ReduceL2"}:
        return xp.abs(x)
    if op == "ReduceSumSquare":
        return x * x
    return xp.log(x) if op == "ReduceLogSum" else x


@operator("ArgMax", "ArgMin")
def _arg(call: Call, x: Array) -> Array:
    axis = call.axis(call.get("axis", 0), x.ndim)
    pick = call.xp.argmax if call.node.op == "ArgMax" else call.xp.argmin
    if call.get("select_last_index", 0):
        found = x.shape[axis] - 1 - pick(call.xp.flip(x, axis), axis=axis)
    else:
        found = pick(x, axis=axis)
    found = found.astype(call.index_dtype())
    return call.xp.expand_dims(found, axis) if call.get("keepdims", 1) else found


@operator("CumSum", "CumProd", static=(1,))
def _cumulative(call: Call, x: Array, axis: Array) -> Array:
    xp = call.xp
    place = call.axis(int(np.asarray(axis).reshape(())), x.ndim)
    if call.get("reverse", 0):
        x = xp.flip(x, place)
    total = (xp.cumsum if call.node.op == "CumSum" else xp.cumprod)(x, axis=place).astype(x.dtype)
    if call.get("exclusive", 0):
        first = np.full((1,), 0 if call.node.op == "CumSum" else 1, x.dtype)
        shape = tuple(1 if at == place else size for at, size in enumerate(x.shape))
        kept = [slice(None)] * x.ndim
        kept[place] = slice(0, x.shape[place] - 1)
        total = xp.concatenate([xp.broadcast_to(first, shape), total[tuple(kept)]], axis=place)
    return xp.flip(total, place) if call.get("reverse", 0) else total
