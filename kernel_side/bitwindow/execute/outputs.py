"""From an output's carrier to its values: on the grid when it has a type, else as they are."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.assign.records import Format
from bitwindow.execute.floating import jitted_values
from bitwindow.network.records import Value
from bitwindow.numbers.cast import stored_to_values
from bitwindow.numbers.format import FixedPoint

FEW_VALUES = 1 << 16
"""So many are converted on the host, in less time than it takes to start a compiled step."""


def output_values(value: Value, fmt: Format | None, carrier: Any, *, on_host: bool = False) -> Any:
    """Return an output's values in the program's dtype, or in the smallest wider one that holds the type.

    A type that float32 cannot hold gives a float64 NumPy array. With ``on_host`` nothing compiles, whatever the shape.
    """
    if not isinstance(fmt, FixedPoint):
        return carrier
    if fmt.magnitude_bits > 24:
        return _float64_values(np.asarray(carrier), fmt)
    dtype = value.dtype if _holds(value.dtype, fmt) else np.dtype(np.float32)
    if on_host or carrier.size <= FEW_VALUES:
        return stored_to_values(np.asarray(carrier), fmt.as_array(), dtype)
    with jax.enable_x64(False):
        return jitted_values(carrier, fmt.as_array(), dtype=dtype)


def _float64_values(carrier: np.ndarray, fmt: FixedPoint) -> np.ndarray:
    stored = carrier if fmt.signed else carrier.view(np.uint32)
    return stored.astype(np.float64) * fmt.lsb


@cache
def _holds(dtype: np.dtype[Any], fmt: FixedPoint) -> bool:
    """Return whether a float dtype holds every value of a type."""
    if not jnp.issubdtype(dtype, jnp.floating):
        return False
    info = jnp.finfo(dtype)  # type: ignore[no-untyped-call]
    return fmt.magnitude_bits <= info.nmant + 1 and -fmt.fraction_length >= info.minexp and fmt.max <= float(info.max)
