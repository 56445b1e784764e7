"""Exact integer sums of products, for convolutions and contractions, by the cheapest carrier that stays exact.

On the CPU: float32 while every partial sum stays below 2^24 (int32 below 2^31 where each channel is convolved by
itself), int8 with int32 sums, float64 below 2^53, else halves of 16 bits in float64 recombined in int64. On a GPU
("patches"): XLA refuses integer convolutions there and its float ones may be inexact, so stored integers are gathered
into patches and multiplied as int8 digits with int32 sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.execute.boundaries import stored_as
from bitwindow.execute.plan import Carrier, Variant
from bitwindow.execute.windows import depthwise_product, has_few_channels, has_few_taps, is_depthwise, stacked_product
from bitwindow.network.records import Convolution

if TYPE_CHECKING:
    from collections.abc import Callable

    from jax import Array
    from jaxtyping import Int, Int32, Int64

    from bitwindow.execute.plan import Settings
    from bitwindow.network.records import Contraction

    Product = Callable[[Array, Array, np.dtype | type], Array]

_DIGIT_BITS = 8
MAX_DIGITS = 5
FEW_DIGITS = 3


def float_product(operation: Convolution | Contraction, x: Array, w: Array, sums: np.dtype | type) -> Array:
    """Return the operation as the program wrote it, with sums in the given dtype."""
    if isinstance(operation, Convolution):
        return lax.conv_general_dilated(
            x,
            w,
            operation.window_strides,
            operation.padding,
            lhs_dilation=operation.lhs_dilation,
            rhs_dilation=operation.rhs_dilation,
            dimension_numbers=lax.ConvDimensionNumbers(operation.lhs_spec, operation.rhs_spec, operation.out_spec),
            feature_group_count=operation.feature_group_count,
            batch_group_count=operation.batch_group_count,
            precision=lax.Precision.HIGHEST,
            preferred_element_type=sums,
        )
    return lax.dot_general(
        x,
        w,
        (operation.contracting, operation.batch),
        precision=lax.Precision.HIGHEST,
        preferred_element_type=sums,
    )


def patch_product(operation: Convolution | Contraction, x: Array, w: Array, sums: np.dtype | type) -> Array:
    """Return the same sums by explicit patches and one dot; a contraction is a dot already."""
    if not isinstance(operation, Convolution):
        return float_product(operation, x, w, sums)
    groups, batch_groups = operation.feature_group_count, operation.batch_group_count
    x = lax.transpose(x, operation.lhs_spec)
    w = lax.transpose(w, operation.rhs_spec)
    x = _dilate(x, operation.lhs_dilation, operation.padding)
    if batch_groups > 1:
        # Group g convolves the g-th part of the batch with the g-th part of the outputs.
        parts = jnp.split(x, batch_groups, axis=0), jnp.split(w, batch_groups, axis=0)
        made = [_grouped(part, own, operation, 1, sums) for part, own in zip(*parts, strict=True)]
        y = jnp.concatenate(made, axis=1)
    else:
        y = _grouped(x, w, operation, groups, sums)
    return lax.transpose(y, tuple(int(axis) for axis in np.argsort(operation.out_spec)))


def _dilate(x: Array, dilation: tuple[int, ...], padding: tuple[tuple[int, int], ...]) -> Array:
    edges = [(low, high, by - 1) for (low, high), by in zip(padding, dilation, strict=True)]
    return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), (0, 0, 0), *edges])


def _grouped(x: Array, w: Array, operation: Convolution, groups: int, sums: np.dtype | type) -> Array:
    """Convolve (N, C, *space) with (O, C / groups, *window) into (N, O, *space), padding done."""
    window = w.shape[2:]
    taps = [x[_tap(index, window, x.shape[2:], operation)] for index in np.ndindex(*window)]
    space = taps[0].shape[2:]
    rows = jnp.stack(taps, axis=2).reshape(x.shape[0], groups, -1, *space)
    own = w.reshape(groups, w.shape[0] // groups, -1)
    # (groups, N, space, outputs of a group)
    y = lax.dot_general(rows, own, (((2,), (2,)), ((1,), (0,))), preferred_element_type=sums)
    y = jnp.moveaxis(y, -1, 1)
    return jnp.moveaxis(y.reshape(w.shape[0], x.shape[0], *space), 0, 1)


def _tap(
    index: tuple[int, ...], window: tuple[int, ...], space: tuple[int, ...], operation: Convolution
) -> tuple[slice, ...]:
    """Return the slice of the padded input that meets one tap of the window at every output."""
    slices = [slice(None), slice(None)]
    steps = zip(index, window, space, operation.window_strides, operation.rhs_dilation, strict=True)
    for at, taps, size, stride, dilation in steps:
        outputs = max((size - (taps - 1) * dilation - 1) // stride + 1, 0)
        start = at * dilation
        slices.append(slice(start, start + (outputs - 1) * stride + 1, stride))
    return tuple(slices)


def exact_product(operation: Convolution | Contraction, x: Array, w: Array, sums: np.dtype | type) -> Array:
    """Return sums that are exact in the given dtype, by the form of the operation that the CPU is fastest at."""
    if isinstance(operation, Convolution) and has_few_taps(operation, w.shape):
        if is_depthwise(operation, x.shape):
            return depthwise_product(operation, x, w)
        if has_few_channels(operation, x.shape) and x.dtype == np.float32:  # in float64 it is the slower form
            return stacked_product(operation, x, w)
    return float_product(operation, x, w, sums)


def sum_products(
    operation: Convolution | Contraction,
    operands: tuple[Int[Array, "..."], Int[Array, "..."]],
    formats: tuple[Int32[Array, "3"], Int32[Array, "3"]],
    settings: Settings,
    *,
    patches: bool,
    variant: Variant,
) -> Array:
    """Return the exact sums: int32 in NARROW and BYTES (|sum| < 2^31), float64 in DOUBLE on the CPU, else int64.

    Args:
        operation: Convolution or contraction.
        operands: Their carriers.
        formats: Their types.
        settings: Traced settings; in the careful variant `carrier` chooses the cheaper way when it is exact.
        patches: Whether to take the path meant for GPUs.
        variant: The compiled form.
    """

    def at(dtype: np.dtype | type) -> tuple[Array, Array]:
        first, second = (stored_as(x, fmt, dtype) for x, fmt in zip(operands, formats, strict=True))
        return first, second

    if variant in (Variant.NARROW, Variant.BYTES):
        return _narrow_sums(operation, at(np.int32), patches=patches, variant=variant)
    if patches:
        count = FEW_DIGITS if variant is Variant.DOUBLE else MAX_DIGITS
        return _by_digits(*at(np.int64), _digit_product(operation, patches=True), count, np.int64)

    def double(a: Array, b: Array) -> Array:
        return exact_product(operation, a, b, np.float64)

    if variant is Variant.DOUBLE:
        return double(*at(np.float64))
    sums: Array = lax.cond(
        settings.carrier != Carrier.HALVES,
        lambda a, b: double(a.astype(np.float64), b.astype(np.float64)).astype(np.int64),
        lambda a, b: _by_halves(a, b, double),
        *at(np.int64),
    )
    return sums


def _narrow_sums(
    operation: Convolution | Contraction, operands: tuple[Array, Array], *, patches: bool, variant: Variant
) -> Array:
    x, w = operands
    if variant is Variant.BYTES:
        return _digit_product(operation, patches=patches)(x, w)
    if patches:
        return _by_digits(x, w, _digit_product(operation, patches=True), 2, np.int32)
    if is_depthwise(operation, x.shape):
        # The plan takes this form up to 2^31 for them.
        return exact_product(operation, x, w, np.int32)
    return exact_product(operation, x.astype(np.float32), w.astype(np.float32), np.float32).astype(np.int32)


def _digit_product(operation: Convolution | Contraction, *, patches: bool) -> Callable[[Array, Array], Array]:
    made = patch_product if patches else float_product
    return lambda a, b: made(operation, a.astype(np.int8), b.astype(np.int8), np.int32)


def _by_halves(
    x: Int64[Array, "..."], w: Int64[Array, "..."], product: Callable[[Array, Array], Array]
) -> Int64[Array, "..."]:
    """Sum in four float64 products of 16-bit halves: exact while K * 2^32 < 2^53."""
    low_x, low_w = x & 0xFFFF, w & 0xFFFF
    high_x, high_w = x >> 16, w >> 16

    def exact(a: Array, b: Array) -> Array:
        return product(a.astype(np.float64), b.astype(np.float64)).astype(np.int64)

    middle = exact(high_x, low_w) + exact(low_x, high_w)
    return (exact(high_x, high_w) << 32) + (middle << 16) + exact(low_x, low_w)


def _digits(x: Array, count: int) -> list[Array]:
    """Split integers into digits of base 256 in [-128, 127]."""
    digits = []
    for _ in range(count):
        digit = ((x + 128) & 255) - 128
        digits.append(digit.astype(np.int8))
        x = (x - digit) >> _DIGIT_BITS
    return digits


def _by_digits(
    x: Array, w: Array, product: Callable[[Array, Array], Array], count: int, dtype: np.dtype | type
) -> Array:
    """Sum in products of int8 digits, each exact in int32 while K * 2^14 < 2^31, recombined in the sum's dtype.

    Narrow sums may wrap on the way: modulo 2^32 the end is exact, since it fits.
    """
    total: Array | None = None
    for place_x, digit_x in enumerate(_digits(x, count)):
        for place_w, digit_w in enumerate(_digits(w, count)):
            part = product(digit_x, digit_w).astype(dtype) << (_DIGIT_BITS * (place_x + place_w))
            total = part if total is None else total + part
    assert total is not None  # noqa: S101  (count is a positive constant)
    return total
