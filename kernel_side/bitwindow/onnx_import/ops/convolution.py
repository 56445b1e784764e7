"""Convolutions: any number of axes, groups, dilations, every auto_pad, and their transposes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.ops.windows import pads_of, window_of
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

_LETTERS = "DHW"


@operator("Conv", layout="enters")
def _conv(call: Call, x: Array, w: Array, b: Array | None = None) -> Array:
    return with_bias(call, convolved(call, x, w), b)


def convolved(call: Call, x: Array, w: Array) -> Array:
    """Return the convolution of a value with a kernel, as the node's attributes say."""
    spatial = _spatial(call, x)
    sizes = call.ints("kernel_shape") or tuple(w.shape[2:])
    if tuple(sizes) != tuple(w.shape[2:]):
        raise call.fail(f"kernel_shape as the weights have it, {list(w.shape[2:])}", f"{list(sizes)}")
    window = window_of(call, sizes, spatial)
    return lax.conv_general_dilated(
        x,
        w,
        window.strides,
        window.padding,
        rhs_dilation=window.dilations,
        dimension_numbers=numbers(call, x.ndim),
        feature_group_count=call.get("group", 1),
    )


@operator("ConvInteger", layout="enters")
def _conv_integer(call: Call, x: Array, w: Array, x_zero: Array | None = None, w_zero: Array | None = None) -> Array:
    left, right = jnp.asarray(x, jnp.int32), jnp.asarray(w, jnp.int32)
    if x_zero is not None:
        left = left - x_zero.astype(jnp.int32)
    if w_zero is not None:
        zero = w_zero.astype(jnp.int32)
        right = right - (zero.reshape((-1,) + (1,) * (w.ndim - 1)) if zero.ndim == 1 else zero)
    return convolved(call, left, right)


@operator("ConvTranspose", layout="enters")
def _conv_transpose(call: Call, x: Array, w: Array, b: Array | None = None) -> Array:
    spatial = _spatial(call, x)
    rank = len(spatial)
    groups = call.get("group", 1)
    sizes = tuple(w.shape[2:])
    strides = call.ints("strides", (1,) * rank) or ()
    dilations = call.ints("dilations", (1,) * rank) or ()
    more = call.ints("output_padding", (0,) * rank) or ()
    if {len(strides), len(dilations), len(more)} != {rank} or min((*strides, *dilations)) < 1 or min(more) < 0:
        raise call.fail(f"{rank} strides, dilations and output paddings", f"{strides}, {dilations}, {more}")
    pads = _transposed_pads(call, spatial, sizes, strides, dilations, more)
    padding = [
        ((size - 1) * step - low, (size - 1) * step - high + add)
        for size, step, (low, high), add in zip(sizes, dilations, pads, more, strict=True)
    ]
    call.allow([stride * size for stride, size in zip(strides, spatial, strict=True)])
    # (C, M / groups, ...) as the kernel of a convolution: (M, C / groups, ...), mirrored.
    kernel = jnp.flip(w, tuple(range(2, w.ndim))) if max(sizes) > 1 else w
    shaped = kernel.reshape((groups, w.shape[0] // groups, w.shape[1], *sizes))
    kernel = jnp.swapaxes(shaped, 1, 2).reshape((groups * w.shape[1], w.shape[0] // groups, *sizes))
    result = lax.conv_general_dilated(
        x,
        kernel,
        (1,) * rank,
        padding,
        lhs_dilation=strides,
        rhs_dilation=dilations,
        dimension_numbers=numbers(call, x.ndim),
        feature_group_count=groups,
    )
    return with_bias(call, result, b)


def _transposed_pads(
    call: Call,
    spatial: Sequence[int],
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    more: Sequence[int],
) -> Sequence[tuple[int, int]]:
    wanted = call.ints("output_shape")
    mode = call.get("auto_pad", "NOTSET")
    if wanted is None and mode not in {"SAME_UPPER", "SAME_LOWER"}:
        return pads_of(call, sizes, strides, dilations, spatial)
    if wanted is None:
        wanted = tuple(size * stride for size, stride in zip(spatial, strides, strict=True))
    call.allow(wanted)
    found = []
    for size, window, stride, step, add, out in zip(
        spatial, sizes, strides, dilations, more, wanted[-len(spatial) :], strict=True
    ):
        total = stride * (size - 1) + add + (window - 1) * step + 1 - out
        small = total // 2
        found.append((small, total - small) if mode == "SAME_UPPER" else (total - small, small))
    return found


def numbers(call: Call, rank: int) -> Any:
    """Return which axes of value, kernel and result are which."""
    letters = _LETTERS[-(rank - 2) :] if rank <= 5 else "".join(chr(ord("a") + axis) for axis in range(rank - 2))
    image = f"N{letters}C" if call.channels_last else f"NC{letters}"
    return (image, f"OI{letters}", image)


def with_bias(call: Call, result: Array, b: Array | None) -> Array:
    """Add a bias, one number a channel."""
    if b is None:
        return result
    return result + (b if call.channels_last else b.reshape((-1,) + (1,) * (result.ndim - 2)))


def _spatial(call: Call, x: Array) -> tuple[int, ...]:
    if np.ndim(x) < 3:
        raise call.fail("a value of shape (N, C, ...)", f"shape {list(np.shape(x))}")
    return tuple(x.shape[1:-1] if call.channels_last else x.shape[2:])
