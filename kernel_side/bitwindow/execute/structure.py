"""Structural steps on stored integers and on floats: they move, copy, drop or compare, and compute nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow import jax_names
from bitwindow.errors import ExecutionError
from bitwindow.execute.boundaries import bits_of, pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jax import Array
    from jaxtyping import Int32

    from bitwindow.network.records import Step

_MOST_TAPS = 16
"""Windows up to this size are compared slice by slice, which XLA's CPU backend does in vector registers."""
Ends = tuple["Array", "Array"]
"""The type's least value and its zero, as the carrier compares them."""


def apply_steps(x: Array, steps: Sequence[Step], fmt: Int32[Array, "3"] | None, where: str) -> Array:
    """Apply a chain of steps.

    Args:
        x: Stored integers (int16 or int32 carriers) when `fmt` is given; else floats, integers or booleans as they are.
        steps: The chain.
        fmt: (signed, W, F) of the stored integers, or None.
        where: The layer's name, for errors.

    Raises:
        ExecutionError: If a step is not known.
    """
    for step in steps:
        x = _apply(x, step, fmt, where)
    return x


def _apply(x: Array, step: Step, fmt: Int32[Array, "3"] | None, where: str) -> Array:
    mover = _MOVERS.get(step.primitive)
    if mover is not None:
        return mover(x, step.params)
    comparer = _COMPARERS.get(step.primitive)
    if comparer is None:
        known = ", ".join(sorted((*_MOVERS, *_COMPARERS)))
        message = (
            f"{where}: wanted a structural step ({known}); got {step.primitive!r}. "
            "Trace the operation as a float computation."
        )
        raise ExecutionError(message)
    if fmt is None:
        return comparer(x, step.params, None)
    # Bit patterns compare as signed integers once their top bit is turned over.
    bits = bits_of(x)
    turn = jnp.where(pattern(fmt, bits), np.int32(-1) << (bits - 1), np.int32(0)).astype(x.dtype)
    lowest = jnp.where(fmt[0] != 0, np.int32(-1) << jnp.minimum(fmt[1] - 1, bits - 1), np.int32(0))
    least = lowest.astype(x.dtype) ^ turn
    return comparer(x ^ turn, step.params, (least, turn)) ^ turn


def _reshape(x: Array, params: Mapping[str, Any]) -> Array:
    return lax.reshape(x, params["new_sizes"], params.get("dimensions"))


def _pad(x: Array, params: Mapping[str, Any]) -> Array:
    return lax.pad(x, jnp.zeros((), x.dtype), params["padding_config"])


def _mask(x: Array, params: Mapping[str, Any]) -> Array:
    return jnp.where(params["mask"], x, jnp.zeros((), x.dtype))


def _relu(x: Array, params: Mapping[str, Any], ends: Ends | None) -> Array:
    del params
    return jnp.maximum(x, 0 if ends is None else ends[1])


def _lowest(x: Array) -> Any:
    if jnp.issubdtype(x.dtype, jnp.floating):
        return np.asarray(-math.inf, x.dtype)
    return np.asarray(False if x.dtype == bool else np.iinfo(x.dtype).min, x.dtype)


def _highest(x: Array) -> Any:
    if jnp.issubdtype(x.dtype, jnp.floating):
        return np.asarray(math.inf, x.dtype)
    return np.asarray(True if x.dtype == bool else np.iinfo(x.dtype).max, x.dtype)


def _window(x: Array, params: Mapping[str, Any], start: Any, pick: Callable[..., Any]) -> Array:
    rank = x.ndim
    if math.prod(params["window_dimensions"]) <= _MOST_TAPS and not any(
        by != 1 for by in params.get("base_dilation") or ()
    ):
        return _by_slices(x, params, start, pick)
    result: Array = lax.reduce_window(
        x,
        start,
        pick,
        params["window_dimensions"],
        params["window_strides"],
        params["padding"],
        params.get("base_dilation") or (1,) * rank,
        params.get("window_dilation") or (1,) * rank,
    )
    return result


def _by_slices(x: Array, params: Mapping[str, Any], start: Any, pick: Callable[..., Any]) -> Array:
    window, strides = params["window_dimensions"], params["window_strides"]
    dilation = params.get("window_dilation") or (1,) * x.ndim
    x = lax.pad(x, start, [(low, high, 0) for low, high in params["padding"]])
    spans = [
        (size - (taps - 1) * by - 1) // stride * stride + 1 if size > (taps - 1) * by else 0
        for size, taps, by, stride in zip(x.shape, window, dilation, strides, strict=True)
    ]
    picked: Array | None = None
    for at in np.ndindex(*window):
        starts = [place * by for place, by in zip(at, dilation, strict=True)]
        piece = lax.slice(x, starts, [low + span for low, span in zip(starts, spans, strict=True)], strides)
        picked = piece if picked is None else pick(picked, piece)
    assert picked is not None  # noqa: S101  (a window has a tap)
    return picked


def _largest_in_window(x: Array, params: Mapping[str, Any], ends: Ends | None) -> Array:
    largest = _window(x, params, _lowest(x), lax.max)
    # A window that sees padding alone: the float program says -inf, the type's least value here.
    return largest if ends is None else jnp.maximum(largest, ends[0])


def _smallest_in_window(x: Array, params: Mapping[str, Any], ends: Ends | None) -> Array:
    del ends
    return _window(x, params, _highest(x), lax.min)


def _largest(x: Array, params: Mapping[str, Any], ends: Ends | None) -> Array:
    del ends
    return jnp.max(x, axis=tuple(params["axes"]))


def _smallest(x: Array, params: Mapping[str, Any], ends: Ends | None) -> Array:
    del ends
    return jnp.min(x, axis=tuple(params["axes"]))


def _running(pick: Callable[..., Array]) -> Callable[[Array, Mapping[str, Any], Ends | None], Array]:
    def run(x: Array, params: Mapping[str, Any], ends: Ends | None) -> Array:
        del ends
        return pick(x, axis=params["axis"], reverse=params["reverse"])

    return run


_MOVERS: dict[str, Callable[[Array, Mapping[str, Any]], Array]] = {
    "reshape": _reshape,
    "pad": _pad,
    "mask": _mask,
    "transpose": lambda x, params: lax.transpose(x, params["permutation"]),
    "broadcast_in_dim": lambda x, params: lax.broadcast_in_dim(x, params["shape"], params["broadcast_dimensions"]),
    "squeeze": lambda x, params: lax.squeeze(x, params["dimensions"]),
    "expand_dims": lambda x, params: lax.expand_dims(x, params["dimensions"]),
    "slice": lambda x, params: lax.slice(x, params["start_indices"], params["limit_indices"], params.get("strides")),
    "rev": lambda x, params: lax.rev(x, params["dimensions"]),
    "gather": jax_names.gather,
    "copy": lambda x, params: x,  # noqa: ARG005  (every step takes its params)
    "copy_p": lambda x, params: x,  # noqa: ARG005
    "stop_gradient": lambda x, params: x,  # noqa: ARG005
    "optimization_barrier": lambda x, params: x,  # noqa: ARG005
}
_COMPARERS: dict[str, Callable[[Array, Mapping[str, Any], Ends | None], Array]] = {
    "relu": _relu,
    "reduce_window_max": _largest_in_window,
    "reduce_window_min": _smallest_in_window,
    "reduce_max": _largest,
    "reduce_min": _smallest,
    "cummax": _running(lax.cummax),
    "cummin": _running(lax.cummin),
}
