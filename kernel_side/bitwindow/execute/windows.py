"""Convolutions that XLA's CPU backend is slow at, written as what they are: shifted products, or one small dot.

One filter a channel: a product and an addition a tap, all channels in vector registers. One or two input channels: the
taps side by side as one dot. Sums are the same, in any dtype that holds every partial sum exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.network.records import Contraction, Convolution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array

FEW_CHANNELS = 2
MOST_TAPS = 64


def is_depthwise(operation: Convolution | Contraction, x_shape: tuple[int, ...]) -> bool:
    """Return whether every input channel is convolved by itself, with few enough taps to write them out."""
    if not isinstance(operation, Convolution):
        return False
    channels = x_shape[operation.lhs_spec[1]]
    return operation.feature_group_count == channels > 1 and operation.batch_group_count == 1


def has_few_channels(operation: Convolution, x_shape: tuple[int, ...]) -> bool:
    """Return whether a convolution reads one or two channels."""
    single = operation.feature_group_count == operation.batch_group_count == 1
    return single and x_shape[operation.lhs_spec[1]] <= FEW_CHANNELS


def has_few_taps(operation: Convolution, w_shape: tuple[int, ...]) -> bool:
    """Return whether the window is small enough to write its taps out."""
    return int(np.prod([w_shape[axis] for axis in operation.rhs_spec[2:]])) <= MOST_TAPS


def depthwise_product(operation: Convolution, x: Array, w: Array) -> Array:
    """Return the sums of a depthwise convolution in the operands' dtype."""
    x, w = _channels_last(operation, x, w)
    channels = x.shape[-1]
    total: Array | None = None
    for at, piece in _taps(operation, x, w.shape[:-2]):
        # (*rows, channels, 1) times (channels, outputs of a channel)
        own = w[at].reshape(channels, -1)
        part = piece * own[:, 0] if own.shape[1] == 1 else (piece[..., None] * own).reshape(*piece.shape[:-1], -1)
        total = part if total is None else total + part
    assert total is not None  # noqa: S101  (a window has a tap)
    return _as_written(operation, total)


def stacked_product(operation: Convolution, x: Array, w: Array) -> Array:
    """Return the sums of a convolution as one dot over its stacked taps, in the operands' dtype."""
    x, w = _channels_last(operation, x, w)
    stacked = jnp.concatenate([piece for _, piece in _taps(operation, x, w.shape[:-2])], axis=-1)
    total = lax.dot_general(
        stacked,
        w.reshape(-1, w.shape[-1]),
        (((stacked.ndim - 1,), (0,)), ((), ())),
        precision=lax.Precision.HIGHEST,
        preferred_element_type=x.dtype,
    )
    return _as_written(operation, total)


def _channels_last(operation: Convolution, x: Array, w: Array) -> tuple[Array, Array]:
    """Return (N, *space, C), padded and dilated, and (*window, inputs, outputs)."""
    batch, feature, *space = operation.lhs_spec
    x = lax.transpose(x, (batch, *space, feature))
    pads = [(low, high, by - 1) for (low, high), by in zip(operation.padding, operation.lhs_dilation, strict=True)]
    x = lax.pad(x, np.zeros((), x.dtype), [(0, 0, 0), *pads, (0, 0, 0)])
    outputs, inputs, *window = operation.rhs_spec
    return x, lax.transpose(w, (*window, inputs, outputs))


def _taps(operation: Convolution, x: Array, window: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Yield each tap's place with the slice of the padded input that it meets at every output."""
    sizes = [
        max((size - (taps - 1) * by - 1) // stride + 1, 0)
        for size, taps, by, stride in zip(
            x.shape[1:-1], window, operation.rhs_dilation, operation.window_strides, strict=True
        )
    ]
    for at in np.ndindex(*window):
        starts = [i * by for i, by in zip(at, operation.rhs_dilation, strict=True)]
        ends = [
            start + (size - 1) * stride + 1
            for start, size, stride in zip(starts, sizes, operation.window_strides, strict=True)
        ]
        strides = (1, *operation.window_strides, 1)
        yield at, lax.slice(x, (0, *starts, 0), (x.shape[0], *ends, x.shape[-1]), strides)


def _as_written(operation: Convolution, total: Array) -> Array:
    """Return (N, *space, outputs) with its axes where the program has them."""
    channels_first = (0, total.ndim - 1, *range(1, total.ndim - 1))
    order = [0] * total.ndim
    for axis, place in zip(channels_first, operation.out_spec, strict=True):
        order[place] = axis
    return lax.transpose(total, order)
