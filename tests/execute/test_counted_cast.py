"""Parameters cast and counted in one pass: the bits and counts of exact rational arithmetic and of the one cast."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitwindow.execute.counted_cast import counted_cast
from bitwindow.execute.modes import Modes
from bitwindow.numbers.cast import cast_floats
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import DETERMINISTIC_ROUNDINGS, OVERFLOWS
from tests.execute.reference import CLASSES, cast

MODES = [Modes(rounding=rounding, overflow=overflow) for rounding in DETERMINISTIC_ROUNDINGS for overflow in OVERFLOWS]
TINY32, TINY64 = 2.0**-149, 5e-324
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, TINY32, -TINY32, 2.0**127, -(2.0**127), 0.5, -0.5, 1.5, -2.5]
EDGES64 = [*EDGES, TINY64, -TINY64, 1.7e308, -1.7e308, 2.0**1000 + 2.0**950, 0.5 - 2.0**-54, -(0.5 - 2.0**-54)]
dtypes = st.sampled_from([np.float32, np.float64])


@st.composite
def types(draw: Any) -> FixedPoint:
    signed = draw(st.booleans())
    width = draw(st.integers(2 if signed else 1, 32))
    magnitude = width - signed
    point = draw(st.one_of(st.integers(-6, 40), st.integers(magnitude - 128, 126)))
    return FixedPoint(signed, width, max(magnitude - 128, min(126, point)))


def near(fmt: FixedPoint, dtype: Any) -> Any:
    """Multiples of an eighth LSB around the whole range, and the floats next to them."""
    reach = 2 ** (fmt.word_length + 4)
    steps = st.integers(-reach, reach).map(lambda k: dtype(k * 2.0 ** (-fmt.fraction_length - 3)))
    beside = st.sampled_from([-np.inf, 0.0, np.inf])
    return st.tuples(steps, beside).map(
        lambda pair: float(pair[0]) if pair[1] == 0 else float(np.nextafter(pair[0], dtype(pair[1])))
    )


def values(fmt: FixedPoint, dtype: Any, shape: Any) -> Any:
    bits = 8 * np.dtype(dtype).itemsize
    edges = st.sampled_from(EDGES if bits == 32 else EDGES64)
    return hnp.arrays(dtype, shape, elements=st.floats(width=bits) | edges | near(fmt, dtype))


def wanted(x: NDArray[Any], fmt: FixedPoint, modes: Modes) -> tuple[NDArray[np.int64], list[int]]:
    made = [cast(float(value), fmt, modes.rounding.value, modes.overflow.value) for value in x.ravel()]
    counts = [sum(name == one for _, name in made) for one in CLASSES]
    return np.array([k for k, _ in made], np.int64).reshape(x.shape), counts


def low(stored: NDArray[Any]) -> NDArray[np.int64]:
    bits: NDArray[np.int64] = stored.astype(np.int64) & 0xFFFFFFFF
    return bits


@settings(max_examples=400)
@given(data=st.data(), fmt=types(), modes=st.sampled_from(MODES), dtype=dtypes)
def test_bits_and_counts_are_those_of_exact_arithmetic(data: Any, fmt: FixedPoint, modes: Modes, dtype: Any) -> None:
    x = data.draw(values(fmt, dtype, (9,)))
    made = counted_cast(x, fmt, modes)
    assert made is not None
    stored, counts = wanted(x, fmt, modes)
    np.testing.assert_array_equal(low(made[0]), low(stored))
    assert made[1].tolist() == counts


@settings(max_examples=100)
@given(data=st.data(), fmt=types(), modes=st.sampled_from(MODES))
def test_they_are_those_of_the_one_cast_in_numpy_and_in_xla(data: Any, fmt: FixedPoint, modes: Modes) -> None:
    x = data.draw(values(fmt, np.float32, (3, 5)))
    made = counted_cast(x, fmt, modes)
    assert made is not None
    for array in (x, jnp.asarray(x)):
        one = cast_floats(array, fmt.as_array(), modes.rounding.code, modes.overflow.code)
        np.testing.assert_array_equal(made[0], np.asarray(one.stored))
        np.testing.assert_array_equal(made[1], np.bincount(np.asarray(one.verdict).ravel(), minlength=7))


@settings(max_examples=150)
@given(data=st.data(), modes=st.sampled_from(MODES), dtype=dtypes, signed=st.booleans(), width=st.integers(2, 32))
def test_each_channel_has_its_own_lsb(data: Any, modes: Modes, dtype: Any, signed: bool, width: int) -> None:  # noqa: FBT001
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    axis = data.draw(st.integers(0, len(shape) - 1))
    lengths = tuple(data.draw(st.integers(-3, 20)) for _ in range(shape[axis]))
    fmt = ChannelFormats(signed, width, lengths)
    x = data.draw(values(fmt.coarsest, dtype, shape))
    x = np.asfortranarray(x) if data.draw(st.booleans()) else x
    made = counted_cast(x, fmt, modes, axis)
    assert made is not None
    counts = np.zeros(7, np.int64)
    for channel, length in enumerate(lengths):
        part = np.take(x, channel, axis)
        stored, own = wanted(part, FixedPoint(signed, width, length), modes)
        np.testing.assert_array_equal(low(np.take(made[0], channel, axis)), low(stored))
        counts += np.array(own)
    assert made[0].flags.c_contiguous
    assert made[1].tolist() == counts.tolist()


@pytest.mark.parametrize("shape", [(0,), (3, 0), (), (0, 2)])
def test_empty_and_single_values(shape: tuple[int, ...]) -> None:
    made = counted_cast(np.ones(shape, np.float32), FixedPoint(True, 8, 3), Modes())
    assert made is not None
    assert made[0].shape == shape
    assert made[1].tolist() == [int(np.prod(shape)), 0, 0, 0, 0, 0, 0]


def test_long_rows_are_cast_as_short_ones() -> None:
    rng = np.random.default_rng(3)
    x = (rng.normal(size=10_007) * 2.0 ** rng.integers(-12, 6, 10_007)).astype(np.float32)
    x[::97] = rng.choice(EDGES, len(x[::97]))
    for modes in MODES:
        for fmt in (FixedPoint(True, 8, 4), FixedPoint(False, 32, 30), FixedPoint(True, 32, 29)):
            made = counted_cast(x, fmt, modes)
            assert made is not None
            one = cast_floats(x, fmt.as_array(), modes.rounding.code, modes.overflow.code)
            np.testing.assert_array_equal(made[0], one.stored)
            np.testing.assert_array_equal(made[1], np.bincount(one.verdict, minlength=7))


@pytest.mark.parametrize(
    ("x", "rounding"),
    [
        (np.ones(2, np.float16), "round"),
        (np.ones(2, jnp.bfloat16), "round"),
        (np.ones(2, ">f4"), "round"),
        (np.ones(2, np.float32), "stochastic"),
    ],
)
def test_what_is_cast_elsewhere(x: Any, rounding: Any) -> None:
    assert counted_cast(x, FixedPoint(True, 8, 3), Modes(rounding=rounding)) is None
