"""The plan of a product whose weight or bias has a type for each output channel: one set of numbers a channel.

The stored integers of the weights are multiplied as they are; the channels differ in the shifts of their sums alone.
Every bound is that of a channel's own weights and bias.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bitwindow.execute.carriers import choose_carrier, fit_pairs, terms_of
from bitwindow.execute.plan import (
    NARROW,
    Range,
    Settings,
    Term,
    check_sum,
    type_range,
    with_cast,
    with_clip,
    with_limit,
    with_modes,
)
from bitwindow.execute.windows import is_depthwise
from bitwindow.network.channel_uses import weight_place
from bitwindow.network.channels import axis_in_parameter, output_axis, weight_axis
from bitwindow.numbers.channel_formats import ChannelFormats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitwindow.execute.modes import Modes
    from bitwindow.execute.parameters import StoredParameters
    from bitwindow.network.records import Contraction, Convolution, Layer
    from bitwindow.numbers.channel_formats import AnyFormat
    from bitwindow.numbers.format import FixedPoint

    Lengths = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True)
class _Product:
    """What bounds a product channel by channel: int64 arrays of one entry a channel, biases at their own LSB."""

    layer: Layer
    x: FixedPoint
    terms: int
    bits: int
    magnitude: Lengths
    least: Lengths
    largest: Lengths
    weight_lengths: Lengths
    bias_format: AnyFormat | None
    bias_least: Lengths
    bias_largest: Lengths

    @property
    def bias_lengths(self) -> Lengths:
        """The bias's fraction length in each channel."""
        return _lengths(self.bias_format, len(self.magnitude))


def plan_by_channel(
    layer: Layer,
    operation: Convolution | Contraction,
    formats: Sequence[AnyFormat],
    target: FixedPoint | None,
    stored: StoredParameters,
    shapes: tuple[tuple[int, ...], ...],
    modes: Modes,
    *,
    patches: bool,
) -> tuple[Settings, np.ndarray, Range, bool]:
    """Plan a product channel by channel.

    Returns:
        The settings that choose the compiled form, all numbers as int64[settings, channels], the sum's range in the
        channel that needs the most bits, and whether the operands fit int16 and all sums int32.

    Raises:
        ExecutionError: If a channel's exact sum would need more than 62 bits.
    """
    place = weight_place(layer)
    assert place is not None  # noqa: S101  (only parameters have types by channel)
    product = _product(layer, operation, formats, stored, shapes, place)
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for channel, pair in enumerate(zip(product.weight_lengths.tolist(), product.bias_lengths.tolist(), strict=True)):
        alike[pair].append(channel)
    planned = [
        (channels, *_plan_channels(product, pair, np.array(channels), target, modes))
        for pair, channels in alike.items()
    ]
    wide = any(settings.wide for _, settings, _ in planned)
    ends = _in_order(type_range(product.x), _stored_range(layer, stored, place), place)
    pairs = fit_pairs(ends) and not wide
    carrier, wide = choose_carrier(
        layer.name,
        int(product.magnitude.max(initial=0)),
        product.terms,
        ends,
        wide=wide,
        patches=patches,
        by_channel=is_depthwise(operation, shapes[0]),
    )
    own = {
        index: with_clip(settings._replace(carrier=int(carrier), wide=int(wide)), layer.activation)
        for index, (_, settings, _) in enumerate(planned)
    }
    careful, quick = max(one.careful for one in own.values()), min(one.quick for one in own.values())
    numbers = np.zeros((len(own[0].packed()), len(product.magnitude)), np.int64)
    for index, (channels, _, _) in enumerate(planned):
        numbers[:, channels] = own[index]._replace(careful=careful, quick=quick).packed()[:, None]
    worst = max((worst for _, _, worst in planned), key=lambda one: one.bits)
    return own[0]._replace(careful=careful, quick=quick), numbers, worst, pairs


def _in_order(x: Range, weight: Range, place: int) -> tuple[Range, Range]:
    return (weight, x) if place == 0 else (x, weight)


def _product(
    layer: Layer,
    operation: Convolution | Contraction,
    formats: Sequence[AnyFormat],
    stored: StoredParameters,
    shapes: tuple[tuple[int, ...], ...],
    place: int,
) -> _Product:
    x, weight = formats[1 - place], formats[place]
    assert not isinstance(x, ChannelFormats)  # noqa: S101  (activations have one type)
    axis = weight_axis(operation, place, len(shapes[place]))
    assert axis is not None  # noqa: S101  (what has types by channel has a channel axis)
    sums = stored.by_site[layer.operands[place].parameter or ""].sums[layer.name, place]
    count = shapes[place][axis]
    used = set(range(len(shapes[place]))) - _summed(operation, place)
    positive, negative = (_by_channel(part, sorted(used).index(axis), count) for part in (sums.positive, sums.negative))
    reach = type_range(x)
    terms = terms_of(operation, (shapes[0], shapes[1]))
    bias = formats[2] if layer.bias is not None else None
    ranks = (len(shapes[0]), len(shapes[1]))
    low, high = _bias_ends(layer, bias, stored, output_axis(operation, place, ranks), count)
    return _Product(
        layer=layer,
        x=x,
        terms=terms,
        bits=x.word_length + weight.word_length + math.ceil(math.log2(max(terms, 1))),
        magnitude=(positive - negative).max(axis=1, initial=0) * reach.magnitude,
        least=(positive * reach.least + negative * reach.largest).min(axis=1, initial=0),
        largest=(positive * reach.largest + negative * reach.least).max(axis=1, initial=0),
        weight_lengths=_lengths(weight, count),
        bias_format=bias,
        bias_least=low,
        bias_largest=high,
    )


def _plan_channels(
    product: _Product, lengths: tuple[int, int], channels: Lengths, target: FixedPoint | None, modes: Modes
) -> tuple[Settings, Range]:
    """Plan the channels whose weights and biases have the same LSBs."""
    layer, bias = product.layer, product.bias_format
    point = product.x.fraction_length + lengths[0]
    name = " x ".join(operand.parameter or operand.value or "" for operand in layer.operands[:2])
    summands = [Term(f"{name} over {product.terms} products", product.bits, point)]
    if bias is not None and layer.bias is not None:
        summands.append(Term(layer.bias.parameter or layer.bias.value or "", bias.word_length, lengths[1]))
    fine = check_sum(f"{layer.name}, channel {int(channels[0])}", summands, "sum of products")
    up, bias_up = fine - point, fine - lengths[1] if bias is not None else 0
    low, high = product.bias_least[channels] << bias_up, product.bias_largest[channels] << bias_up
    worst = Range(
        least=int(((product.least[channels] << up) + low).min()),
        largest=int(((product.largest[channels] << up) + high).max()),
        point=fine,
    )
    largest = int(((product.magnitude[channels] << up) + np.maximum(np.maximum(-low, high), 0)).max())
    settings = Settings(point=fine, shift_sum=up, shift_bias=bias_up, wide=int(largest >= NARROW))
    return with_cast(with_limit(with_modes(settings, modes), worst, modes), largest, target, modes), worst


def _summed(operation: Convolution | Contraction, place: int) -> set[int]:
    from bitwindow.network.records import Convolution as Windowed

    return set(operation.rhs_spec[1:]) if isinstance(operation, Windowed) else set(operation.contracting[place])


def _by_channel(sums: np.ndarray, axis: int, count: int) -> Lengths:
    return np.moveaxis(sums, axis, 0).reshape(count, -1)


def _lengths(fmt: AnyFormat | None, count: int) -> Lengths:
    if isinstance(fmt, ChannelFormats):
        return np.array(fmt.fraction_lengths, np.int64)
    return np.full(count, 0 if fmt is None else fmt.fraction_length, np.int64)


def _stored_range(layer: Layer, stored: StoredParameters, place: int) -> Range:
    sums = stored.by_site[layer.operands[place].parameter or ""].sums[layer.name, place]
    return Range(least=sums.least, largest=sums.largest, point=0)


def _bias_ends(
    layer: Layer, fmt: AnyFormat | None, stored: StoredParameters, axis: int | None, count: int
) -> tuple[Lengths, Lengths]:
    """Return the least and the largest stored integer of the bias in each channel."""
    if layer.bias is None or fmt is None:
        return np.zeros(count, np.int64), np.zeros(count, np.int64)
    if layer.bias.parameter is None:
        assert not isinstance(fmt, ChannelFormats)  # noqa: S101  (activations have one type)
        return np.full(count, fmt.stored_min), np.full(count, fmt.stored_max)
    values = stored.stored_integers(layer.bias.parameter)
    own = axis_in_parameter(layer.bias.view, values.shape, axis)
    if own is None or values.shape[own] != count:
        ends = int(values.min(initial=0)), int(values.max(initial=0))
        return np.full(count, ends[0], np.int64), np.full(count, ends[1], np.int64)
    rows = np.moveaxis(values, own, 0).reshape(count, -1)
    return rows.min(axis=1), rows.max(axis=1)
