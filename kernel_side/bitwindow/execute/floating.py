"""The compiled steps of float layers: values k * 2^-F in, float32 arithmetic, a cast where the output has a type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.execute.choices import chosen_floats, running_sum
from bitwindow.execute.elementwise import multiply
from bitwindow.execute.finish import Result, clip_floats, no_counts
from bitwindow.execute.integer import window_sum
from bitwindow.execute.parameters import StoredParameters, array_of
from bitwindow.execute.plan import bounds_of
from bitwindow.execute.products import float_product
from bitwindow.execute.reading import operands_of, plain_array
from bitwindow.execute.samples import Samples
from bitwindow.execute.structure import apply_steps
from bitwindow.execute.tally import count_verdicts
from bitwindow.network.records import (
    Average,
    Concatenation,
    Contraction,
    Convolution,
    Extremum,
    PassThrough,
    Product,
    RunningSum,
    Sum,
    TwoSlopes,
)
from bitwindow.numbers.cast import cast_floats, stored_to_values
from bitwindow.numbers.channel_formats import AnyFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jax import Array
    from jaxtyping import Float, Int32, Int64

    from bitwindow.assign.records import Format
    from bitwindow.network.records import Layer, Network


def to_values(stored: Int32[Array, "..."], fmt: Int32[Array, "3"], dtype: Any) -> Float[Array, "..."]:
    """Return the values of stored integers in a float dtype."""
    return stored_to_values(stored, fmt, dtype)


def cast_values(
    x: Float[Array, "rows *shape"],
    fmt: Int32[Array, "3"],
    modes: Int64[Array, "2"],
    numbers: Int64[Array, "head+rows"],
    *,
    tally: bool,
    stochastic: bool = True,
    carrier: np.dtype[Any] = np.dtype(np.int32),  # noqa: B008  (immutable)
) -> Result:
    """Cast floats to an output's type, with random words by sample where the mode is stochastic.

    Args:
        x: Floats; rows are samples.
        fmt: The type.
        modes: Codes of rounding and overflow.
        numbers: The chunk's samples (`Samples`).
        tally: Whether verdicts are counted.
        stochastic: Whether the rounding may be stochastic: a form of its own, as a conditional runs on one core.
        carrier: The dtype of the output's carrier.
    """
    samples = Samples(numbers)
    rounding, overflow = modes[0].astype(np.int32), modes[1].astype(np.int32)
    words = samples.random_bits(x.shape) if stochastic else None
    cast = cast_floats(x, fmt, rounding, overflow, random_bits=words)
    counts = count_verdicts(cast.verdict, samples.valid, finite=False) if tally else no_counts()
    return Result(cast.stored.astype(carrier), counts, jnp.zeros((), np.int64))


def compute_in_floats(layer: Layer, *operands: Array) -> Array:
    """Run a layer's formula in float32, for a layer with an operand or parameter that has no type."""
    operation = layer.operation
    views = [
        apply_steps(x, operand.view, None, layer.name)
        for x, operand in zip(operands, (*layer.operands, *([layer.bias] if layer.bias else [])), strict=True)
    ]
    if isinstance(operation, PassThrough):
        return apply_steps(views[0], operation.steps, None, layer.name)
    if isinstance(operation, Concatenation):
        return jnp.concatenate(views, axis=operation.axis)
    if isinstance(operation, Convolution | Contraction):
        total = float_product(operation, views[0], views[1], np.float32)
        total = total if layer.bias is None else total + views[2]
    elif isinstance(operation, Sum):
        total = jnp.asarray(0, np.float32)
        for x, sign in zip(views, operation.signs, strict=True):
            total = total + x if sign > 0 else total - x
    elif isinstance(operation, Product):
        total = multiply(views, operation.exponent)
    elif isinstance(operation, TwoSlopes | Extremum):
        total = chosen_floats(operation, views)
    elif isinstance(operation, RunningSum):
        total = running_sum(operation, views[0])
    else:
        assert isinstance(operation, Average)  # noqa: S101  (float computations do not come here)
        total = window_sum(operation, views[0]) / jnp.asarray(operation.divisor, np.float32)
    total = lax.transpose(total, layer.arranged) if layer.arranged else total
    return clip_floats(total, bounds_of(layer.activation))


jitted_values = jax.jit(to_values, static_argnames="dtype")


def operand_values(
    network: Network,
    layer: Layer,
    formats: Sequence[Format | None],
    stored: StoredParameters,
    boundaries: Mapping[str, Any],
) -> list[Any]:
    """Return the values of a layer's operands, the bias's last, in floats; what has no type is as it is."""
    arrays = []
    for operand, fmt in zip(operands_of(layer), formats, strict=True):
        array = plain_array(operand, stored, boundaries)
        if isinstance(fmt, AnyFormat):
            dtype = np.dtype(np.float32) if operand.value is None else network.values[operand.value].dtype
            with jax.enable_x64(False):
                array = jitted_values(array, array_of(network, operand.parameter, fmt), dtype=dtype)
        arrays.append(array)
    return arrays
