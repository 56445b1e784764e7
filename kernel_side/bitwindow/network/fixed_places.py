"""Updates at fixed places (``x.at[:, 0].set(y)``, ``.add(y)``): what is picked out of what stays and what is new.

Which number goes where is found by gathering the numbers of the places, so that every form of indices means here what
it means to JAX. The axes that are updated as a whole, the batch among them, stay as they are. Numbers that are written
only move; those that are added are spread out over the places and added, exact in integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bitwindow import jax_names

Number = Callable[[int], Any]
_MOST_RUNS = 8
"""So many slices side by side are one concatenation; more are picked one by one."""
_MOST_SPREAD = 16
"""Updates are gathered place by place as long as that takes at most so many times the room that they and x take."""


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where the numbers of an update go.

    ``whole`` are the axes of x that are updated as a whole, ``whole_in_update`` the same axes of the update, in order;
    all other axes count as one, which stands behind the first ``before`` of the whole ones. ``target`` holds the place
    of each number of the update along it, -1 where the number is dropped, int[numbers of the update].
    """

    shape: tuple[int, ...]
    update_shape: tuple[int, ...]
    whole: tuple[int, ...]
    whole_in_update: tuple[int, ...]
    before: int
    target: np.ndarray

    @property
    def count(self) -> int:
        """How many places there are."""
        return math.prod(size for axis, size in enumerate(self.shape) if axis not in self.whole)

    def kept(self) -> np.ndarray:
        """Return the numbers of the update that are not dropped, in order."""
        return np.flatnonzero(self.target >= 0)

    def most(self) -> int:
        """Return how many numbers the fullest place gets."""
        return int(np.bincount(self.target[self.kept()], minlength=1).max())

    def sources(self) -> np.ndarray:
        """Return the numbers of the update that each place gets, -1 behind the last: int[places, most]."""
        source = np.full((self.count, self.most()), -1)
        filled = np.zeros(self.count, np.int64)
        for one in self.kept():
            place = self.target[one]
            source[place, filled[place]] = one
            filled[place] += 1
        return source

    def flat(self, x: Any, *, update: bool) -> Any:
        """Return x or the update with one axis for all places, or all numbers."""
        from jax import lax

        shape, whole = (self.update_shape, self.whole_in_update) if update else (self.shape, self.whole)
        order = self._order(len(shape), whole)
        turned = lax.transpose(x, order) if order != tuple(range(len(shape))) else x
        ends = [shape[axis] for axis in whole]
        count = math.prod(shape[axis] for axis in range(len(shape)) if axis not in whole)
        return lax.reshape(turned, (*ends[: self.before], count, *ends[self.before :]))

    def back(self, x: Any) -> Any:
        """Return what has one axis for all places in the shape of x."""
        from jax import lax

        order = self._order(len(self.shape), self.whole)
        spread = lax.reshape(x, tuple(self.shape[axis] for axis in order))
        inverse = tuple(int(axis) for axis in np.argsort(order))
        return lax.transpose(spread, inverse) if inverse != tuple(range(len(order))) else spread

    def _order(self, rank: int, whole: tuple[int, ...]) -> tuple[int, ...]:
        rest = [axis for axis in range(rank) if axis not in whole]
        return (*whole[: self.before], *rest, *whole[self.before :])


def written_at_fixed_places(equation: jax_names.JaxprEqn, number: Number) -> Callable[..., list[Any]] | None:
    """Return the function of picking and joining that an update is, or None where it is none.

    It is none where a place is computed, a sample's own (along the first axis) or beyond what JAX was promised, where a
    function is applied to what stands there, and where two numbers are written to one place: which stays is undefined.
    """
    if equation.params.get("update_jaxpr") is not None:
        return None
    places = _places(equation, number)
    if places is None or places.most() > 1 or 0 not in places.whole:
        return None
    source = np.arange(places.count)
    source[places.target[places.kept()]] = places.count + places.kept()

    def write(x: Any, _: Any, update: Any) -> list[Any]:
        parts = [places.flat(x, update=False), places.flat(update, update=True)]
        return [places.back(_picked(parts, source, places.before))]

    return write


def added_at_fixed_places(equation: jax_names.JaxprEqn, number: Number) -> Callable[..., list[Any]] | None:
    """Return the sum that an addition or subtraction at fixed places is, or None where it is none."""
    from jax import lax

    places = _places(equation, number)
    if places is None:
        return None
    room = places.count * places.most()
    twice = places.most() > 1 and equation.params["unique_indices"]
    if twice or room > _MOST_SPREAD * (places.count + places.target.size):
        return None
    known = number(0)
    onto_zeros = known is not None and not np.any(known)
    subtracts = equation.primitive.name == "scatter-sub"

    def add(x: Any, _: Any, update: Any) -> list[Any]:
        spread = places.back(_spread(places.flat(update, update=True), places))
        if onto_zeros:
            return [lax.neg(spread) if subtracts else spread]
        return [lax.sub(x, spread) if subtracts else lax.add(x, spread)]

    return add


def compared_at_fixed_places(equation: jax_names.JaxprEqn, number: Number) -> Callable[..., list[Any]] | None:
    """Return the larger (or smaller) of all numbers that a place gets (``segment_max``), or None.

    It is none where a place gets none: what stands there is left as it is, mostly an infinity.
    """
    from jax import lax

    places = _places(equation, number)
    if places is None:
        return None
    source = places.sources()
    if np.any(source[:, 0] < 0) or source.size > _MOST_SPREAD * (places.count + places.target.size):
        return None
    # A number that is compared with itself changes nothing.
    source = np.where(source < 0, source[:, :1], source)
    largest = equation.primitive.name == "scatter-max"
    known = number(0)
    onto_nothing = known is not None and bool(np.all(known == (-np.inf if largest else np.inf)))

    def compare(x: Any, _: Any, update: Any) -> list[Any]:
        picked = _gathered(places.flat(update, update=True), source, places.before)
        best = places.back((lax.reduce_max if largest else lax.reduce_min)(picked, (places.before + 1,)))
        return [best if onto_nothing else (lax.max if largest else lax.min)(x, best)]

    return compare


def _spread(update: Any, places: _Places) -> Any:
    """Return the sum of all numbers that each place gets, -0.0 where it gets none: adding that changes nothing."""
    from jax import lax

    axis, kept = places.before, places.kept()
    nothing = np.asarray(-0.0, update.dtype)
    target = places.target[kept]
    if kept.size == places.target.size and np.all(np.diff(target) == 1):
        ends = [(0, 0, 0)] * update.ndim
        ends[axis] = (int(target[0]), places.count - 1 - int(target[-1]), 0)
        return lax.pad(update, nothing, ends)
    padded = lax.pad(update, nothing, [(int(place == axis), 0, 0) for place in range(update.ndim)])
    source = places.sources() + 1
    if places.most() == 1:
        return _gathered(padded, source[:, 0], axis)
    return lax.reduce_sum(_gathered(padded, source, axis), (axis + 1,))


def _picked(parts: list[Any], source: np.ndarray, axis: int) -> Any:
    """Pick numbers along an axis of arrays side by side: by slices where they are few, else one by one."""
    from jax import lax

    ends = np.cumsum([0, *(part.shape[axis] for part in parts)])
    part = np.searchsorted(ends, source, side="right") - 1
    breaks = np.flatnonzero((np.diff(source) != 1) | (np.diff(part) != 0)) + 1
    if len(breaks) >= _MOST_RUNS:
        return _gathered(lax.concatenate(parts, axis), source, axis)
    pieces = []
    for run in np.split(source, breaks):
        which = int(np.searchsorted(ends, run[0], side="right") - 1)
        first = int(run[0] - ends[which])
        pieces.append(lax.slice_in_dim(parts[which], first, first + len(run), axis=axis))
    return lax.concatenate(pieces, axis) if len(pieces) > 1 else pieces[0]


def _gathered(x: Any, source: np.ndarray, axis: int) -> Any:
    """Return x at the places ``source`` along an axis; the axes of ``source`` stand in its place."""
    from jax import lax

    rank, more = x.ndim, source.ndim
    numbers = lax.GatherDimensionNumbers(
        offset_dims=(*range(axis), *range(axis + more, rank + more - 1)),
        collapsed_slice_dims=(axis,),
        start_index_map=(axis,),
    )
    sizes = tuple(1 if place == axis else size for place, size in enumerate(x.shape))
    indices = source.astype(np.int32)[..., None]
    return lax.gather(x, indices, numbers, sizes, mode=lax.GatherScatterMode.PROMISE_IN_BOUNDS)


def _places(equation: jax_names.JaxprEqn, number: Number) -> _Places | None:
    numbers: Any = equation.params["dimension_numbers"]
    shape, update_shape = jax_names.operand_shape(equation, 0), jax_names.operand_shape(equation, 2)
    if numbers.operand_batching_dims or 0 in (*shape, *update_shape):
        return None
    kept = [axis for axis in range(len(shape)) if axis not in numbers.inserted_window_dims]
    window = {axis: int(own) for axis, own in zip(kept, numbers.update_window_dims, strict=True)}
    whole = tuple(
        axis
        for axis in kept
        if axis not in numbers.scatter_dims_to_operand_dims and update_shape[window[axis]] == shape[axis]
    )
    rest = [axis for axis in range(len(shape)) if axis not in whole]
    # Axes that count as one must not hold the batch, which is not known yet and mostly the first.
    indices = number(1) if whole and rest and (0 in whole or len(rest) == 1) else None
    if indices is None:
        return None
    sizes = tuple(update_shape[window[axis]] if axis in window else 1 for axis in range(len(shape)))
    target = _targets(equation, indices, shape, sizes, whole)
    in_update = tuple(window[axis] for axis in whole)
    if target is None or not np.any(target >= 0):
        return None
    return _Places(
        shape=shape,
        update_shape=update_shape,
        whole=whole,
        whole_in_update=in_update,
        before=sum(axis < rest[0] for axis in whole),
        target=target,
    )


def _targets(
    equation: jax_names.JaxprEqn, indices: Any, shape: tuple[int, ...], sizes: tuple[int, ...], whole: tuple[int, ...]
) -> np.ndarray | None:
    """Return the place of each number of the update, with the whole axes as if they had length 1, or None."""
    import jax
    from jax import lax

    numbers: Any = equation.params["dimension_numbers"]
    picks = lax.GatherDimensionNumbers(
        offset_dims=tuple(int(axis) for axis in numbers.update_window_dims),
        collapsed_slice_dims=tuple(int(axis) for axis in numbers.inserted_window_dims),
        start_index_map=tuple(int(axis) for axis in numbers.scatter_dims_to_operand_dims),
    )
    modes = lax.GatherScatterMode
    mode = equation.params["mode"]
    if mode not in {modes.CLIP, modes.FILL_OR_DROP, modes.PROMISE_IN_BOUNDS}:
        return None
    small = [1 if axis in whole else size for axis, size in enumerate(shape)]
    window = tuple(1 if axis in whole else size for axis, size in enumerate(sizes))
    with jax.ensure_compile_time_eval():
        target = lax.gather(
            np.arange(math.prod(small), dtype=np.int32).reshape(small),
            np.asarray(indices),
            picks,
            window,
            mode=modes.CLIP if mode == modes.CLIP else modes.FILL_OR_DROP,
            fill_value=-1,
        )
        found = np.asarray(target).ravel()
    # What was promised to lie inside and does not is written anywhere.
    return None if mode == modes.PROMISE_IN_BOUNDS and np.any(found < 0) else found
