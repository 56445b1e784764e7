"""Products element by element: the exact integer product of the stored operands, times a power of two, cast once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from bitwindow.execute.plan import Range, Settings, Term, check_sum, type_range, with_cast, with_clip, with_modes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array

    from bitwindow.execute.modes import Modes
    from bitwindow.network.records import Layer, Product
    from bitwindow.numbers.format import FixedPoint

_NARROW = 2**31


def plan_elementwise(
    layer: Layer, operation: Product, formats: Sequence[FixedPoint], target: FixedPoint | None, modes: Modes
) -> Settings:
    """Return the settings of a product of one or two operands that have types.

    Raises:
        ExecutionError: If the product may need more than 62 bits.
    """
    point = sum(fmt.fraction_length for fmt in formats)
    sites = " x ".join(operand.parameter or operand.value or "" for operand in layer.operands)
    check_sum(layer.name, [Term(sites, sum(fmt.word_length for fmt in formats), point)], "product")
    worst = product_worst(formats)
    settings = with_modes(Settings(point=point - operation.exponent, wide=int(worst.magnitude >= _NARROW)), modes)
    return with_clip(with_cast(settings, worst.magnitude, target, modes), layer.activation)


def product_worst(formats: Sequence[FixedPoint]) -> Range:
    """Return the least and largest integer that a product of values of these types can be."""
    ends = [(fmt.stored_min, fmt.stored_max) for fmt in formats]
    if len(ends) == 1:
        return type_range(formats[0])
    corners = [one * two for one in ends[0] for two in ends[1]]
    return Range(least=min(corners), largest=max(corners), point=sum(fmt.fraction_length for fmt in formats))


def multiply(factors: Sequence[Array], exponent: int = 0) -> Array:
    """Return the product of one or two arrays, times 2^exponent where they are floats."""
    total = factors[0] if len(factors) == 1 else factors[0] * factors[1]
    if exponent and jnp.issubdtype(total.dtype, jnp.floating):
        total = total * np.asarray(2.0**exponent, total.dtype)
    return total
