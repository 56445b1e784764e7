"""Which equations only move, copy, drop or compare numbers, and the steps that stand for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bitwindow import jax_names
from bitwindow.model.typed import type_of_call
from bitwindow.network.program import Constant, Equation
from bitwindow.network.records import Step
from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from bitwindow.network.statics import Statics

_MOVES = {
    "reshape": ("new_sizes", "dimensions"),
    "transpose": ("permutation",),
    "squeeze": ("dimensions",),
    "rev": ("dimensions",),
    "slice": ("start_indices", "limit_indices", "strides"),
    "broadcast_in_dim": ("shape", "broadcast_dimensions"),
    "reduce_window_max": (
        "window_dimensions",
        "window_strides",
        "padding",
        "base_dilation",
        "window_dilation",
    ),
    "reduce_max": ("axes",),
    "reduce_window_min": (
        "window_dimensions",
        "window_strides",
        "padding",
        "base_dilation",
        "window_dilation",
    ),
    "reduce_min": ("axes",),
    "cummax": ("axis", "reverse"),
    "cummin": ("axis", "reverse"),
}
_IDENTITIES = frozenset(
    {
        "copy",
        "copy_p",
        "stop_gradient",
        "optimization_barrier",
        "name",
        "sharding_constraint",
        "device_put",
        "reshard",
        "mesh_cast",
        "pvary",
    }
)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The one operand that an equation moves, and the steps (none for an identity)."""

    operand: int
    steps: tuple[Step, ...]


def structural_step(equation: Equation, output: int, statics: Statics) -> Moved | None:
    """Return how ``output`` is moved out of one operand, or None when the equation is arithmetic or unknown.

    A conversion between floating-point types is an identity here: a site's own type replaces the float type.
    """
    if not equation.inputs or isinstance(equation.inputs[0], Constant):
        return None
    operand = equation.inputs[0]
    name = equation.primitive
    rules: dict[str, Callable[[], Moved | None]] = {
        "split": lambda: _split(equation, operand, output),
        "concatenate": lambda: _zeros_around(equation, statics),
        "select_n": lambda: _mask(equation, statics),
        "pad": lambda: _pad(equation, operand, statics),
        "dynamic_slice": lambda: _dynamic_slice(equation, operand, statics),
        "gather": lambda: _gather(equation, operand, statics),
        "convert_element_type": lambda: Moved(operand=operand, steps=()) if _between_floats(equation) else None,
    }
    if cast_type(equation) is not None:
        # The type of the site does what the cast does.
        return Moved(operand=operand, steps=())
    if name in rules:
        return rules[name]()
    if name in _MOVES:
        return _move(equation, operand)
    if name not in _IDENTITIES or len(equation.inputs) != len(equation.outputs):
        return None
    same = equation.inputs[equation.outputs.index(output)]
    return None if isinstance(same, Constant) else Moved(operand=same, steps=())


def cast_type(equation: Equation) -> FixedPoint | None:
    """Return the type that an equation casts to because the model's source says so, or None."""
    return type_of_call(jax_names.call_name(equation.source)) if equation.primitive in {"jit", "pjit"} else None


def _move(equation: Equation, operand: int) -> Moved | None:
    # Further operands are dynamic sizes, which no fixed-shape program has.
    if len(equation.inputs) != 1:
        return None
    params = {key: equation.params[key] for key in _MOVES[equation.primitive] if key in equation.params}
    return Moved(operand=operand, steps=(Step(primitive=equation.primitive, params=params),))


def _split(equation: Equation, operand: int, output: int) -> Moved:
    shape = jax_names.operand_shape(equation.source, 0)
    axis = int(equation.params["axis"])
    position = equation.outputs.index(output)
    sizes = [int(size) for size in equation.params["sizes"]]
    start = [0] * len(shape)
    limit = list(shape)
    start[axis] = sum(sizes[:position])
    limit[axis] = start[axis] + sizes[position]
    return Moved(operand=operand, steps=(_slice(start, limit),))


def _pad(equation: Equation, operand: int, statics: Statics) -> Moved | None:
    if statics.scalar(equation.inputs[1]) != 0.0:
        return None
    config = tuple((int(low), int(high), int(inner)) for low, high, inner in equation.params["padding_config"])
    return Moved(operand=operand, steps=(Step(primitive="pad", params={"padding_config": config}),))


def _zeros_around(equation: Equation, statics: Statics) -> Moved | None:
    """Match a concatenation of one value with zeros of the program's text before or after it."""
    values = [place for place, atom in enumerate(equation.inputs) if not statics.is_static(atom)]
    zeros = [atom for atom in equation.inputs if statics.is_static(atom)]
    if len(values) != 1 or not zeros or any(statics.scalar(atom) != 0.0 for atom in zeros):
        return None
    (place,) = values
    operand, axis = equation.inputs[place], int(equation.params["dimension"])
    sizes = [jax_names.operand_shape(equation.source, at)[axis] for at in range(len(equation.inputs))]
    ends = [(0, 0, 0)] * len(jax_names.operand_shape(equation.source, place))
    ends[axis] = (sum(sizes[:place]), sum(sizes[place + 1 :]), 0)
    assert isinstance(operand, int)  # noqa: S101 (a constant is static)
    return Moved(operand=operand, steps=(Step(primitive="pad", params={"padding_config": tuple(ends)}),))


def _mask(equation: Equation, statics: Statics) -> Moved | None:
    """Match a choice by a fixed mask between one value and zeros."""
    chosen = equation.inputs[0]
    cases = equation.inputs[1:]
    zeros = [place for place, atom in enumerate(cases) if statics.scalar(atom) == 0.0]
    if len(cases) != 2 or len(zeros) != 1 or not statics.is_fixed(chosen):
        return None
    kept = 1 - zeros[0]
    operand = cases[kept]
    if isinstance(operand, Constant) or statics.is_static(operand):
        return None
    mask = np.asarray(statics.value(chosen)).astype(bool) == bool(kept)
    rank = len(jax_names.operand_shape(equation.source, 1 + kept))
    mask = mask.reshape((1,) * (rank - mask.ndim) + mask.shape)
    for axis in range(rank):
        # What is the same all along an axis, as the batch, is held once.
        first = mask.take([0], axis)
        mask = first if np.array_equal(mask, np.broadcast_to(first, mask.shape)) else mask
    return Moved(operand=operand, steps=(Step(primitive="mask", params={"mask": mask}),))


def _dynamic_slice(equation: Equation, operand: int, statics: Statics) -> Moved | None:
    starts = equation.inputs[1:]
    if not all(statics.is_static(atom) for atom in starts):
        return None
    shape = jax_names.operand_shape(equation.source, 0)
    sizes = equation.params["slice_sizes"]
    # lax.dynamic_slice moves a start that would run over the end back inside.
    first = [
        int(np.clip(int(statics.value(atom)), 0, length - size))
        for atom, length, size in zip(starts, shape, sizes, strict=True)
    ]
    last = [start + int(size) for start, size in zip(first, sizes, strict=True)]
    return Moved(operand=operand, steps=(_slice(first, last),))


def _gather(equation: Equation, operand: int, statics: Statics) -> Moved | None:
    """Match a gather by fixed indices that all lie inside the operand (a nearest-neighbour resize, a permutation)."""
    if len(equation.inputs) != 2 or not statics.is_static(equation.inputs[1]) or statics.is_static(operand):
        return None
    indices = np.asarray(statics.value(equation.inputs[1]))
    shape = jax_names.operand_shape(equation.source, 0)
    numbers, sizes = equation.params["dimension_numbers"], equation.params["slice_sizes"]
    for place, axis in enumerate(numbers.start_index_map):
        column = indices[..., place]
        if column.size and (column.min() < 0 or column.max() > shape[axis] - sizes[axis]):
            return None
    params = {"indices": indices, "dimension_numbers": numbers, "slice_sizes": tuple(sizes)}
    return Moved(operand=operand, steps=(Step(primitive="gather", params=params),))


def _slice(start: list[int], limit: list[int]) -> Step:
    return Step(
        primitive="slice",
        params={"start_indices": tuple(start), "limit_indices": tuple(limit), "strides": None},
    )


def _between_floats(equation: Equation) -> bool:
    import jax.numpy as jnp

    before = jax_names.operand_dtype(equation.source, 0)
    return bool(jnp.issubdtype(before, jnp.floating) and jnp.issubdtype(equation.params["new_dtype"], jnp.floating))
