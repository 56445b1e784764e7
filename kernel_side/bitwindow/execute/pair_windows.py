"""Where everything lies for a convolution in pairs, in any number of dimensions and any order of axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.execute.pair_records import (
    ROWS,
    PairLayout,
    PairSizes,
    PairTables,
    columns_of,
    most_positions,
    units_of,
    with_rows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitwindow.network.records import Convolution, Step

    Pool = Step | None

_SUMS_OF_A_UNIT = 1 << 14
"""Sums that stay in the second-level cache from their making to their cast."""


@dataclass(frozen=True, kw_only=True)
class _Pieces:
    """Where the pieces of an image lie in x and in the padded image; ``sizes`` are taken, apart and spread."""

    sources: np.ndarray
    places: np.ndarray
    sizes: tuple[int, int, int]
    elements: tuple[int, int]

    @property
    def lie_ready(self) -> bool:
        """Whether the padded image is the image itself."""
        alike = self.sizes[1] == self.sizes[2] and np.array_equal(self.sources, self.places)
        return alike and self.elements[0] == self.elements[1]


class Windows:
    """The geometry of one convolution; spatial axes in the operation's order."""

    def __init__(self, operation: Convolution, x: tuple[int, ...], w: tuple[int, ...]) -> None:
        self.operation, self.x, self.w = operation, x, w
        self.space = tuple(x[axis] for axis in operation.lhs_spec[2:])
        self.window = tuple(w[axis] for axis in operation.rhs_spec[2:])
        self.groups = operation.feature_group_count
        self.inputs = w[operation.rhs_spec[1]]
        self.outputs = w[operation.rhs_spec[0]] // self.groups
        self.channels = self.groups * self.inputs
        dilated = [max((size - 1) * by + 1, 0) for size, by in zip(self.space, operation.lhs_dilation, strict=True)]
        self.padded = tuple(
            max(size + low + high, 0) for size, (low, high) in zip(dilated, operation.padding, strict=True)
        )
        spans = zip(self.padded, self.window, operation.rhs_dilation, operation.window_strides, strict=True)
        self.made = tuple(max((size - (taps - 1) * by - 1) // stride + 1, 0) for size, taps, by, stride in spans)

    def layout(self, arranged: tuple[int, ...], pool: Pool) -> PairLayout:
        """Return the places of a result whose axes are rearranged and whose positions are pooled."""
        batch = self.operation.lhs_spec[0]
        steps = [step * self.channels for step in _strides(self.padded)]
        axes = [arranged.index(axis) if arranged else axis for axis in self.operation.out_spec]
        windows, pooled = self._pooled(axes[2:], pool)
        shape = _placed((self.x[batch], self.groups * self.outputs, *pooled), axes)
        made = [_strides(shape)[axis] for axis in axes]
        moves = zip(self.operation.window_strides, steps, strict=True)
        runs, length = self._runs(steps)
        pieces = self._pieces(steps)
        tables = PairTables(
            pieces=pieces.sources,
            places=pieces.places,
            starts=with_rows(_offsets(self.made, [stride * step for stride, step in moves])),
            runs=runs,
            windows=windows,
            spots=_offsets(pooled, made[2:]),
            units=units_of(windows, max(_SUMS_OF_A_UNIT // columns_of(self.groups, self.outputs), ROWS)),
        )
        sizes = PairSizes(
            image=_strides(self.x)[batch],
            made=made[0],
            padded=0 if pieces.lie_ready and length % 2 == 0 else pieces.elements[1] + 1,
            taken=pieces.sizes[0],
            apart=pieces.sizes[1],
            spread=pieces.sizes[2],
            length=-(-length // 2),
            groups=self.groups,
            width=self.inputs,
            outputs=self.outputs,
            step=made[1],
            positions=most_positions(tables.units),
        )
        return PairLayout(tables=tables, sizes=sizes, images=self.x[batch], shape=shape)

    def _pieces(self, steps: Sequence[int]) -> _Pieces:
        """Return how an image is copied: whole rows where they lie so, else lines of the last axis, else values."""
        batch, feature, *space = self.operation.lhs_spec
        strides = _strides(self.x)
        own = [strides[axis] for axis in space]
        spots = [
            np.arange(size) * by + low
            for size, by, (low, _) in zip(self.space, self.operation.lhs_dilation, self.operation.padding, strict=True)
        ]
        inside = [(spot >= 0) & (spot < size) for spot, size in zip(spots, self.padded, strict=True)]
        channel = np.arange(self.channels)
        sizes = (1, 1, 1)
        if space and inside[-1].all():
            by = self.operation.lhs_dilation[-1]
            sizes = (self.space[-1], own[-1], by * self.channels)
            if (strides[feature], own[-1], by) == (1, self.channels, 1):
                sizes, channel = (self.space[-1] * self.channels, 1, 1), channel[:1]
            # A piece holds the last axis: of that its first place alone remains.
            spots[-1], inside[-1] = spots[-1][:1], inside[-1][:1]
        kept = _sum_of([~one for one in inside]) == 0
        sources = _sum_of([np.arange(len(spot)) * stride for spot, stride in zip(spots, own, strict=True)])[kept]
        places = _sum_of([spot * step for spot, step in zip(spots, steps, strict=True)])[kept]
        return _Pieces(
            sources=_sum_of([sources, channel * strides[feature]]),
            places=_sum_of([places, channel]),
            sizes=sizes,
            elements=(prod(self.x) // max(self.x[batch], 1), prod(self.padded) * self.channels),
        )

    def _runs(self, steps: Sequence[int]) -> tuple[np.ndarray, int]:
        """Return where the runs of neighbouring products begin, and the length of each: whole rows where they touch."""
        by = [dilation * step for dilation, step in zip(self.operation.rhs_dilation, steps, strict=True)]
        if self.window and self.groups == 1 and self.operation.rhs_dilation[-1] == 1:
            return _offsets(self.window[:-1], by[:-1]), self.window[-1] * self.inputs
        return _offsets(self.window, by), self.inputs

    def _pooled(self, axes: Sequence[int], pool: Pool) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the places of each window of the pool, [windows, taps], and how many windows an axis has.

        A tap on the padding is the window's nearest place, which counts twice then: the largest stays the largest.
        """
        if pool is None:
            return np.arange(prod(self.made))[:, None], self.made
        total, counts = np.zeros((1, 1), np.int64), []
        for axis, size, step in zip(axes, self.made, _strides(self.made), strict=True):
            taps, stride = pool.params["window_dimensions"][axis], pool.params["window_strides"][axis]
            low, high = pool.params["padding"][axis]
            counts.append((size + low + high - taps) // stride + 1)
            first = np.arange(counts[-1])[:, None] * stride - low
            spots = np.clip(first + np.arange(taps), 0, size - 1) * step
            total = (total[:, None, :, None] + spots[:, None, :]).reshape(len(total) * counts[-1], -1)
        return total, tuple(counts)


def _strides(shape: Sequence[int]) -> list[int]:
    """Return the elements between neighbours along each axis of a contiguous array."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _sum_of(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sums of one number of each part, in row-major order."""
    total = np.zeros(1, np.int64)
    for part in parts:
        total = (total[:, None] + part).reshape(-1)
    return total


def _offsets(sizes: Sequence[int], strides: Sequence[int]) -> np.ndarray:
    """Return the offset of every position, in row-major order."""
    return _sum_of([np.arange(size) * stride for size, stride in zip(sizes, strides, strict=True)])


def _placed(sizes: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """Return sizes, each at its axis."""
    return tuple(size for _, size in sorted(zip(axes, sizes, strict=True)))
