"""The cast of a chunk's inputs on the host: rows are picked and cast in one pass, on one core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bitwindow.execute.boundaries import NARROW_BITS
from bitwindow.execute.lending import LENDER
from bitwindow.numbers.modes import Overflow, Rounding

if TYPE_CHECKING:
    from jaxtyping import Int16

    from bitwindow.execute.modes import Modes
    from bitwindow.numbers.format import FixedPoint


def cast_of_rows(
    x: Any, rows: np.ndarray | None, fmt: FixedPoint, modes: Modes
) -> Int16[np.ndarray, "rows *shape"] | None:
    """Return the carriers of some rows of an input.

    Args:
        x: The input's values, samples first.
        rows: Numbers of the rows; None: all.
        fmt: The type.
        modes: The modes.

    Returns:
        None where it is not done here: other floats than float32 in memory, more than 16 bits, stochastic rounding.
    """
    here = isinstance(x, np.ndarray) and x.dtype == np.float32 and x.ndim > 0
    if not here or fmt.word_length > NARROW_BITS or modes.rounding is Rounding.STOCHASTIC:
        return None
    from bitwindow.execute.row_kernel import cast_rows

    if rows is not None and not x.flags.c_contiguous:
        x, rows = x[rows], None
    flat = np.ascontiguousarray(x).reshape(len(x), -1).view()
    flat.setflags(write=False)
    chosen = np.arange(len(x)) if rows is None else np.ascontiguousarray(rows, np.int64)
    symmetric = modes.overflow is Overflow.SATURATE_SYMMETRIC and fmt.signed
    least = -fmt.stored_max if symmetric else fmt.stored_min
    out = LENDER.array((len(chosen), flat.shape[1]), np.dtype(np.int16))
    scale = 2.0**fmt.fraction_length
    cast_rows(flat, chosen, scale, modes.rounding.code, modes.overflow.code, float(least), float(fmt.stored_max), out)
    return out.reshape(len(chosen), *x.shape[1:])
