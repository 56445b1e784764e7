"""The casts against exact rational arithmetic, on NumPy and on JAX."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitwindow.errors import DataError, SettingError
from bitwindow.numbers.cast import Cast, Verdict, cast_floats, cast_integers, cast_ratio, stored_to_values
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Overflow, Rounding
from tests.numbers import strategies
from tests.numbers.reference import cast_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

jitted_floats, jitted_integers, jitted_ratio = jax.jit(cast_floats), jax.jit(cast_integers), jax.jit(cast_ratio)

S8 = FixedPoint(signed=True, word_length=8, fraction_length=3)
TABLE = (
    (0.03125, 0.0, Verdict.UNDERFLOW),
    (0.0624, 0.0, Verdict.UNDERFLOW),
    (2.0**-149, 0.0, Verdict.UNDERFLOW),
    (2.1, 2.125, Verdict.ROUNDED),
    (16.25, 15.875, Verdict.OVERFLOW),
    (16.0, 15.875, Verdict.OVERFLOW),
    (1e30, 15.875, Verdict.OVERFLOW),
    (0.0625, 0.125, Verdict.ROUNDED),
    (-0.0625, -0.125, Verdict.ROUNDED),
    (15.9375, 15.875, Verdict.OVERFLOW),
    (15.99, 15.875, Verdict.OVERFLOW),
    (-15.9375, -16.0, Verdict.ROUNDED),
    (-16.0, -16.0, Verdict.EXACT),
    (-16.0625, -16.0, Verdict.OVERFLOW),
    (0.0, 0.0, Verdict.ZERO),
    (-0.0, 0.0, Verdict.ZERO),
    (float("inf"), 15.875, Verdict.INF),
    (float("-inf"), -16.0, Verdict.INF),
    (float("nan"), 0.0, Verdict.NAN),
)


def same(cast: Cast, stored: list[int], verdicts: list[int]) -> None:
    assert cast.stored.dtype == np.int32
    assert cast.verdict.dtype == np.uint8
    assert np.asarray(cast.stored).tolist() == stored
    assert np.asarray(cast.verdict).tolist() == verdicts


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cast_one", [cast_floats, jitted_floats], ids=["numpy", "jax"])
def test_worked_example_of_the_rules(cast_one: Callable[..., Cast], dtype: type) -> None:
    with jax.enable_x64(dtype is np.float64):
        cast = cast_one(np.array([x for x, _, _ in TABLE], dtype), S8.as_array(), 0, 0)
    values = np.asarray(stored_to_values(np.asarray(cast.stored), S8.as_array()))
    got = list(zip(values.tolist(), np.asarray(cast.verdict).tolist(), strict=True))
    assert got == [(value, int(verdict)) for _, value, verdict in TABLE]
    assert not np.signbit(values[values == 0]).any()


@pytest.mark.parametrize("dtype", strategies.FLOATS, ids=str)
@given(data=st.data())
def test_floats_equal_the_rational_rules(dtype: np.dtype[Any], data: st.DataObject) -> None:
    fmt, words = data.draw(strategies.formats()), data.draw(strategies.words)
    rounding, overflow = data.draw(strategies.roundings), data.draw(strategies.overflows)
    x = data.draw(strategies.float_arrays(fmt, dtype))
    expected = cast_values(x.astype(np.float64).tolist(), fmt, rounding, overflow, words)
    rule = (fmt.as_array(), np.int32(rounding.code), np.int32(overflow.code))
    same(cast_floats(x, *rule, random_bits=words), *expected)
    with jax.enable_x64(dtype == np.float64):
        same(jitted_floats(jnp.asarray(x), *rule, random_bits=words), *expected)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@given(data=st.data())
def test_integers_equal_the_rational_rules(dtype: type[np.signedinteger[Any]], data: st.DataObject) -> None:
    fmt, words = data.draw(strategies.formats()), data.draw(strategies.words)
    rounding, overflow = data.draw(strategies.roundings), data.draw(strategies.overflows)
    k, point = data.draw(strategies.integer_arrays(dtype)), data.draw(strategies.points(fmt))
    values = [Fraction(value) * Fraction(2) ** -point for value in k.tolist()]
    expected = cast_values(values, fmt, rounding, overflow, words)
    rule = (np.int32(point), fmt.as_array(), np.int32(rounding.code), np.int32(overflow.code))
    same(cast_integers(k, *rule, random_bits=words), *expected)
    with jax.enable_x64(dtype is np.int64):
        same(jitted_integers(jnp.asarray(k), *rule, random_bits=words), *expected)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@given(data=st.data())
def test_ratios_equal_the_rational_rules(dtype: type[np.signedinteger[Any]], data: st.DataObject) -> None:
    fmt, words = data.draw(strategies.formats()), data.draw(strategies.words)
    rounding, overflow = data.draw(strategies.roundings), data.draw(strategies.overflows)
    k, point = data.draw(strategies.integer_arrays(dtype)), data.draw(strategies.points(fmt))
    divisor = np.maximum(data.draw(strategies.integer_arrays(np.int32)), 1)
    ratios = [Fraction(value, by) for value, by in zip(k.tolist(), divisor.tolist(), strict=True)]
    expected = cast_values([ratio * Fraction(2) ** -point for ratio in ratios], fmt, rounding, overflow, words)
    rule = (np.int32(point), fmt.as_array(), np.int32(rounding.code), np.int32(overflow.code))
    same(cast_ratio(k, divisor, *rule, random_bits=words), *expected)
    with jax.enable_x64(True):
        same(jitted_ratio(jnp.asarray(k), jnp.asarray(divisor), *rule, random_bits=words), *expected)


@pytest.mark.parametrize("shift", [30, 31, 32, 33, 63, 64, 65, 250])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_one_shifted_out_at_the_top(dtype: type[np.signedinteger[Any]], shift: int) -> None:
    k = np.array([-3, -2, -1, 0, 1, 2], dtype)
    for fmt in (FixedPoint(True, 32, 100), FixedPoint(False, 32, 100)):
        values = [Fraction(value) * Fraction(2) ** (shift - 100) for value in k.tolist()]
        for overflow in OVERFLOWS:
            expected = cast_values(values, fmt, Rounding.ROUND, overflow, [0] * len(k))
            same(cast_integers(k, 100 - shift, fmt.as_array(), 0, overflow.code), *expected)


@given(data=st.data())
def test_a_point_for_each_value(data: st.DataObject) -> None:
    fmt = data.draw(strategies.formats())
    k = data.draw(strategies.integer_arrays(np.int32))
    point = np.array([data.draw(strategies.points(fmt)) for _ in k], np.int32)
    values = [Fraction(value) * Fraction(2) ** -place for value, place in zip(k.tolist(), point.tolist(), strict=True)]
    expected = cast_values(values, fmt, Rounding.ROUND, Overflow.WRAP, [0] * len(k))
    same(jitted_integers(jnp.asarray(k), point, fmt.as_array(), 0, Overflow.WRAP.code), *expected)


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_tie_and_quarter_of_every_mode(rounding: Rounding, overflow: Overflow) -> None:
    quarters = np.arange(-64, 64, dtype=np.int32)
    words = np.resize(np.array([0, 2**30, 2**31, 3 * 2**30 - 1, 2**32 - 1], np.uint32), quarters.shape)
    for fmt in (FixedPoint(True, 3, 0), FixedPoint(True, 2, 0), FixedPoint(False, 1, 0), FixedPoint(False, 3, 0)):
        expected = cast_values([Fraction(k, 4) for k in quarters.tolist()], fmt, rounding, overflow, words)
        rule = (fmt.as_array(), rounding.code, overflow.code)
        same(cast_integers(quarters, 2, *rule, random_bits=words), *expected)
        same(cast_floats((quarters / 4).astype(np.float32), *rule, random_bits=words), *expected)
        same(cast_ratio(quarters, 4, 0, *rule, random_bits=words), *expected)


@pytest.mark.parametrize(
    "fmt", [FixedPoint(True, 8, 126), FixedPoint(False, 8, 100), FixedPoint(True, 32, 126)], ids=str
)
def test_denormals_are_not_flushed(fmt: FixedPoint) -> None:
    x = np.array([2.0**-149, -(2.0**-149), 2.0**-127, -(2.0**-127), 3 * 2.0**-128, 2.0**-126], np.float32)
    for rounding in (Rounding.ROUND, Rounding.CEILING, Rounding.FLOOR):
        expected = cast_values(x.astype(np.float64).tolist(), fmt, rounding, Overflow.SATURATE, [0] * len(x))
        same(jitted_floats(jnp.asarray(x), fmt.as_array(), rounding.code, 0), *expected)


@given(data=st.data())
def test_values_of_stored_integers_are_exact(data: st.DataObject) -> None:
    fmt = data.draw(strategies.formats())
    k = data.draw(st.lists(st.integers(fmt.stored_min, fmt.stored_max), min_size=8, max_size=8))
    stored = np.array(k, np.int64).astype(np.uint32).view(np.int32)
    assert stored_to_values(stored, fmt.as_array(), np.float64).tolist() == [value * fmt.lsb for value in k]
    if fmt.magnitude_bits <= 24 and fmt.msb_exponent < 127:
        values = jax.jit(stored_to_values)(stored, fmt.as_array())
        assert np.asarray(values).astype(np.float64).tolist() == [value * fmt.lsb for value in k]


def test_stochastic_keys_repeat_and_have_the_right_mean() -> None:
    x = jnp.full(20_000, 2.125 + 0.125 * 0.3, jnp.float32)
    rule = (S8.as_array(), Rounding.STOCHASTIC.code, Overflow.SATURATE.code)
    first = jitted_floats(x, *rule, jax.random.key(1)).stored
    again = jitted_floats(x, *rule, jax.random.key(1)).stored
    other = jitted_floats(x, *rule, jax.random.key(2)).stored
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert set(np.asarray(first).tolist()) == {17, 18}
    assert np.mean(np.asarray(first) - 17) == pytest.approx(0.3, abs=0.02)
    on_the_host = cast_floats(np.asarray(x), *rule, jax.random.key(1)).stored
    assert np.array_equal(first, on_the_host)


def test_stochastic_without_chance_is_floor() -> None:
    x = np.array([-1.99, -0.01, 0.01, 1.99], np.float32)
    floor = cast_floats(x, S8.as_array(), Rounding.FLOOR.code, 0)
    same(cast_floats(x, S8.as_array(), Rounding.STOCHASTIC.code, 0), floor.stored.tolist(), floor.verdict.tolist())


def test_vmap_over_types_equals_one_by_one() -> None:
    x = jnp.asarray(np.linspace(-20, 20, 64, dtype=np.float32))
    fmts = np.stack([FixedPoint(True, w, f).as_array() for w in (2, 8, 32) for f in (-3, 0, 9)])
    together = jax.vmap(lambda fmt: cast_floats(x, fmt, 0, 0, jax.random.key(0)).stored)(fmts)
    one_by_one = [cast_floats(np.asarray(x), fmt, 0, 0).stored for fmt in fmts]
    assert np.array_equal(together, np.stack(one_by_one))


def test_one_executable_serves_every_type_and_mode() -> None:
    step = jax.jit(lambda k, point, fmt, rounding, overflow: cast_integers(k, point, fmt, rounding, overflow, None))
    k = jnp.arange(-50, 50, dtype=jnp.int32)
    for rounding in ROUNDINGS:
        for fmt in (S8, FixedPoint(False, 32, 126), FixedPoint(True, 2, -126)):
            step(k, np.int32(rounding.code), fmt.as_array(), np.int32(rounding.code), np.int32(rounding.code % 4))
    assert step._cache_size() == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "k",
    [np.array([1], np.float32), np.array([1], np.uint32), np.array([1], np.int8), np.array([True])],
    ids=lambda k: str(k.dtype),
)
def test_integers_of_other_dtypes_are_refused(k: NDArray[Any]) -> None:
    with pytest.raises(DataError, match=rf"cast_integers: wanted an array of int32 or int64; got {k.dtype}"):
        cast_integers(k, 0, S8.as_array(), 0, 0)
    with pytest.raises(DataError, match=rf"cast_ratio: wanted an array of int32 or int64; got {k.dtype}"):
        cast_ratio(k, 2, 0, S8.as_array(), 0, 0)


def test_wide_casts_need_x64_mode() -> None:
    fmt = jnp.asarray(S8.as_array())
    with pytest.raises(SettingError, match="cast_integers: wanted JAX's x64 mode"):
        cast_integers(np.array([1], np.int64), 0, fmt, 0, 0)
    with pytest.raises(SettingError, match="cast_ratio: wanted JAX's x64 mode"):
        cast_ratio(jnp.int32([1]), 2, 0, fmt, 0, 0)
    with pytest.raises(SettingError, match="cast_floats: wanted JAX's x64 mode"):
        cast_floats(np.array([1], np.float64), fmt, 0, 0)
