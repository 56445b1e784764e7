"""What the tests of the numbers draw from: the corners often, the rest sometimes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
from hypothesis import strategies as st

from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIZE = 16
"""Values an example: one shape, so that one compiled cast serves a whole test."""

FLOATS: tuple[np.dtype[Any], ...] = tuple(
    np.dtype(name) for name in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)
)

roundings = st.sampled_from(ROUNDINGS)
overflows = st.sampled_from(OVERFLOWS)

words = st.lists(
    st.one_of(st.sampled_from([0, 1, 2**31, 2**32 - 1]), st.integers(0, 2**32 - 1)), min_size=SIZE, max_size=SIZE
).map(lambda drawn: np.array(drawn, np.uint32))
"""The random words of stochastic rounding, its ends among them."""


@st.composite
def formats(draw: st.DrawFn) -> FixedPoint:
    """Every type that exists: the shortest and longest words, the first and last fraction lengths often."""
    signed = draw(st.booleans())
    least = 2 if signed else 1
    word_length = draw(st.one_of(st.sampled_from([least, 8, 31, 32]), st.integers(least, 32)))
    lowest = word_length - signed - 128
    fraction_length = draw(
        st.one_of(st.sampled_from([lowest, lowest + 1, 125, 126]), st.integers(-8, 24), st.integers(lowest, 126))
    )
    return FixedPoint(signed, word_length, fraction_length)


def _near_the_grid(fmt: FixedPoint, dtype: np.dtype[Any]) -> st.SearchStrategy[float]:
    """Multiples of an eighth of the LSB around 0 and around both ends of the range: ties and their neighbours."""
    ends = st.sampled_from([0, fmt.stored_min, fmt.stored_max, 1 << fmt.word_length])
    steps = st.integers(-40, 40)
    exact = st.builds(lambda end, step: np.float64((end * 8 + step) * fmt.lsb / 8), ends, steps)
    return st.builds(_next_to, exact.map(lambda value: _to(dtype, value)), st.sampled_from([-1, 0, 0, 1]))


def _to(dtype: np.dtype[Any], value: np.float64) -> NDArray[Any]:
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(value).astype(dtype)


def _next_to(value: NDArray[Any], step: int) -> float:
    """Return the neighbour of a value in its own dtype: above, below, or the value itself."""
    word = np.dtype(f"u{value.dtype.itemsize}")
    bits = value.reshape(1).view(word)
    if step == 0 or not np.isfinite(value.astype(np.float64)) or bits[0] in {0, 1 << (8 * word.itemsize - 1)}:
        return float(value)
    return float((bits + word.type(1) if step > 0 else bits - word.type(1)).view(value.dtype)[0])


def _any_bits(dtype: np.dtype[Any]) -> st.SearchStrategy[float]:
    """Every bit pattern alike: denormals, infinities and NaNs."""
    word = np.dtype(f"u{dtype.itemsize}")
    last = (1 << (8 * dtype.itemsize)) - 1
    smallest = st.one_of(st.integers(0, 3), st.integers(last // 2 + 1, last // 2 + 4))
    bits = st.one_of(smallest, st.integers(0, last))
    return bits.map(lambda pattern: _value_of(np.array([pattern], word).view(dtype)))


def _value_of(one: NDArray[Any]) -> float:
    with np.errstate(invalid="ignore"):
        return float(one.astype(np.float64)[0])


_SPECIAL = st.sampled_from([0.0, -0.0, float("inf"), float("-inf"), float("nan")])


def float_arrays(fmt: FixedPoint, dtype: np.dtype[Any]) -> st.SearchStrategy[NDArray[Any]]:
    """Arrays of one dtype: near the type's grid, of any bits, and special values."""
    value = st.one_of(_near_the_grid(fmt, dtype), _near_the_grid(fmt, dtype), _any_bits(dtype), _SPECIAL)
    to_array: Callable[[list[float]], NDArray[Any]] = lambda drawn: np.array(drawn, np.float64).astype(dtype)  # noqa: E731
    return st.lists(value, min_size=SIZE, max_size=SIZE).map(to_array)


@st.composite
def integer_arrays(draw: st.DrawFn, dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """Integers of every magnitude, both ends of the dtype among them."""
    info = np.iinfo(dtype)
    near = st.integers(0, info.bits - 1).flatmap(lambda bit: st.integers(-2, 2).map(lambda step: (1 << bit) + step))
    either = st.builds(lambda value, sign: max(min(value * sign, info.max), info.min), near, st.sampled_from([-1, 1]))
    value = st.one_of(
        st.sampled_from([info.min, info.max, 0]), either, st.integers(info.min, info.max), st.integers(-200, 200)
    )
    return np.array(draw(st.lists(value, min_size=SIZE, max_size=SIZE)), dtype)


@st.composite
def points(draw: st.DrawFn, fmt: FixedPoint) -> int:
    """Fraction lengths of integers to cast: close to the type's, at the ends of the words, and far away."""
    corner = st.sampled_from([0, 1, 31, 32, 33, 63, 64, 65, 100])
    shift = draw(st.one_of(corner, corner.map(lambda s: -s), st.integers(-12, 12), st.integers(-140, 140)))
    return fmt.fraction_length + shift
