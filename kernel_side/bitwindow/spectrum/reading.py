"""What arrays must satisfy to be a spectrum, checked when they come from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.errors import DataError
from bitwindow.spectrum.exact_sums import COLUMNS
from bitwindow.spectrum.landmarks import CELL_BITS
from bitwindow.spectrum.parts import Parts

_INTEGERS = {"cells": 1, "counts": 1, "octaves": 1, "sums": 2, "special": 2}


def checked(arrays: Mapping[str, NDArray[Any]]) -> tuple[Parts, int | None]:
    """Return the parts and the number of channels.

    Raises:
        DataError: Naming what is missing or wrong.
    """
    wanted = {*_INTEGERS, "extremes", "channels"}
    if set(arrays) != wanted:
        _refuse(f"the arrays {sorted(wanted)}", f"{sorted(arrays)}")
    for name, dimensions in _INTEGERS.items():
        array = arrays[name]
        if array.dtype != np.int64 or array.ndim != dimensions or np.any(array < 0):
            _refuse(f"{name}: nonnegative int64 with {dimensions} axes", f"{array.dtype} of shape {array.shape}")
    if arrays["channels"].dtype != np.int64 or arrays["channels"].shape != ():
        _refuse("channels: one int64", f"{arrays['channels'].dtype} of shape {arrays['channels'].shape}")
    channels = int(arrays["channels"])
    parts = Parts(**{name: np.array(arrays[name]) for name in wanted - {"channels"}})
    _check_shapes(parts, 1 if channels == -1 else channels)
    _check_order(parts)
    return parts, None if channels == -1 else channels


def _check_shapes(parts: Parts, channels: int) -> None:
    if parts.extremes.dtype != np.float64 or parts.extremes.shape != (channels, 2):
        _refuse(f"extremes: float64 of shape ({channels}, 2)", f"{parts.extremes.dtype} of {parts.extremes.shape}")
    if parts.special.shape != (channels, 4):
        _refuse(f"special: shape ({channels}, 4)", f"{parts.special.shape}")
    if parts.counts.shape != parts.cells.shape or parts.sums.shape != (len(parts.octaves), COLUMNS):
        _refuse("a count for each cell and sums for each octave", f"{parts.counts.shape}, {parts.sums.shape}")


def _check_order(parts: Parts) -> None:
    if np.any(np.diff(parts.cells) <= 0) or np.any(parts.counts == 0):
        _refuse("cells in order, each with a count", "others")
    if not np.array_equal(np.unique(parts.cells >> 7), parts.octaves):
        _refuse("the octaves of the cells", "others")
    if parts.cells.size and parts.cells[-1] >> (CELL_BITS + 1) >= len(parts.special):
        _refuse(f"cells of {len(parts.special)} channels", f"channel {parts.cells[-1] >> (CELL_BITS + 1)}")
    if np.any(parts.sums >> 32):
        _refuse("limbs of 32 bits", "larger ones")


def _refuse(wanted: str, got: str) -> None:
    message = f"spectrum: wanted {wanted}; got {got}. The arrays are damaged or of another kind: count the data anew."
    raise DataError(message)
