"""Which axis of a variable is the batch: the one that grows when the batch does."""

from __future__ import annotations

from collections.abc import Mapping

from bitwindow.network.program import Program


def batch_axes(program: Program, batch: int, shapes: Mapping[int, tuple[int, ...]] | None) -> dict[int, int | None]:
    """Return which axis of each variable is the batch, None where none is (or several are).

    Args:
        program: The program at ``batch``.
        batch: Its batch size.
        shapes: The shape of every variable at a batch of one sample more, or None where the program differs there.
    """
    return {
        variable: _axis(shape, batch, None if shapes is None else shapes[variable])
        for variable, shape in program.shapes.items()
    }


def same_equations(one: Program, other: Program) -> bool:
    """Whether two programs run the same primitives on the same variables, whatever the shapes are."""
    return len(one.shapes) == len(other.shapes) and [
        (equation.primitive, equation.outputs) for equation in one.equations
    ] == [(equation.primitive, equation.outputs) for equation in other.equations]


def _axis(shape: tuple[int, ...], batch: int, other: tuple[int, ...] | None) -> int | None:
    if other is None:
        return 0 if shape[:1] == (batch,) else None
    if len(shape) != len(other):
        return None
    differing = [axis for axis, (one, two) in enumerate(zip(shape, other, strict=True)) if one != two]
    if len(differing) != 1 or (shape[differing[0]], other[differing[0]]) != (batch, batch + 1):
        return None
    return differing[0]
