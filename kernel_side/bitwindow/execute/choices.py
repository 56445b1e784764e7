"""Layers that pick one of two exact terms, and running sums: aligned like the terms of a sum, then cast once.

A function of two slopes picks between two products of its operand, a maximum or minimum between two operands.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.execute.plan import (
    NARROW,
    Range,
    Settings,
    Term,
    check_sum,
    type_range,
    with_cast,
    with_clip,
    with_modes,
)
from bitwindow.network.records import Extremum, RunningSum, Slope, TwoSlopes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jax import Array

    from bitwindow.execute.modes import Modes
    from bitwindow.network.records import Layer
    from bitwindow.numbers.format import FixedPoint

Choice = TwoSlopes | Extremum
Shifts = tuple[np.ndarray, ...]


def plan_choice(
    layer: Layer, operation: Choice, formats: Sequence[FixedPoint], target: FixedPoint | None, modes: Modes
) -> tuple[Settings, Shifts]:
    """Return the settings of a choice between two terms, and the left shifts that align them.

    Raises:
        ExecutionError: If an aligned term may need more than 62 bits.
    """
    sites = [operand.parameter or operand.value or "" for operand in layer.operands]
    if isinstance(operation, TwoSlopes):
        terms, ranges = _sloped_terms(operation, formats, sites)
        what = "product"
    else:
        terms = [Term(site, fmt.word_length, fmt.fraction_length) for site, fmt in zip(sites, formats, strict=True)]
        ranges, what = [type_range(fmt) for fmt in formats], "maximum" if operation.largest else "minimum"
    fine = check_sum(layer.name, terms, what, picks=True)
    magnitude = max(one.shifted(fine).magnitude for one in ranges)
    settings = with_modes(Settings(point=fine, wide=int(magnitude >= NARROW)), modes)
    settings = with_cast(settings, magnitude, target, modes)
    shifts = np.array([settings.point - term.point for term in terms], np.int64)
    return with_clip(settings, layer.activation), (shifts,)


def plan_running_sum(
    layer: Layer,
    operation: RunningSum,
    fmt: FixedPoint,
    shape: tuple[int, ...],
    target: FixedPoint | None,
    modes: Modes,
) -> tuple[Settings, Shifts]:
    """Return the settings of a running sum over an operand of a shape, and the left shift of its sums.

    Raises:
        ExecutionError: If the longest sum may need more than 62 bits.
    """
    count = max(shape[operation.axis], 1)
    site = layer.operands[0].parameter or layer.operands[0].value or ""
    term = Term(site, fmt.word_length + math.ceil(math.log2(count)), fmt.fraction_length)
    check_sum(layer.name, [term], f"running sum of {count} values")
    magnitude = type_range(fmt).magnitude * count
    settings = with_modes(Settings(point=fmt.fraction_length, wide=int(magnitude >= NARROW)), modes)
    settings = with_cast(settings, magnitude, target, modes)
    shift = np.array([settings.point - fmt.fraction_length], np.int64)
    return with_clip(settings, layer.activation), (shift,)


def chosen(operation: Choice, operands: Sequence[Array], shift: Callable[[Array, int], Array]) -> Array:
    """Return the exact term that is picked, element by element.

    Args:
        operation: The choice.
        operands: Stored integers in a dtype that holds every aligned term, or floats.
        shift: Aligns a term by its place (0: the first operand or the side above 0); for floats, it leaves it alone.
    """
    if isinstance(operation, Extremum):
        pick = jnp.maximum if operation.largest else jnp.minimum
        return pick(shift(operands[0], 0), shift(operands[1], 1))
    x = operands[0]
    sides = [shift(_times(x, operands, slope), place) for place, slope in enumerate((operation.above, operation.below))]
    return jnp.where(x > 0, sides[0], sides[1])


def running_sum(operation: RunningSum, x: Array) -> Array:
    """Return the sums in the dtype of `x`."""
    return lax.cumsum(x, axis=operation.axis, reverse=operation.reverse)


def chosen_floats(operation: Choice, operands: Sequence[Array]) -> Array:
    """Return a choice between floats."""
    if isinstance(operation, Extremum):
        return chosen(operation, operands, lambda term, _: term)
    exponents = (operation.above.exponent, operation.below.exponent)
    return chosen(operation, operands, lambda term, place: term * np.asarray(2.0 ** exponents[place], term.dtype))


def _times(x: Array, operands: Sequence[Array], slope: Slope) -> Array:
    if slope.operand is not None:
        return x * operands[slope.operand]
    return x * np.asarray(slope.sign, x.dtype)


def _sloped_terms(
    operation: TwoSlopes, formats: Sequence[FixedPoint], sites: Sequence[str]
) -> tuple[list[Term], list[Range]]:
    own, terms, ranges = formats[0], [], []
    for slope in (operation.above, operation.below):
        if slope.operand is None:
            point = own.fraction_length - slope.exponent
            magnitude = type_range(own).magnitude * abs(slope.sign)
            terms.append(Term(sites[0], own.word_length, point))
        else:
            factor = formats[slope.operand]
            point = own.fraction_length + factor.fraction_length
            magnitude = type_range(own).magnitude * type_range(factor).magnitude
            bits = own.word_length + factor.word_length
            terms.append(Term(f"{sites[0]} x {sites[slope.operand]}", bits, point))
        ranges.append(Range(least=-magnitude, largest=magnitude, point=point))
    return terms, ranges
