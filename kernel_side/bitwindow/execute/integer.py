"""The compiled steps of integer layers: operands on the grid in, the exact formula, one cast out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.execute.boundaries import NARROW_BITS, bits_of, stored_as
from bitwindow.execute.choices import chosen, running_sum
from bitwindow.execute.elementwise import multiply
from bitwindow.execute.finish import Result, along, finish_sum, no_counts, sum_to_float, unpack
from bitwindow.execute.joined import steps_after
from bitwindow.execute.plan import Variant, bounds_of
from bitwindow.execute.products import sum_products
from bitwindow.execute.samples import Samples
from bitwindow.execute.structure import apply_steps
from bitwindow.execute.tally import count_verdicts
from bitwindow.network.channel_uses import weight_place
from bitwindow.network.channels import output_axis
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
from bitwindow.numbers.cast import Cast, cast_integers
from bitwindow.numbers.quick import power_of_two

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array
    from jaxtyping import Int32, Int64

    from bitwindow.execute.plan import Settings
    from bitwindow.network.records import Layer, Operand

    Step = Callable[..., Result]


def integer_step(
    layer: Layer,
    *,
    variant: Variant,
    typed: bool,
    tally: bool,
    patches: bool,
    carrier: np.dtype[Any] = np.dtype(np.int32),  # noqa: B008  (immutable)
    follower: Layer | None = None,
) -> Step:
    """Return the pure function of a layer whose operands all have types.

    It takes (operand carriers, operand formats int32[n, 3], output format int32[3], settings, extra, samples); `extra`
    are the left shifts of a sum's or a choice's terms, or the divisor and bounds of an average.

    Args:
        layer: A layer that is not a float computation.
        variant: Its compiled form.
        typed: Whether the output's site has a type.
        tally: Whether verdicts are counted.
        patches: Whether to take the path meant for GPUs.
        carrier: The dtype of the output's carrier, where it has a type.
        follower: A pool that runs before the cast, where ``joined`` allows it; its output is the step's.
    """
    operation = layer.operation

    def step(
        operands: tuple[Array, ...],
        formats: Int32[Array, "operands 3"],
        fmt: Int32[Array, "3"],
        numbers: Int64[Array, "settings"],
        extra: tuple[Array, ...],
        sample_numbers: Int64[Array, "4"],
    ) -> Result:
        settings, samples = unpack(numbers), Samples(sample_numbers)
        if isinstance(operation, PassThrough):
            seen = _view(operands[0], layer.operands[0], formats[0], layer.name)
            moved = apply_steps(seen, operation.steps, formats[0], layer.name)
            return Result(moved, no_counts(), jnp.zeros((), np.int64))
        if isinstance(operation, Concatenation):
            made = _concatenate(layer, operands, formats, fmt, settings, samples, variant=variant, tally=tally)
            return made._replace(output=made.output.astype(carrier))

        axis = _channel_axis(layer, operands) if numbers.ndim > 1 else None
        total = _total(layer, operands, formats, settings, extra, axis, patches=patches, variant=variant)
        total = lax.transpose(total, layer.arranged) if layer.arranged else total
        total = apply_steps(total, steps_after(follower), None, layer.name)
        if axis is not None:
            settings = along(settings, layer.arranged.index(axis) if layer.arranged else axis, total.ndim)
        ended = _end(
            layer, total, settings, fmt, samples, extra, variant=variant, typed=typed, tally=tally, carrier=carrier
        )
        return ended._replace(output=ended.output.astype(carrier)) if typed else ended

    return step


def variants_of(layer: Layer) -> tuple[Variant, ...]:
    """Return the forms that a layer can take; each is compiled when it is first needed, or by `Executor.warm`."""
    if isinstance(layer.operation, PassThrough):
        return (Variant.NARROW,)
    if isinstance(layer.operation, Concatenation):
        return (Variant.NARROW, Variant.STOCHASTIC)
    if isinstance(layer.operation, Convolution | Contraction):
        return tuple(Variant)
    return (Variant.NARROW, Variant.CAREFUL, Variant.STOCHASTIC)


def variant_of(layer: Layer, settings: Settings) -> Variant:
    """Return the form that a plan needs: the layer's own, or the careful one that does everything."""
    variant, own = settings.variant, variants_of(layer)
    if variant in own:
        return variant
    return Variant.CAREFUL if Variant.CAREFUL in own else Variant.NARROW


def _view(x: Array, operand: Operand, fmt: Int32[Array, "3"], where: str) -> Array:
    return apply_steps(x, operand.view, fmt, where)


def _total(
    layer: Layer,
    operands: tuple[Array, ...],
    formats: Array,
    settings: Settings,
    extra: tuple[Array, ...],
    axis: int | None,
    *,
    patches: bool,
    variant: Variant,
) -> Array:
    operation = layer.operation
    # Parameters of products come viewed, so that their sums are known.
    views = [
        x
        if operand.parameter is not None and isinstance(operation, Convolution | Contraction)
        else _view(x, operand, formats[index], layer.name)
        for index, (x, operand) in enumerate(zip(operands, layer.operands, strict=False))
    ]
    dtype: type[np.generic] = np.int32 if variant in (Variant.NARROW, Variant.BYTES) else np.int64
    if isinstance(operation, Convolution | Contraction):
        pair = (views[0], views[1])
        total = sum_products(operation, pair, (formats[0], formats[1]), settings, patches=patches, variant=variant)
        settings = settings if axis is None else along(settings, axis, total.ndim)
        if layer.bias is None:
            return shifted(total, settings.shift_sum)
        bias = _view_any(stored_as(operands[2], formats[2], total.dtype), layer.bias, layer.name)
        return shifted(total, settings.shift_sum) + shifted(bias, settings.shift_bias)
    return _elementwise(layer, views, formats, settings, extra, dtype)


def _elementwise(
    layer: Layer,
    views: list[Array],
    formats: Array,
    settings: Settings,
    extra: tuple[Array, ...],
    dtype: type[np.generic],
) -> Array:
    operation = layer.operation
    if isinstance(operation, Sum):
        summed: Array | None = None
        for index, (x, sign) in enumerate(zip(views, operation.signs, strict=True)):
            part = shifted(stored_as(x, formats[index], dtype), extra[0][index])
            part = part if sign > 0 else -part
            summed = part if summed is None else summed + part
        assert summed is not None  # noqa: S101  (a sum has operands)
        return summed
    if isinstance(operation, Product):
        factors = [stored_as(x, formats[index], dtype) for index, x in enumerate(views)]
        return shifted(multiply(factors), settings.shift_sum)
    if isinstance(operation, TwoSlopes | Extremum):
        terms = [stored_as(x, formats[index], dtype) for index, x in enumerate(views)]
        return chosen(operation, terms, lambda term, place: shifted(term, extra[0][place]))
    if isinstance(operation, RunningSum):
        return shifted(running_sum(operation, stored_as(views[0], formats[0], dtype)), extra[0][0])
    assert isinstance(operation, Average)  # noqa: S101  (the other operations do not come here)
    return window_sum(operation, stored_as(views[0], formats[0], dtype))


def _channel_axis(layer: Layer, operands: tuple[Array, ...]) -> int | None:
    """Return the axis of a product's sums that counts the output channels of its weight."""
    operation, place = layer.operation, weight_place(layer)
    assert isinstance(operation, Convolution | Contraction)  # noqa: S101  (no other layer has types by channel)
    assert place is not None  # noqa: S101
    ranks = [operands[place].ndim] * 2
    ranks[1 - place] = _rank(operands[1 - place], layer.operands[1 - place])
    return output_axis(operation, place, (ranks[0], ranks[1]))


def _rank(x: Array, operand: Operand) -> int:
    return int(jax.eval_shape(lambda y: apply_steps(y, operand.view, None, ""), x).ndim)


def shifted(k: Array, by: Array) -> Array:
    """Return exact sums times 2^by, by >= 0."""
    if jnp.issubdtype(k.dtype, jnp.floating):
        return k * power_of_two(by)
    return k << by.astype(k.dtype)


def _view_any(x: Array, operand: Operand, where: str) -> Array:
    """View stored integers that are already wide: a bias is moved and broadcast, never compared."""
    return apply_steps(x, operand.view, None, where)


def window_sum(operation: Average, x: Array) -> Array:
    """Return the sums that an average divides, in the dtype of `x`."""
    if operation.axes is not None:
        return jnp.sum(x, axis=operation.axes, dtype=x.dtype)
    rank = x.ndim
    result: Array = lax.reduce_window(
        x,
        np.zeros((), x.dtype),
        lax.add,
        operation.window_dimensions,
        operation.window_strides,
        operation.padding,
        operation.base_dilation or (1,) * rank,
        operation.window_dilation or (1,) * rank,
    )
    return result


def _end(
    layer: Layer,
    total: Array,
    settings: Settings,
    fmt: Array,
    samples: Samples,
    extra: tuple[Array, ...],
    *,
    variant: Variant,
    typed: bool,
    tally: bool,
    carrier: np.dtype[Any],
) -> Result:
    average = isinstance(layer.operation, Average)
    if not typed:
        clip = bounds_of(layer.activation)
        if not average:
            return sum_to_float(total, settings, samples, clip)
        return sum_to_float(total, settings, samples, clip, divisor=extra[0])
    return finish_sum(
        total,
        settings,
        fmt,
        samples,
        variant=variant,
        clips=layer.activation is not None,
        tally=tally,
        carrier=carrier,
        divisor=extra[0] if average else None,
        bounds=(extra[1], extra[2]) if average else None,
    )


def _concatenate(
    layer: Layer,
    operands: tuple[Array, ...],
    formats: Array,
    fmt: Array,
    settings: Settings,
    samples: Samples,
    *,
    variant: Variant,
    tally: bool,
) -> Result:
    assert isinstance(layer.operation, Concatenation)  # noqa: S101  (the caller has looked)
    axis = layer.operation.axis
    views = [
        _view(x, operand, formats[i], layer.name)
        for i, (x, operand) in enumerate(zip(operands, layer.operands, strict=True))
    ]
    shape = list(views[0].shape)
    shape[axis] = sum(x.shape[axis] for x in views)
    words = samples.random_bits(tuple(shape)) if variant is Variant.STOCHASTIC else None
    pieces: list[Cast] = []
    start = 0
    for index, x in enumerate(views):
        own = None if words is None else lax.slice_in_dim(words, start, start + x.shape[axis], axis=axis)
        start += x.shape[axis]
        pieces.append(
            cast_integers(
                stored_as(x, formats[index], np.int32 if bits_of(x) == NARROW_BITS else np.int64),
                formats[index][2],
                fmt,
                settings.rounding.astype(np.int32),
                settings.overflow.astype(np.int32),
                random_bits=own,
            )
        )
    stored = jnp.concatenate([piece.stored for piece in pieces], axis=axis)
    verdict = jnp.concatenate([piece.verdict for piece in pieces], axis=axis)
    counts = count_verdicts(verdict, samples.valid, finite=True) if tally else no_counts()
    return Result(stored, counts, jnp.zeros((), np.int64))
