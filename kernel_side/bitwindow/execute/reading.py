"""What a layer reads: its operands with their types and shapes, and a chunk's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from bitwindow.assign.records import Format
from bitwindow.errors import DataError
from bitwindow.execute.parameters import StoredParameters
from bitwindow.execute.structure import apply_steps
from bitwindow.network.records import Average, Contraction, Convolution, Layer, Network, Operand, RunningSum
from bitwindow.numbers.channel_formats import AnyFormat


def operands_of(layer: Layer) -> tuple[Operand, ...]:
    """Return a layer's operands, the bias last."""
    return layer.operands if layer.bias is None else (*layer.operands, layer.bias)


def all_typed(formats: list[Format | None]) -> bool:
    """Return whether every operand has a type."""
    return all(isinstance(fmt, AnyFormat) for fmt in formats)


def typed_ones(formats: list[Format | None]) -> list[AnyFormat]:
    """Return the types among the operands' formats."""
    return [fmt for fmt in formats if isinstance(fmt, AnyFormat)]


def operand_shapes(network: Network, layer: Layer) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of a product's, an average's or a running sum's operands, as their views show them."""
    if not isinstance(layer.operation, Convolution | Contraction | Average | RunningSum):
        return ()
    shapes = []
    for operand in layer.operands:
        if operand.parameter is not None:
            shape: tuple[int, ...] = np.shape(network.parameters[operand.parameter])
        else:
            shape = network.values[operand.value or ""].shape
        struct = jax.ShapeDtypeStruct(shape, np.int32)  # type: ignore[no-untyped-call]
        shapes.append(jax.eval_shape(lambda x, view=operand.view: apply_steps(x, view, None, layer.name), struct).shape)
    return tuple(shapes)


def operand_arrays(layer: Layer, stored: StoredParameters, boundaries: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the carriers of an integer layer's operands; parameters of products come as the operation sees them."""
    product = isinstance(layer.operation, Convolution | Contraction)
    return tuple(
        stored.by_site[operand.parameter].views[layer.name, position]
        if operand.parameter is not None and product and position < len(layer.operands)
        else plain_array(operand, stored, boundaries)
        for position, operand in enumerate(operands_of(layer))
    )


def plain_array(operand: Operand, stored: StoredParameters, boundaries: Mapping[str, Any]) -> Any:
    """Return an operand's array before its view."""
    if operand.parameter is not None:
        return stored.by_site[operand.parameter].array
    return boundaries[operand.value or ""]


def check_inputs(network: Network, inputs: tuple[Any, ...], valid: int) -> None:
    """Check one chunk's inputs.

    Raises:
        DataError: If they are not as many or not of the shape that the network was traced with.
    """
    names = network.inputs
    if len(inputs) != len(names):
        message = f"inputs: wanted {len(names)} arrays ({', '.join(names)}); got {len(inputs)}."
        raise DataError(message)
    for name, array in zip(names, inputs, strict=True):
        wanted = network.values[name].shape
        if np.shape(array) != wanted:
            message = f"{name}: wanted an array of shape {wanted}; got {np.shape(array)}. Pad the last chunk."
            raise DataError(message)
    if not 0 <= valid <= network.batch:
        message = f"valid: wanted 0 to {network.batch} rows; got {valid}."
        raise DataError(message)
