"""The order of axes: a value of shape (N, C, ...) is kept as (N, ..., C) from a convolution to the next reshape.

XLA convolves and pools on the CPU with the channels last; a graph in NCHW would be transposed around every layer
(docs/onnx.md has the figures). A transposition is made once, where a value enters or leaves, and moves numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.registry import Operator
from bitwindow.onnx_import.values import ChannelsLast, Weight, channels_last

if TYPE_CHECKING:
    from bitwindow.onnx_import.records import Array


def logical(value: Any) -> Any:
    """Return a value with the axes as the graph has them, parameters as the network reads them left as they are."""
    return value.logical if isinstance(value, ChannelsLast) else value


def arranged(found: Operator, call: Call, inputs: Sequence[Any]) -> list[Any]:
    """Apply an operator in the order of axes that suits it; inputs known now may be NumPy arrays."""
    if found.layout == "elementwise" and any(isinstance(value, ChannelsLast) for value in inputs):
        rank = _rank(inputs)
        if rank is not None:
            moved = [_elementwise(value, rank) for value in inputs]
            return [ChannelsLast(value) for value in outputs_of(found.function(call, *moved))]
    if call.channels_last and inputs and _goes_last(found, inputs):
        first = _last(inputs[0])
        rest = [_last(value).array if found.layout == "joins" else _array(value) for value in inputs[1:]]
        results = outputs_of(found.function(call, first.array, *rest))
        return [ChannelsLast(value) if np.ndim(value) == first.array.ndim else value for value in results]
    plain = call.with_layout(channels_last=False)
    return outputs_of(found.function(plain, *[_array(value) for value in inputs]))


def outputs_of(result: Any) -> list[Any]:
    """Return an operator's results as a list: a list is several outputs, a tuple is one that is a sequence."""
    return list(result) if isinstance(result, list) else [result]


def _goes_last(found: Operator, inputs: Sequence[Any]) -> bool:
    first = inputs[0]
    if found.layout == "enters":
        known = isinstance(first, np.ndarray | Weight)
        return isinstance(first, ChannelsLast) or (not known and getattr(first, "ndim", 0) >= 3)
    if found.layout == "joins":
        return any(isinstance(value, ChannelsLast) for value in inputs)
    return found.layout == "follows" and isinstance(first, ChannelsLast)


def _last(value: Any) -> ChannelsLast:
    return value if isinstance(value, ChannelsLast) else channels_last(_array(value))


def _rank(inputs: Sequence[Any]) -> int | None:
    ranks = {value.array.ndim for value in inputs if isinstance(value, ChannelsLast)}
    widest = max((_ndim(value) for value in inputs if value is not None), default=0)
    return widest if ranks == {widest} else None


def _ndim(value: Any) -> int:
    if isinstance(value, ChannelsLast):
        return int(value.array.ndim)
    return int(np.ndim(value.static if isinstance(value, Weight) else value))


def _elementwise(value: Any, rank: int) -> Any:
    if value is None or isinstance(value, ChannelsLast):
        return None if value is None else value.array
    if isinstance(value, Weight) and value.static.size == 1:
        # One number stays one number, whatever axes it has.
        return value.array.reshape(())
    array = _array(value)
    if np.ndim(array) == 0:
        return array
    xp = np if isinstance(array, np.ndarray) else jnp
    whole = array if array.ndim == rank else array.reshape((1,) * (rank - array.ndim) + array.shape)
    return xp.moveaxis(whole, 1, -1) if any(size > 1 for size in whole.shape[1:]) else _flat(whole)


def _flat(array: Array) -> Array:
    return array.reshape((array.shape[0],) + (1,) * (array.ndim - 1))


def _array(value: Any) -> Any:
    if isinstance(value, ChannelsLast):
        return value.logical
    return value.array if isinstance(value, Weight) else value
