"""Primitives that say several simpler ones in one word: each is read as those, so that no rule has to know it.

JAX gathers what it used to write out (``stack``, ``unstack``, ``tile``), and an update at fixed places is picked out of
what stays and what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bitwindow import jax_names
from bitwindow.network.fixed_places import added_at_fixed_places, compared_at_fixed_places, written_at_fixed_places
from bitwindow.network.program import is_float_type

Number = Callable[[int], Any]
"""The value of an operand, by its place, where the program's text alone decides it; else None."""


def spelled_out(equation: jax_names.JaxprEqn, number: Number) -> tuple[jax_names.Jaxpr, Sequence[Any]] | None:
    """Return the simpler program that stands for an equation, with its constants, or None where there is none.

    The program takes all the operands of the equation.
    """
    write = _RULES.get(equation.primitive.name)
    function = None if write is None else write(equation, number)
    return None if function is None else jax_names.program_of(function, equation)


def _stack(equation: jax_names.JaxprEqn, _: Number) -> Callable[..., list[Any]]:
    from jax import lax

    axis = int(equation.params["axis"])
    return lambda *parts: [lax.concatenate([lax.expand_dims(part, (axis,)) for part in parts], axis)]


def _unstack(equation: jax_names.JaxprEqn, _: Number) -> Callable[..., list[Any]]:
    from jax import lax

    axis = int(equation.params["axis"])

    def function(value: Any) -> list[Any]:
        places = range(value.shape[axis])
        return [lax.squeeze(lax.slice_in_dim(value, at, at + 1, axis=axis), (axis,)) for at in places]

    return function


def _tile(equation: jax_names.JaxprEqn, _: Number) -> Callable[..., list[Any]]:
    from jax import lax

    times = tuple(int(count) for count in equation.params["reps"])

    def function(value: Any) -> list[Any]:
        # (2, 3) three times along its second axis is (2, 3, 3) with the copies in the middle, then (2, 9).
        shape = value.shape
        wide = tuple(size for pair in zip(times, shape, strict=True) for size in pair)
        kept = tuple(range(1, 2 * len(shape), 2))
        whole = tuple(count * size for count, size in zip(times, shape, strict=True))
        return [lax.reshape(lax.broadcast_in_dim(value, wide, kept), whole)]

    return function


def _update(equation: jax_names.JaxprEqn, number: Number) -> Callable[..., list[Any]] | None:
    """Write an update at a fixed place, shorter than the whole along at most one axis, as a concatenation."""
    from jax import lax

    whole, part = jax_names.operand_shape(equation, 0), jax_names.operand_shape(equation, 1)
    starts = [number(place) for place in range(2, len(equation.invars))]
    shorter = [axis for axis, (size, new) in enumerate(zip(whole, part, strict=True)) if size != new]
    if any(start is None for start in starts) or len(shorter) > 1:
        return None
    if not shorter:
        return lambda *operands: [operands[1]]
    axis = shorter[0]
    # A start that would run over the end is moved back inside.
    first = int(np.clip(int(np.asarray(starts[axis])), 0, whole[axis] - part[axis]))
    last = first + part[axis]

    def function(value: Any, update: Any, *_: Any) -> list[Any]:
        before = lax.slice_in_dim(value, 0, first, axis=axis)
        after = lax.slice_in_dim(value, last, whole[axis], axis=axis)
        return [lax.concatenate([each for each in (before, update, after) if each.shape[axis]], axis)]

    return function


def _choice(equation: jax_names.JaxprEqn, number: Number) -> Callable[..., list[Any]] | None:
    """Write a choice between two values by a fixed mask as the sum of what is left of each."""
    from jax import lax

    if len(equation.invars) != 3 or not is_float_type(jax_names.operand_dtype(equation, 1)):
        return None
    # A mask of scores before a softmax belongs to it: -inf is no value to be added.
    mask = number(0) if number(1) is None and number(2) is None else None
    if mask is None or np.ndim(mask) != len(jax_names.operand_shape(equation, 1)):
        return None
    if np.all(mask) or not np.any(mask):
        return lambda *operands: [operands[2 if np.all(mask) else 1]]

    def function(chosen: Any, no: Any, yes: Any) -> list[Any]:
        zeros = lax.full_like(no, 0)
        return [lax.add(lax.select(chosen, zeros, no), lax.select(chosen, yes, zeros))]

    return function


_RULES: Mapping[str, Callable[[jax_names.JaxprEqn, Number], Callable[..., list[Any]] | None]] = {
    "stack": _stack,
    "unstack": _unstack,
    "tile": _tile,
    "dynamic_update_slice": _update,
    "select_n": _choice,
    "scatter": written_at_fixed_places,
    "scatter-add": added_at_fixed_places,
    "scatter-sub": added_at_fixed_places,
    "scatter-max": compared_at_fixed_places,
    "scatter-min": compared_at_fixed_places,
}
