"""Every value is kept with the batch as its first axis; a program may hold it elsewhere (time-major sequences)."""

from __future__ import annotations

from collections.abc import Sequence

from bitwindow.network.records import Step

Permutation = tuple[int, ...]


def to_front(axis: int, rank: int) -> Permutation:
    """Return the permutation that brings ``axis`` to the front and keeps the order of the others.

    >>> to_front(1, 3)
    (1, 0, 2)
    """
    if rank == 0:
        return ()
    return (axis, *(other for other in range(rank) if other != axis))


def from_front(axis: int, rank: int) -> Permutation:
    """Return the permutation that brings the first axis back to ``axis``.

    >>> from_front(2, 3)
    (1, 2, 0)
    """
    if rank == 0:
        return ()
    order = list(range(1, rank))
    order.insert(axis, 0)
    return tuple(order)


def transpose(permutation: Permutation) -> tuple[Step, ...]:
    """Return the step of a permutation; none where it changes nothing."""
    if permutation == tuple(range(len(permutation))):
        return ()
    return (Step(primitive="transpose", params={"permutation": permutation}),)


def joined(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps with neighbouring transposes made into one, or into none where they cancel."""
    kept: list[Step] = []
    for step in steps:
        if step.primitive == "transpose" and kept and kept[-1].primitive == "transpose":
            first, second = kept.pop().params["permutation"], step.params["permutation"]
            kept.extend(transpose(tuple(first[axis] for axis in second)))
        else:
            kept.append(step)
    return tuple(kept)
