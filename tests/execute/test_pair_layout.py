"""Sums in pairs over any geometry, against NumPy's int64 arithmetic on padded and dilated arrays."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitwindow.execute.pair_kernel import run_units
from bitwindow.execute.pair_layout import layout_of
from bitwindow.execute.pair_numbers import pair_numbers, pair_weights
from bitwindow.execute.pair_records import PairLayout
from bitwindow.execute.plan import Settings
from bitwindow.network.records import Contraction, Convolution, Step

Integers = NDArray[np.int64]


def sums_of(operation: Any, layout: PairLayout, x: Integers, w: Integers, bias: Integers) -> NDArray[np.int32]:
    """Run the compiled loop with a cast that changes nothing."""
    weights = pair_weights(operation, w, layout.sizes, layout.runs)
    numbers = pair_numbers(Settings().packed(), bias, layout.sizes, clips=False)
    out, counter = np.full(layout.shape, -7, np.int32), np.zeros(1, np.int64)
    flat = x.astype(np.int16).reshape(-1)
    flat.setflags(write=False)
    arguments = (flat, weights, numbers, out.reshape(-1), layout.tables, layout.sizes, layout.units, counter)
    run_units(*arguments)
    run_units(*arguments)  # a second thread that finds nothing to do
    return out


def dilated(x: Integers, by: tuple[int, ...], padding: tuple[tuple[int, int], ...]) -> Integers:
    """Return (N, C, *space) with zeros between and around, or cut where the padding is negative."""
    for axis, (step, (low, high)) in enumerate(zip(by, padding, strict=True), 2):
        size = (x.shape[axis] - 1) * step + 1
        wide = np.zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), np.int64)
        wide[(slice(None),) * axis + (slice(None, None, step),)] = x
        ends = [(0, 0)] * x.ndim
        ends[axis] = max(low, 0), max(high, 0)
        cut = slice(max(-low, 0), size - max(-high, 0))
        x = np.pad(wide[(slice(None),) * axis + (cut,)], ends)
    return x


def convolved(operation: Convolution, x: Integers, w: Integers) -> Integers:
    """Return the exact sums, tap by tap, with their axes where the operation has them."""
    x, w = np.transpose(x, operation.lhs_spec), np.transpose(w, operation.rhs_spec)
    x = dilated(x, operation.lhs_dilation, operation.padding)
    groups, outputs, inputs = operation.feature_group_count, w.shape[0], w.shape[1]
    window = w.shape[2:]
    steps = list(zip(window, operation.rhs_dilation, operation.window_strides, strict=True))
    made = [(size - (taps - 1) * by - 1) // step + 1 for size, (taps, by, step) in zip(x.shape[2:], steps, strict=True)]
    y = np.zeros((x.shape[0], outputs, *made), np.int64)
    each = outputs // groups
    for at in np.ndindex(*window):
        spans = [
            slice(tap * by, tap * by + (size - 1) * step + 1, step)
            for tap, size, (_, by, step) in zip(at, made, steps, strict=True)
        ]
        seen = x[(slice(None), slice(None), *spans)]
        for group in range(groups):
            part = seen[:, group * inputs : (group + 1) * inputs]
            own = w[(slice(group * each, (group + 1) * each), slice(None), *at)]
            y[:, group * each : (group + 1) * each] += np.einsum("nc...,oc->no...", part, own)
    return np.transpose(y, np.argsort(operation.out_spec))


SAME_SIZE = Convolution(
    window_strides=(1, 1),
    padding=((1, 1), (1, 1)),
    lhs_dilation=(1, 1),
    rhs_dilation=(1, 1),
    lhs_spec=(0, 3, 1, 2),
    rhs_spec=(3, 2, 0, 1),
    out_spec=(0, 3, 1, 2),
)
"""A window of 3 by 3 over images of channels last, which keeps their size."""


@st.composite
def geometries(draw: st.DrawFn) -> tuple[Convolution, tuple[int, ...], tuple[int, ...]]:
    """Draw a convolution with something left of its input, and the shapes of its operands."""
    rank = draw(st.integers(0, 3))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    inputs, each = draw(st.integers(1, 5)), draw(st.sampled_from([1, 3, 8, 15, 16, 17, 33]))
    window, space, strides, dilation, base, padding = [], [], [], [], [], []
    for _ in range(rank):
        window.append(draw(st.integers(1, 3)))
        strides.append(draw(st.integers(1, 3)))
        dilation.append(draw(st.integers(1, 2)))
        base.append(draw(st.sampled_from([1, 1, 2])))
        padding.append((draw(st.integers(-1, 2)), draw(st.integers(-1, 2))))
        least = (window[-1] - 1) * dilation[-1] + 1 - sum(padding[-1])
        space.append(max(draw(st.integers(1, 6)), -(-(least - 1) // base[-1]) + 1, 3))
    orders = [tuple(draw(st.permutations(range(rank + 2)))) for _ in range(3)]
    operation = Convolution(
        window_strides=tuple(strides),
        padding=tuple(padding),
        lhs_dilation=tuple(base),
        rhs_dilation=tuple(dilation),
        lhs_spec=orders[0],
        rhs_spec=orders[1],
        out_spec=orders[2],
        feature_group_count=groups,
    )
    shapes = []
    for sizes, order in (
        ((draw(st.integers(1, 3)), groups * inputs, *space), orders[0]),
        ((groups * each, inputs, *window), orders[1]),
    ):
        shapes.append(tuple(size for _, size in sorted(zip(order, sizes, strict=True))))
    return operation, shapes[0], shapes[1]


@settings(max_examples=150)
@given(geometry=geometries(), seed=st.integers(0, 10_000))
def test_convolutions_of_any_geometry_are_exact(geometry: Any, seed: int) -> None:
    operation, x_shape, w_shape = geometry
    rng = np.random.default_rng(seed)
    x, w = rng.integers(-(2**9), 2**9, x_shape), rng.integers(-(2**9), 2**9, w_shape)
    bias = rng.integers(-(2**20), 2**20, w_shape[operation.rhs_spec[0]])
    wanted = convolved(operation, x, w)
    along = [1] * wanted.ndim
    along[operation.out_spec[1]] = -1
    got = sums_of(operation, layout_of(operation, (x_shape, w_shape), (), None), x, w, bias)
    np.testing.assert_array_equal(got, wanted + bias.reshape(along))


@settings(max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(3, 9), st.integers(3, 9)),
    outputs=st.sampled_from([8, 16, 20]),
    window=st.integers(1, 3),
    strides=st.integers(1, 3),
    low=st.integers(0, 2),
    high=st.integers(0, 2),
    order=st.permutations(range(4)),
    seed=st.integers(0, 10_000),
)
def test_windows_of_a_pool_are_the_largest_sums(
    shape: tuple[int, int, int],
    outputs: int,
    window: int,
    strides: int,
    low: int,
    high: int,
    order: list[int],
    seed: int,
) -> None:
    n, height, width = shape
    low, high = min(low, window - 1), min(high, window - 1)
    rng = np.random.default_rng(seed)
    x, w = rng.integers(-128, 128, (n, height, width, 3)), rng.integers(-128, 128, (3, 3, 3, outputs))
    # The result's axes are rearranged before the pool sees them.
    place = {role: order.index(role) for role in range(4)}
    dims, by, pads = [1] * 4, [1] * 4, [(0, 0)] * 4
    for role in (1, 2):
        dims[place[role]], by[place[role]], pads[place[role]] = window, strides, (low, high)
    params = {"window_dimensions": tuple(dims), "window_strides": tuple(by), "padding": tuple(pads)}
    pool = Step(primitive="reduce_window_max", params=params)
    y = np.pad(convolved(SAME_SIZE, x, w), ((0, 0), (low, high), (low, high), (0, 0)), constant_values=-(2**40))
    views = np.lib.stride_tricks.sliding_window_view(y, (window, window), axis=(1, 2))
    wanted = np.transpose(views[:, ::strides, ::strides].max(axis=(-2, -1)), order)
    got = sums_of(SAME_SIZE, layout_of(SAME_SIZE, (x.shape, w.shape), tuple(order), pool), x, w, np.zeros(1, np.int64))
    np.testing.assert_array_equal(got, wanted)


@settings(max_examples=60)
@given(
    free=st.lists(st.integers(1, 9), max_size=3),
    terms=st.integers(1, 40),
    outputs=st.integers(1, 40),
    axis=st.integers(0, 1),
    seed=st.integers(0, 10_000),
)
def test_dense_layers_of_any_shape_are_exact(free: list[int], terms: int, outputs: int, axis: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, w = rng.integers(-(2**15), 2**15, (*free, terms)), rng.integers(-64, 64, (terms, outputs))
    given_w = w if axis == 0 else w.T
    operation = Contraction(contracting=((len(free),), (axis,)), batch=((), ()))
    layout = layout_of(operation, (x.shape, given_w.shape), (), None)
    np.testing.assert_array_equal(sums_of(operation, layout, x, given_w, np.zeros(1, np.int64)), x @ w)


def test_sums_reach_the_ends_of_int32() -> None:
    """Two products of -2^15 would not fit: the plan takes such operands elsewhere. All else does."""
    operation = Contraction(contracting=((1,), (0,)), batch=((), ()))
    x, w = np.array([[-(2**15), 2**15 - 1, 0, 1]]), np.array([[2**15 - 1], [-(2**15)], [5], [-(2**15)]])
    layout = layout_of(operation, (x.shape, w.shape), (), None)
    got = sums_of(operation, layout, x, w, np.zeros(1, np.int64))
    assert got.tolist() == (x @ w).tolist() == [[-2147450880]]


@pytest.mark.parametrize("rows", [1, 23, 24, 25, 100])
def test_units_hold_every_window_once(rows: int) -> None:
    operation = Contraction(contracting=((1,), (0,)), batch=((), ()))
    units = layout_of(operation, ((rows, 8), (8, 4)), (), None).tables.units
    assert [number for first, last, *_ in units for number in range(first, last)] == list(range(rows))


def test_a_large_image_is_cut_into_units_that_share_its_rows() -> None:
    pads = ((0, 0), (1, 1), (1, 1), (0, 0))
    params = {"window_dimensions": (1, 3, 3, 1), "window_strides": (1, 2, 2, 1), "padding": pads}
    rng = np.random.default_rng(0)
    x, w = rng.integers(-128, 128, (2, 60, 40, 4)), rng.integers(-128, 128, (3, 3, 4, 40))
    layout = layout_of(SAME_SIZE, (x.shape, w.shape), (), Step(primitive="reduce_window_max", params=params))
    assert len(layout.tables.units) > 3
    y = np.pad(convolved(SAME_SIZE, x, w), pads, constant_values=-(2**40))
    wanted = np.lib.stride_tricks.sliding_window_view(y, (3, 3), axis=(1, 2))[:, ::2, ::2].max(axis=(-2, -1))
    got = sums_of(SAME_SIZE, layout, x, w, np.zeros(1, np.int64))
    np.testing.assert_array_equal(got, wanted)
    assert prod(got.shape) == 2 * 30 * 20 * 40
