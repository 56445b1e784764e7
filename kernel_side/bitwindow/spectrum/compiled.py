"""How the host's kernels are compiled: without the GIL, kept on disk where there is a place for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile with numba; where no cache folder can be written, compile anew in each process."""
    try:
        return cast("F", numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:
        return cast("F", numba.njit(nogil=True)(function))


def _count_leading_zeros(context: Any, word: Any) -> Any:  # noqa: ARG001  (numba's own protocol)
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return word(word), generate


leading_zeros: Callable[[Any], Any] = cast("Any", intrinsic)(_count_leading_zeros)
"""The number of zeros before the first one of an unsigned word; LLVM vectorizes it, which numba's own loop is not."""
