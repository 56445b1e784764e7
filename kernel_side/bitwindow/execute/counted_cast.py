"""The cast of a parameter on the host with the counts of its verdicts: NumPy's way takes some thirty passes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.execute.tally import CLASSES
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.modes import Rounding

if TYPE_CHECKING:
    from jaxtyping import Float, Int32, Int64

    from bitwindow.execute.modes import Modes
    from bitwindow.numbers.channel_formats import AnyFormat

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def counted_cast(
    x: Float[np.ndarray, "*shape"], fmt: AnyFormat, modes: Modes, channel_axis: int | None = None
) -> tuple[Int32[np.ndarray, "*shape"], Int64[np.ndarray, "7"]] | None:
    """Return the low 32 bits of the stored integers, and how many values met each verdict.

    Args:
        x: The values.
        fmt: The type, or the types along ``channel_axis``.
        modes: The modes.
        channel_axis: The axis of types by channel.

    Returns:
        None where it is not done here: other floats than float32 and float64, or stochastic rounding.
    """
    if x.dtype not in FLOATS or not x.dtype.isnative or modes.rounding is Rounding.STOCHASTIC:
        return None
    from bitwindow.execute.counted_kernel import cast_counted

    if isinstance(fmt, ChannelFormats):
        assert channel_axis is not None  # noqa: S101  (no other site is given types by channel)
        rows, one, lengths = np.moveaxis(x, channel_axis, 0), fmt.coarsest, fmt.fraction_lengths
        rows = rows.reshape(len(fmt), prod(rows.shape[1:]))
    else:
        rows, one, lengths = x.reshape(1, x.size), fmt, (fmt.fraction_length,)
    values = np.ascontiguousarray(rows).view()
    values.setflags(write=False)
    out, counts = np.empty(values.shape, np.int32), np.zeros(CLASSES, np.int64)
    scales = np.ldexp(1.0, np.array(lengths, np.int64))
    codes = modes.rounding.code, modes.overflow.code, int(one.signed), one.word_length
    cast_counted(values, scales, *codes, out, counts)
    if channel_axis is None or not isinstance(fmt, ChannelFormats):
        return out.reshape(x.shape), counts
    others = x.shape[:channel_axis] + x.shape[channel_axis + 1 :]
    return np.ascontiguousarray(np.moveaxis(out.reshape(len(fmt), *others), 0, channel_axis)), counts
