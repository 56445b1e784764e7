"""A cast that a model carries in itself: where its source says which fixed-point type a value has.

The cast is one call of a function whose name holds the type, so that the tracer reads it as the type of a site and not
as ten operations of arithmetic.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.errors import FormatError
from bitwindow.numbers.format import FixedPoint

_PREFIX = "fixed_point_"


def as_type(x: Any, fmt: FixedPoint) -> Any:
    """Return floating-point values rounded to a type, ties to even, as ONNX' QuantizeLinear rounds them."""

    def cast(x: Any) -> Any:
        wide = jnp.promote_types(x.dtype, np.float32)
        whole = jnp.rint(x.astype(wide) * np.asarray(2.0**fmt.fraction_length, wide))
        bounds = (np.asarray(bound, wide) for bound in (fmt.stored_min, fmt.stored_max))
        return (jnp.clip(whole, *bounds) * np.asarray(2.0**-fmt.fraction_length, wide)).astype(x.dtype)

    cast.__name__ = f"{_PREFIX}{fmt}"
    return jax.jit(cast)(x)


def type_of_call(name: str) -> FixedPoint | None:
    """Return the type that a called function casts to, or None for any other function.

    >>> type_of_call("fixed_point_sfix8_En3")
    FixedPoint(signed=True, word_length=8, fraction_length=3)
    >>> type_of_call("gelu") is None
    True
    """
    if not name.startswith(_PREFIX):
        return None
    try:
        return FixedPoint.parse(name.removeprefix(_PREFIX))
    except FormatError:
        return None
