"""What a product in pairs takes besides the activation: weights by blocks of channels, and the numbers of casts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bitwindow.execute.pair_records import COLUMNS, columns_of
from bitwindow.execute.plan import Settings
from bitwindow.network.records import Convolution

if TYPE_CHECKING:
    from jaxtyping import Int, Int16, Int32, Int64

    from bitwindow.execute.pair_records import PairSizes
    from bitwindow.network.records import Contraction

_INT32 = np.iinfo(np.int32)


def pair_weights(
    operation: Convolution | Contraction, w: Int[np.ndarray, "..."], sizes: PairSizes, runs: int
) -> Int16[np.ndarray, "blocks products"]:
    """Return the weights of each block of 16 channels: [pairs, channels, 2] in the order of the runs, zeros between.

    Args:
        operation: The product.
        w: Stored integers within int16, as the operation sees them.
        sizes: The layer's.
        runs: Of products, as many as the layer has.
    """
    if isinstance(operation, Convolution):
        outputs, inputs, *window = operation.rhs_spec
        taps = np.transpose(w, (*window, inputs, outputs)).reshape(-1, w.shape[inputs], w.shape[outputs])
    else:
        (axis,) = operation.contracting[1]
        taps = np.moveaxis(w, axis, 0)[None]
    groups = sizes.groups
    blocks = columns_of(1, sizes.outputs) // COLUMNS
    each = taps.shape[0] * taps.shape[1] // runs
    filled = np.zeros((runs, 2 * sizes.length, groups, blocks * COLUMNS), np.int16)
    filled[:, :each, :, : sizes.outputs] = taps.reshape(runs, each, groups, sizes.outputs)
    pairs = filled.reshape(-1, 2, groups * blocks, COLUMNS).transpose(2, 0, 3, 1)
    return np.ascontiguousarray(pairs).reshape(groups * blocks, -1)


def pair_numbers(
    packed: Int64[np.ndarray, "settings *channels"],
    bias: Int64[np.ndarray, "*channels"],
    sizes: PairSizes,
    *,
    clips: bool,
) -> Int32[np.ndarray, "numbers columns"]:
    """Return the numbers of every channel's cast, in the order in which ``pair_tiles`` reads them.

    Args:
        packed: A plan's settings, by channel or for all.
        bias: Stored integers, by channel or for all.
        sizes: The layer's.
        clips: Whether the layer has an activation.
    """
    settings = Settings.unpacked(list(packed))
    cast = settings.cast
    least, most = (settings.clip_min, settings.clip_max) if clips else (_INT32.min, _INT32.max)
    rows = (
        *(settings.shift_sum, bias << settings.shift_bias),
        *(_within(least), _within(most)),
        *(cast.right, cast.add, cast.add_negative, cast.even),
        *(_within(one) for one in (cast.low, cast.high, cast.keep_low, cast.keep_high)),
        *(cast.mask, cast.sign),
    )
    made = np.zeros((len(rows), sizes.groups, columns_of(1, sizes.outputs)), np.int32)
    for row, numbers in zip(made, rows, strict=True):
        own = np.broadcast_to(np.asarray(numbers, np.int64), (sizes.groups * sizes.outputs,))
        # The low bits: a mask of 32 bits is -1.
        row[:, : sizes.outputs] = own.astype(np.int32).reshape(sizes.groups, sizes.outputs)
    return made.reshape(len(rows), -1)


def _within(border: np.ndarray | int) -> np.ndarray:
    """Return a border within int32: one beyond is beyond every sum."""
    return np.clip(np.asarray(border, np.int64), _INT32.min, _INT32.max)
