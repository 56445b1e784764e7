"""Branches and loops: read in place where their course is known, else as JAX's cond, scan and while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.onnx_import.call import Call, NeedsConstantError
from bitwindow.onnx_import.records import Graph
from bitwindow.onnx_import.registry import operator
from bitwindow.onnx_import.values import ChannelsLast, Weight, is_known

MOST_UNROLLED = 64
"""Steps of a loop that are written one after the other where a scan cannot hold them."""


@operator("If", sequences=True)
def _if(call: Call, condition: Any) -> list[Any]:
    then, other = call.get("then_branch"), call.get("else_branch")
    known = _known_truth(condition)
    if known is not None:
        return call.subgraph(then if known else other, ())

    def branch(graph: Graph) -> Any:
        return lambda: [_array(_checked(call, value)) for value in call.subgraph(graph, ())]

    branches = [branch(then), branch(other)]
    return list(lax.cond(jnp.reshape(_array(condition), ()), *branches))


@operator("Loop", sequences=True)
def _loop(call: Call, trips: Any, condition: Any = None, *carried: Any) -> list[Any]:
    body: Graph = call.get("body")
    count = None if trips is None else _known_count(trips)
    start = True if condition is None else _known_truth(condition)
    if start is False:
        count = 0
    if start is not None and (count is not None or trips is None):
        unrolled = _unrolled(call, body, count, carried)
        if unrolled is not None:
            return unrolled
    if len(body.outputs) > 1 + len(carried):
        raise NeedsConstantError(
            f"{call.where}: wanted a loop whose length is known before the network runs, or one that collects nothing, "
            "got one that collects outputs for as long as its input says; export it with a fixed number of steps"
        )
    return _while(call, body, trips, condition, carried)


def _unrolled(call: Call, body: Graph, count: int | None, carried: Sequence[Any]) -> list[Any] | None:
    """Return the loop's results step by step, or None where its end is not known before the network runs."""
    values = list(carried)
    collected: list[list[Any]] = [[] for _ in body.outputs[1 + len(carried) :]]
    step = 0
    while count is None or step < count:
        if step == MOST_UNROLLED and count is not None and not any(isinstance(value, tuple) for value in values):
            return _scanned(call, body, step, count, values, collected)
        results = call.subgraph(body, [np.asarray(step, np.int64), np.asarray(True), *values])
        going = _known_truth(results[0])
        if going is None:
            return None
        values = results[1 : 1 + len(carried)]
        for items, value in zip(collected, results[1 + len(carried) :], strict=True):
            items.append(value)
        step += 1
        if not going:
            break
    return [*values, *(_stacked(items) for items in collected)]


def _stacked(items: Sequence[Any]) -> Any:
    if not items:
        return np.zeros((0,), np.float32)
    if all(isinstance(item, np.ndarray) for item in items):
        return np.stack(items)
    return jnp.stack([_array(item) for item in items])


def _scanned(
    call: Call, body: Graph, first: int, count: int, values: Sequence[Any], collected: Sequence[Sequence[Any]]
) -> list[Any]:
    """Return the results of a long loop: its first steps as they are, the rest as one scan."""

    def step(carry: Any, at: Any) -> Any:
        results = call.subgraph(body, [at, np.asarray(True), *carry])
        if _known_truth(results[0]) is not True:
            raise call.fail(f"a loop of at most {MOST_UNROLLED} steps, or of one length", "one that may stop early")
        return [_array(value) for value in results[1 : 1 + len(values)]], [
            _array(value) for value in results[1 + len(values) :]
        ]

    carry, rest = lax.scan(step, [_array(value) for value in values], jnp.arange(first, count))
    heads = [_stacked(items) for items in collected]
    return [*carry, *(jnp.concatenate([head, tail]) for head, tail in zip(heads, rest, strict=True))]


def _while(call: Call, body: Graph, trips: Any, condition: Any, carried: Sequence[Any]) -> list[Any]:
    limit = np.asarray(np.iinfo(np.int32).max) if trips is None else _array(trips)
    going = np.asarray(True) if condition is None else _array(condition)

    def proceed(state: Any) -> Any:
        return jnp.logical_and(state[0] < limit.reshape(()), state[1])

    def step(state: Any) -> Any:
        results = call.subgraph(body, [state[0], state[1], *state[2:]])
        arrays = [_array(value) for value in results]
        return (state[0] + 1, arrays[0].reshape(()), *arrays[1:])

    start = (jnp.zeros((), jnp.asarray(limit).dtype), jnp.asarray(going).reshape(()))
    return list(lax.while_loop(proceed, step, (*start, *[_array(value) for value in carried]))[2:])


@operator("Scan", sequences=True)
def _scan(call: Call, *inputs: Any) -> list[Any]:
    if call.opset >= 9:
        return _scan_once(call, [_array(value) for value in inputs], batched=False)
    given = [_array(value) for value in inputs[1:]]
    if inputs[0] is not None:
        raise call.fail("a scan over all its steps", "one with sequence_lens", "export the network with a newer opset")
    return list(jax.vmap(lambda *values: _scan_once(call, values, batched=True))(*given))


def _scan_once(call: Call, inputs: Sequence[Any], *, batched: bool) -> list[Any]:
    body: Graph = call.get("body")
    scanned = call.get("num_scan_inputs")
    states = len(inputs) - scanned
    if not 0 <= states <= len(body.outputs) or scanned < 1:
        raise call.fail("scan inputs among the inputs", f"num_scan_inputs = {scanned} of {len(inputs)}")
    results = len(body.outputs) - states
    names = ("directions", "") if batched else ("scan_input_directions", "scan_input_axes")
    backward = call.ints(names[0], (0,) * scanned) or ()
    axes = (call.ints(names[1], (0,) * scanned) or ()) if names[1] else (0,) * scanned
    sequences = [
        _leading(call, value, axis, flip) for value, axis, flip in zip(inputs[states:], axes, backward, strict=True)
    ]

    def step(carry: Any, items: Any) -> Any:
        found = [_array(value) for value in call.subgraph(body, [*carry, *items])]
        kept = [value.astype(old.dtype) for value, old in zip(found[:states], carry, strict=True)]
        return kept, found[states:]

    carry, collected = lax.scan(step, list(inputs[:states]), sequences)
    places = call.ints("scan_output_axes", (0,) * results) or ()
    reverse = call.ints("scan_output_directions", (0,) * results) or ()
    outputs = [
        jnp.moveaxis(jnp.flip(value, 0) if flip else value, 0, call.axis(axis, value.ndim))
        for value, axis, flip in zip(collected, places, reverse, strict=True)
    ]
    return [*carry, *outputs]


def _leading(call: Call, value: Any, axis: int, flip: int) -> Any:
    moved = jnp.moveaxis(value, call.axis(axis, value.ndim), 0)
    return jnp.flip(moved, 0) if flip else moved


def _known_truth(value: Any) -> bool | None:
    if isinstance(value, tuple) or value is None:
        return None
    if is_known(value):
        found = value.static if isinstance(value, Weight) else value
        return bool(np.asarray(found).reshape(-1)[0])
    return None


def _known_count(value: Any) -> int | None:
    if not is_known(value):
        return None
    found = value.static if isinstance(value, Weight) else value
    return int(np.asarray(found).reshape(-1)[0])


def _checked(call: Call, value: Any) -> Any:
    if value is None or isinstance(value, tuple):
        raise NeedsConstantError(
            f"{call.where}: wanted a condition known before the network runs, as its branches give sequences, "
            "got one that is computed from the network's inputs; make it a constant of the graph"
        )
    return value


def _array(value: Any) -> Any:
    if isinstance(value, ChannelsLast):
        return value.logical
    return jnp.asarray(value.array if isinstance(value, Weight) else value)
