"""Sequences and optionals: they hold values while the graph is read, and leave nothing behind in the network."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call, NeedsConstantError
from bitwindow.onnx_import.ops.shape import cut
from bitwindow.onnx_import.registry import operator
from bitwindow.onnx_import.values import Weight, is_known


@operator("SequenceEmpty", sequences=True)
def _empty(call: Call) -> tuple[Any, ...]:
    return ()


@operator("SequenceConstruct", sequences=True)
def _construct(call: Call, *items: Any) -> tuple[Any, ...]:
    return items


@operator("SequenceAt", sequences=True)
def _at(call: Call, sequence: tuple[Any, ...], position: Any) -> Any:
    return sequence[_place(call, position, len(sequence) - 1)]


@operator("SequenceLength", sequences=True)
def _length(call: Call, sequence: tuple[Any, ...]) -> Any:
    return np.asarray(len(sequence), np.int64)


@operator("SequenceInsert", sequences=True)
def _insert(call: Call, sequence: tuple[Any, ...], item: Any, position: Any = None) -> tuple[Any, ...]:
    place = len(sequence) if position is None else _place(call, position, len(sequence))
    return (*sequence[:place], item, *sequence[place:])


@operator("SequenceErase", sequences=True)
def _erase(call: Call, sequence: tuple[Any, ...], position: Any = None) -> tuple[Any, ...]:
    place = len(sequence) - 1 if position is None else _place(call, position, len(sequence) - 1)
    return (*sequence[:place], *sequence[place + 1 :])


@operator("ConcatFromSequence", sequences=True)
def _concat(call: Call, sequence: tuple[Any, ...]) -> Any:
    arrays = [_value(item) for item in sequence]
    xp = np if all(isinstance(item, np.ndarray) for item in arrays) else jnp
    if call.get("new_axis", 0):
        return xp.stack(arrays, axis=call.get("axis"))
    return xp.concatenate(arrays, axis=call.get("axis"))


@operator("SplitToSequence", sequences=True)
def _split(call: Call, x: Any, sizes: Any = None) -> tuple[Any, ...]:
    value = _value(x)
    axis = call.axis(call.get("axis", 0), value.ndim)
    length = value.shape[axis]
    if sizes is None:
        parts = [1] * length
    else:
        known = np.asarray(_known(call, sizes))
        each = int(known) if known.ndim == 0 else 0
        if known.ndim == 0 and each < 1:
            raise call.fail("a positive size", f"{each}")
        parts = (
            [int(size) for size in known] if known.ndim else [min(each, length - at) for at in range(0, length, each)]
        )
    pieces = tuple(cut(call, value, parts, axis))
    if sizes is None and not call.get("keepdims", 1):
        return tuple(piece.reshape([size for at, size in enumerate(piece.shape) if at != axis]) for piece in pieces)
    return pieces


@operator("Optional", sequences=True)
def _optional(call: Call, value: Any = None) -> Any:
    return value


@operator("OptionalHasElement", sequences=True)
def _has_element(call: Call, value: Any = None) -> Any:
    return np.asarray(value is not None)


@operator("OptionalGetElement", sequences=True)
def _get_element(call: Call, value: Any = None) -> Any:
    if value is None:
        raise call.fail("an optional with a value", "an empty one")
    return value


def _place(call: Call, position: Any, last: int) -> int:
    place = int(np.asarray(_known(call, position)).reshape(()))
    found = place + last + 1 if place < 0 else place
    if not 0 <= found <= max(last, 0):
        raise call.fail(f"a position from 0 to {last}", f"{place}")
    return found


def _known(call: Call, value: Any) -> Any:
    if not is_known(value):
        raise NeedsConstantError(
            f"{call.where}: wanted a position or size known before the network runs, got one computed from the "
            "network's inputs; make it a constant of the graph"
        )
    return value.static if isinstance(value, Weight) else value


def _value(item: Any) -> Any:
    return item.array if isinstance(item, Weight) else item
