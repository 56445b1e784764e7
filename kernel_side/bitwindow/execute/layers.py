"""The plan of each layer: settings and shifts, in exact Python integers, from the types and the stored weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.execute.carriers import choose_carrier, fit_pairs, product_range, terms_of
from bitwindow.execute.channel_plan import plan_by_channel
from bitwindow.execute.choices import plan_choice, plan_running_sum
from bitwindow.execute.elementwise import plan_elementwise
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
from bitwindow.numbers.channel_formats import ChannelFormats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitwindow.execute.modes import Modes
    from bitwindow.execute.parameters import StoredParameters
    from bitwindow.network.records import Layer, Operand
    from bitwindow.numbers.channel_formats import AnyFormat
    from bitwindow.numbers.format import FixedPoint


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an integer layer's step takes besides its operands; ``worst`` is the sum's range, bias included, or None.

    ``by_channel`` holds the settings of each output channel, int64[settings, channels], where they differ; ``worst`` is
    that of the channel that needs the most bits then. ``pairs`` says that both operands of a product fit int16
    and all sums int32.
    """

    settings: Settings
    extra: tuple[np.ndarray, ...] = ()
    worst: Range | None = None
    by_channel: np.ndarray | None = None
    pairs: bool = False

    def packed(self) -> np.ndarray:
        """Return the settings as the step takes them."""
        return self.settings.packed() if self.by_channel is None else self.by_channel


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The shapes of a layer's operands, as the operation sees them."""

    operands: tuple[tuple[int, ...], ...]


def plan_layer(
    layer: Layer,
    given: Sequence[AnyFormat],
    stored: StoredParameters,
    sizes: Sizes,
    modes: Modes,
    *,
    patches: bool,
    target: FixedPoint | None,
) -> Plan:
    """Plan a layer whose operands (and bias, last) all have types; `target` is the output's, None where it has none.

    Raises:
        ExecutionError: If its exact sum would need more than 62 bits.
    """
    operation = layer.operation
    formats = [fmt for fmt in given if not isinstance(fmt, ChannelFormats)]
    if len(formats) < len(given):
        # Types by channel are given to weights and biases of products alone.
        assert isinstance(operation, Convolution | Contraction)  # noqa: S101
        settings, numbers, worst, pairs = plan_by_channel(
            layer, operation, given, target, stored, sizes.operands, modes, patches=patches
        )
        return Plan(settings=settings, worst=worst, by_channel=numbers, pairs=pairs)
    if isinstance(operation, Convolution | Contraction):
        return _plan_product(layer, operation, formats, target, stored, sizes, modes, patches=patches)
    if isinstance(operation, Sum):
        return _plan_sum(layer, formats, target, modes)
    if isinstance(operation, Product | TwoSlopes | Extremum | RunningSum):
        return _plan_elements(layer, operation, formats, target, sizes, modes)
    if isinstance(operation, Average):
        return _plan_average(layer, operation, formats[0], sizes, modes)
    assert isinstance(operation, Concatenation | PassThrough)  # noqa: S101  (float computations have no plan)
    settings = with_modes(Settings(), modes)
    return Plan(settings=settings)


def _plan_elements(
    layer: Layer,
    operation: Product | TwoSlopes | Extremum | RunningSum,
    formats: Sequence[FixedPoint],
    target: FixedPoint | None,
    sizes: Sizes,
    modes: Modes,
) -> Plan:
    if isinstance(operation, Product):
        return Plan(settings=plan_elementwise(layer, operation, formats, target, modes))
    if isinstance(operation, RunningSum):
        settings, extra = plan_running_sum(layer, operation, formats[0], sizes.operands[0], target, modes)
    else:
        settings, extra = plan_choice(layer, operation, formats, target, modes)
    return Plan(settings=settings, extra=extra)


def _site(operand: Operand) -> str:
    return operand.parameter or operand.value or ""


def _plan_product(
    layer: Layer,
    operation: Convolution | Contraction,
    formats: Sequence[FixedPoint],
    target: FixedPoint | None,
    stored: StoredParameters,
    sizes: Sizes,
    modes: Modes,
    *,
    patches: bool,
) -> Plan:
    terms = terms_of(operation, (sizes.operands[0], sizes.operands[1]))
    point = formats[0].fraction_length + formats[1].fraction_length
    bits = formats[0].word_length + formats[1].word_length + math.ceil(math.log2(max(terms, 1)))
    name = " x ".join(_site(operand) for operand in layer.operands[:2])
    summands = [Term(f"{name} over {terms} products", bits, point)]
    if layer.bias is not None:
        summands.append(Term(_site(layer.bias), formats[2].word_length, formats[2].fraction_length))
    fine = check_sum(layer.name, summands, "sum of products")
    magnitude, worst, ends = _bounds(layer, formats, stored, terms, point)
    settings = Settings(point=fine, shift_sum=fine - point)
    largest = magnitude << fine - point
    if layer.bias is not None:
        bias = _bias_range(layer.bias, formats[2], stored)
        settings = settings._replace(shift_bias=fine - formats[2].fraction_length)
        largest += bias.shifted(fine).magnitude
        worst += bias
    settings = settings._replace(wide=int(largest >= NARROW))
    settings = with_cast(with_limit(with_modes(settings, modes), worst, modes), largest, target, modes)
    pairs = fit_pairs(ends) and not settings.wide
    carrier, wide = choose_carrier(
        layer.name,
        magnitude,
        terms,
        ends,
        wide=bool(settings.wide),
        patches=patches,
        by_channel=is_depthwise(operation, sizes.operands[0]),
    )
    settings = settings._replace(carrier=int(carrier), wide=int(wide))
    return Plan(settings=with_clip(settings, layer.activation), worst=worst, pairs=pairs)


def _bounds(
    layer: Layer,
    formats: Sequence[FixedPoint],
    stored: StoredParameters,
    terms: int,
    point: int,
) -> tuple[int, Range, tuple[Range, Range]]:
    """Return the bound of partial sums of |products|, the worst case of the sum, and the operands' own ranges."""
    ranges = [type_range(formats[0]), type_range(formats[1])]
    for position in (1, 0):
        site = layer.operands[position].parameter
        sums = None if site is None else stored.by_site[site].sums.get((layer.name, position))
        if sums is not None:
            x = ranges[1 - position]
            ranges[position] = Range(least=sums.least, largest=sums.largest, point=ranges[position].point)
            return sums.magnitude * x.magnitude, product_range(sums, x, point), (ranges[0], ranges[1])
    corners = [a * b for a in (ranges[0].least, ranges[0].largest) for b in (ranges[1].least, ranges[1].largest)]
    worst = Range(least=min(0, *corners) * terms, largest=max(0, *corners) * terms, point=point)
    return ranges[0].magnitude * ranges[1].magnitude * terms, worst, (ranges[0], ranges[1])


def _bias_range(bias: Operand, fmt: FixedPoint, stored: StoredParameters) -> Range:
    if bias.parameter is None:
        return type_range(fmt)
    values = stored.stored_integers(bias.parameter)
    return Range(least=int(values.min(initial=0)), largest=int(values.max(initial=0)), point=fmt.fraction_length)


def _plan_sum(layer: Layer, formats: Sequence[FixedPoint], target: FixedPoint | None, modes: Modes) -> Plan:
    summands = [
        Term(_site(operand), fmt.word_length, fmt.fraction_length)
        for operand, fmt in zip(layer.operands, formats, strict=True)
    ]
    fine = check_sum(layer.name, summands, "sum")
    magnitude = sum(type_range(fmt).shifted(fine).magnitude for fmt in formats)
    settings = with_modes(Settings(point=fine, wide=int(magnitude >= NARROW)), modes)
    settings = with_cast(settings, magnitude, target, modes)
    shifts = np.array([settings.point - fmt.fraction_length for fmt in formats], np.int64)
    return Plan(settings=with_clip(settings, layer.activation), extra=(shifts,))


def _plan_average(layer: Layer, operation: Average, fmt: FixedPoint, sizes: Sizes, modes: Modes) -> Plan:
    shape = sizes.operands[0]
    axes = operation.axes
    window = [shape[axis] for axis in axes] if axes is not None else operation.window_dimensions
    count = int(np.prod(window, dtype=np.int64))
    term = Term(_site(layer.operands[0]), fmt.word_length + math.ceil(math.log2(max(count, 1))), fmt.fraction_length)
    check_sum(layer.name, [term], f"sum of {count} values")
    magnitude = type_range(fmt).magnitude * count
    wide = magnitude >= NARROW
    settings = with_modes(Settings(point=fmt.fraction_length, wide=int(wide), quick=int(not wide)), modes)
    divisors = np.asarray(operation.divisor, np.int64)
    low, high = np.full(divisors.shape, settings.clip_min), np.full(divisors.shape, settings.clip_max)
    for divisor in np.unique(divisors).tolist():
        settings = with_clip(settings, layer.activation, divisor)
        low[divisors == divisor] = settings.clip_min
        high[divisors == divisor] = settings.clip_max
    return Plan(settings=settings, extra=(divisors, low, high))
