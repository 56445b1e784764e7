"""The noise of casting a parameter, measured on its values."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.numbers.cast import Verdict, cast_floats, stored_to_values
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.modes import Overflow, Rounding


@dataclass(frozen=True, kw_only=True)
class CastNoise:
    """How many values rounding alone changes, and the signal-to-quantization-noise ratio in dB, all channels together.

    The ratio is infinite where nothing is lost; values that are not finite are left out.
    """

    rounded: int
    db: float


def cast_noise(
    values: NDArray[Any], fmt: AnyFormat, axis: int | None, rounding: Rounding, overflow: Overflow
) -> CastNoise:
    """Measure the cast of a tensor to its type, or to its types by channel along an axis.

    Args:
        values: The tensor.
        fmt: Its type or types.
        axis: The channel axis; needed for types by channel alone.
        rounding: A deterministic mode.
        overflow: The overflow mode.
    """
    if isinstance(fmt, ChannelFormats):
        assert axis is not None  # noqa: S101  (no other tensor is given types by channel)
        types = fmt.as_array(axis, values.ndim)
    else:
        types = fmt.as_array()
    cast = cast_floats(values, types, rounding.code, overflow.code)
    after = stored_to_values(cast.stored, types, np.float64)
    before = np.where(np.isfinite(values), values, 0).astype(np.float64)
    error = float(np.sum((np.where(np.isfinite(values), after, 0) - before) ** 2))
    signal = float(np.sum(before**2))
    rounded = int(np.count_nonzero(np.asarray(cast.verdict) == Verdict.ROUNDED))
    if error == 0:
        return CastNoise(rounded=rounded, db=inf)
    return CastNoise(rounded=rounded, db=10 * log10(signal / error) if signal > 0 else -inf)
