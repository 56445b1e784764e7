"""An independent reading of the records in plain JAX calls: what the layers say, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from bitwindow.network.records import (
    Average,
    Clip,
    Concatenation,
    Contraction,
    Convolution,
    Extremum,
    FloatComputation,
    Layer,
    Lookup,
    Loop,
    Network,
    Operand,
    PassThrough,
    Product,
    RunningSum,
    Slope,
    Step,
    Sum,
    TwoSlopes,
    Value,
)

Interpret = Callable[..., dict[str, Any]]


def _step(x: Any, step: Step) -> Any:
    p: Mapping[str, Any] = step.params
    rules: dict[str, Callable[[], Any]] = {
        "relu": lambda: jnp.maximum(x, 0),
        "reshape": lambda: jnp.reshape(x, p["new_sizes"]),
        "transpose": lambda: jnp.transpose(x, p["permutation"]),
        "squeeze": lambda: jnp.squeeze(x, p["dimensions"]),
        "rev": lambda: jnp.flip(x, p["dimensions"]),
        "slice": lambda: lax.slice(x, p["start_indices"], p["limit_indices"], p["strides"]),
        "broadcast_in_dim": lambda: lax.broadcast_in_dim(x, p["shape"], p["broadcast_dimensions"]),
        "pad": lambda: lax.pad(x, jnp.zeros((), x.dtype), p["padding_config"]),
        "reduce_max": lambda: jnp.max(x, p["axes"]),
        "cummax": lambda: lax.cummax(x, p["axis"], p["reverse"]),
        "cummin": lambda: lax.cummin(x, p["axis"], p["reverse"]),
        "reduce_min": lambda: jnp.min(x, p["axes"]),
        "mask": lambda: jnp.where(p["mask"], x, 0),
        "gather": lambda: lax.gather(x, p["indices"], p["dimension_numbers"], p["slice_sizes"]),
        "reduce_window_max": lambda: lax.reduce_window(
            x,
            -np.inf,
            lax.max,
            p["window_dimensions"],
            p["window_strides"],
            p["padding"],
            p["base_dilation"],
            p["window_dilation"],
        ),
    }
    return rules[step.primitive]()


def _clip(x: Any, clip: Clip | None) -> Any:
    if clip is not None and clip.lower is not None:
        x = jnp.maximum(x, clip.lower)
    if clip is not None and clip.upper is not None:
        x = jnp.minimum(x, clip.upper)
    return x


def _average(operation: Average, x: Any) -> Any:
    if operation.axes is not None:
        return jnp.sum(x, operation.axes) / operation.divisor
    total = lax.reduce_window(
        x,
        0.0,
        lax.add,
        operation.window_dimensions,
        operation.window_strides,
        operation.padding,
        operation.base_dilation,
        operation.window_dilation,
    )
    return total / operation.divisor


def _multiplied(x: list[Any], operation: Product) -> Any:
    return math.prod(x[1:], start=x[0]) * 2.0**operation.exponent


def _sloped(x: list[Any], slope: Slope) -> Any:
    return x[0] * (slope.sign * 2.0**slope.exponent if slope.operand is None else x[slope.operand])


def _picked(operation: TwoSlopes | Extremum | RunningSum, x: list[Any]) -> Any:
    if isinstance(operation, TwoSlopes):
        return jnp.where(x[0] > 0, _sloped(x, operation.above), _sloped(x, operation.below))
    if isinstance(operation, Extremum):
        return jnp.maximum(x[0], x[1]) if operation.largest else jnp.minimum(x[0], x[1])
    return lax.cumsum(x[0], operation.axis, operation.reverse)


def _compute(layer: Layer, x: list[Any]) -> Any:  # noqa: PLR0911  (one line an operation)
    operation = layer.operation
    if isinstance(operation, Convolution):
        numbers = lax.ConvDimensionNumbers(operation.lhs_spec, operation.rhs_spec, operation.out_spec)
        return lax.conv_general_dilated(
            x[0],
            x[1],
            operation.window_strides,
            operation.padding,
            operation.lhs_dilation,
            operation.rhs_dilation,
            numbers,
            operation.feature_group_count,
            operation.batch_group_count,
        )
    if isinstance(operation, Contraction):
        return lax.dot_general(x[0], x[1], (operation.contracting, operation.batch))
    if isinstance(operation, Sum):
        assert len(operation.signs) == len(x)
        return sum((sign * part for sign, part in zip(operation.signs, x, strict=True)), jnp.float32(0))
    if isinstance(operation, Product):
        return _multiplied(x, operation)
    if isinstance(operation, TwoSlopes | Extremum | RunningSum):
        return _picked(operation, x)
    if isinstance(operation, Concatenation):
        return jnp.concatenate(x, operation.axis)
    assert isinstance(operation, Average)
    return _average(operation, x[0])


def read_records(network: Network, *inputs: Any) -> dict[str, Any]:
    """Return every value of the network by name, computed from its records alone."""
    values: dict[str, Any] = {name: jnp.asarray(x) for name, x in zip(network.inputs, inputs, strict=True)}
    _run_layers(network, network.layers, network.values, values, ())
    return values


def _run_layers(
    network: Network, layers: Any, known: Mapping[str, Value], values: dict[str, Any], steps: tuple[int, ...]
) -> None:
    def view(operand: Operand) -> Any:
        key = operand.value
        x = values[key] if key is not None else jnp.asarray(network.parameters[str(operand.parameter)])
        at = iter(steps)
        for step in operand.view:
            x = x[next(at)] if step.primitive == "step" else _step(x, step)
        return x

    for layer in layers:
        operands = [view(operand) for operand in layer.operands]
        if isinstance(layer.operation, Loop):
            values.update(zip(layer.outputs, _loop(network, layer.operation, operands, steps), strict=True))
            continue
        if isinstance(layer.operation, FloatComputation):
            # Executors compile float layers, so they must survive jit.
            results = jax.jit(layer.operation.function)(*operands)
            values.update(zip(layer.outputs, results, strict=True))
            continue
        if isinstance(layer.operation, Lookup):
            result = jax.jit(layer.operation.function)(*operands)
        elif isinstance(layer.operation, PassThrough):
            result = operands[0]
            for step in layer.operation.steps:
                result = _step(result, step)
        else:
            result = _compute(layer, operands)
            result = result if layer.bias is None else result + view(layer.bias)
            result = jnp.transpose(result, layer.arranged) if layer.arranged else result
            result = _clip(result, layer.activation)
        assert result.shape == known[layer.outputs[0]].shape
        values[layer.outputs[0]] = result


def _loop(network: Network, loop: Loop, operands: list[Any], steps: tuple[int, ...]) -> list[Any]:
    """Run a loop step by step in Python."""
    constants = dict(zip(loop.constants, operands, strict=False))
    rest = operands[len(loop.constants) :]
    starts = iter(rest[: len(rest) - len(loop.scanned)])
    slices = dict(zip(loop.scanned, rest[len(rest) - len(loop.scanned) :], strict=True))
    state = {one.name: next(starts) if one.initial is None else jnp.asarray(one.initial) for one in loop.carries}
    kept: dict[int, dict[str, Any]] = {}
    for at in reversed(range(loop.length)) if loop.reverse else range(loop.length):
        now = {name: x[:, at] for name, x in slices.items()} | {name: x[at] for name, x in loop.counted.items()}
        values = {**constants, **state, **now}
        _run_layers(network, loop.layers, loop.values, values, (*steps, at))
        state = {one.name: values[one.result] for one in loop.carries}
        kept[at] = values
    last = 0 if loop.reverse else loop.length - 1
    return [
        jnp.stack([kept[at][name] for at in range(loop.length)], axis=1) if kind == "stack" else kept[last][name]
        for kind, name in loop.exports
    ]


@pytest.fixture
def interpret() -> Interpret:
    """The reading of a network's records."""
    return read_records
