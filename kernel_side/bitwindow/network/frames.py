"""Convolutions of frames: where the batch and another axis are merged for a convolution alone, they need not be.

``conv(x.reshape((batch * frames, ...))).reshape((batch, frames, ...))`` is a convolution over one more axis, whose
window there has length one: the same sums, and the batch stays an axis of its own. ``jax.vmap`` writes the first form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bitwindow import jax_names


def with_frames(jaxpr: jax_names.Jaxpr) -> Sequence[jax_names.JaxprEqn]:
    """Return the equations of a program, each convolution between two such reshapes as one over one more axis."""
    equations = list(jaxpr.eqns)
    if not any(equation.primitive.name == "conv_general_dilated" for equation in equations):
        return equations
    made: dict[Any, jax_names.JaxprEqn] = {item: equation for equation in equations for item in equation.outvars}
    readers: dict[Any, list[jax_names.JaxprEqn]] = {}
    for equation in equations:
        for item in equation.invars:
            if not isinstance(item, jax_names.Literal):
                readers.setdefault(item, []).append(equation)
    outputs = {item for item in jaxpr.outvars if not isinstance(item, jax_names.Literal)}
    replaced: dict[int, jax_names.JaxprEqn | None] = {}
    for equation in equations:
        before = made.get(equation.invars[0]) if equation.primitive.name == "conv_general_dilated" else None
        after = readers.get(equation.outvars[0], [])
        if before is None or len(after) != 1 or equation.outvars[0] in outputs:
            continue
        if _merges(before) and _parts(after[0], before) and _batch_first(equation):
            operands = [before.invars[0], equation.invars[1]]
            replaced[id(equation)] = jax_names.call_of(_over_frames(equation), equation, operands, after[0].outvars)
            replaced[id(after[0])] = None
    kept = (replaced.get(id(equation), equation) for equation in equations)
    return [equation for equation in kept if equation is not None]


def _merges(equation: jax_names.JaxprEqn) -> bool:
    """Whether an equation merges the batch and more than one frame, its first two axes, and does nothing else."""
    if equation.primitive.name != "reshape" or len(equation.invars) != 1:
        return False
    before, after = jax_names.operand_shape(equation, 0), _shape(equation.outvars[0])
    return len(before) > 2 and before[1] > 1 and after == (before[0] * before[1], *before[2:])


def _parts(equation: jax_names.JaxprEqn, merge: jax_names.JaxprEqn) -> bool:
    """Whether an equation takes the first axis apart into those that another one merged."""
    if equation.primitive.name != "reshape" or len(equation.invars) != 1:
        return False
    before, after = jax_names.operand_shape(equation, 0), _shape(equation.outvars[0])
    return after == (*jax_names.operand_shape(merge, 0)[:2], *before[1:])


def _batch_first(equation: jax_names.JaxprEqn) -> bool:
    numbers: Any = equation.params["dimension_numbers"]
    return bool(numbers.lhs_spec[0] == 0 and numbers.out_spec[0] == 0 and equation.params["batch_group_count"] == 1)


def _over_frames(equation: jax_names.JaxprEqn) -> Callable[..., list[Any]]:
    from jax import lax

    params: Any = equation.params
    numbers = params["dimension_numbers"]

    def wider(spec: Sequence[int], first: int) -> tuple[int, ...]:
        # Batch (or output features), features, the frames, then the axes of the window.
        moved = [axis + 1 for axis in spec]
        moved[0] = 0 if first else moved[0]
        return (moved[0], moved[1], first, *moved[2:])

    def function(x: Any, kernel: Any) -> list[Any]:
        return [
            lax.conv_general_dilated(
                x,
                lax.expand_dims(kernel, (0,)),
                (1, *params["window_strides"]),
                ((0, 0), *params["padding"]),
                (1, *params["lhs_dilation"]),
                (1, *params["rhs_dilation"]),
                lax.ConvDimensionNumbers(
                    wider(numbers.lhs_spec, 1), wider(numbers.rhs_spec, 0), wider(numbers.out_spec, 1)
                ),
                params["feature_group_count"],
                precision=params["precision"],
                preferred_element_type=params["preferred_element_type"],
            )
        ]

    return function


def _shape(item: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in item.aval.shape)
