"""`quantize` and `stored_integer` as users call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.monitoring
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitwindow.errors import DataError, FormatError, SettingError
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS, Rounding
from bitwindow.numbers.public import quantize, stored_integer, value_dtype
from tests.numbers import strategies
from tests.numbers.reference import cast_values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

S8 = FixedPoint(signed=True, word_length=8, fraction_length=3)
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


@pytest.mark.parametrize("dtype", strategies.FLOATS, ids=str)
@settings(max_examples=40)
@given(data=st.data())
def test_values_and_integers_are_the_exact_ones(dtype: np.dtype[Any], data: st.DataObject) -> None:
    fmt, words = data.draw(strategies.formats()), np.zeros(strategies.SIZE, np.uint32)
    rounding = data.draw(st.sampled_from(ROUNDINGS[:-1]))
    overflow = data.draw(strategies.overflows)
    x = data.draw(strategies.float_arrays(fmt, dtype))
    stored = np.array(cast_values(x.astype(np.float64).tolist(), fmt, rounding, overflow, words)[0], np.int32)
    integers = stored.view(np.uint32).astype(np.int64) if not fmt.signed else stored.astype(np.int64)
    inputs: list[Any] = [x] if dtype == np.float64 else [x, jnp.asarray(x)]
    for given_x in inputs:
        values = np.asarray(quantize(given_x, fmt, rounding, overflow)).astype(np.float64)
        assert values.tolist() == [k * fmt.lsb for k in integers.tolist()]
        assert np.array_equal(np.asarray(stored_integer(given_x, fmt, rounding, overflow)), integers)


@pytest.mark.parametrize(
    ("dtype", "text", "expected"),
    [
        (np.float16, "sfix8_En3", np.float16),
        (np.float16, "sfix12_En24", np.float16),
        (np.float16, "sfix8_En25", np.float32),
        (np.float16, "ufix11_E5", np.float16),
        (np.float16, "sfix12_E5", np.float32),
        (np.float16, "ufix12", np.float32),
        (BFLOAT16, "sfix9_En100", BFLOAT16),
        (BFLOAT16, "ufix9", np.float32),
        (np.float32, "sfix25_En126", np.float32),
        (np.float32, "sfix26", np.float64),
        (np.float32, "ufix8_E120", np.float32),
        (np.float32, "sfix8_E121", np.float64),
        (np.float32, "ufix32_En32", np.float64),
        (np.float64, "sfix8_En3", np.float64),
    ],
)
def test_dtype_of_values(dtype: DTypeLike, text: str, expected: DTypeLike) -> None:
    fmt = FixedPoint.parse(text)
    assert value_dtype(fmt, np.dtype(dtype)) == expected
    ends = np.array([fmt.min, fmt.max, fmt.lsb])
    assert np.array_equal(ends.astype(expected).astype(np.float64), ends)
    result = quantize(np.zeros(2, dtype), fmt)
    assert isinstance(result, np.ndarray)
    assert result.dtype == expected
    if dtype != np.float64:
        from_jax = quantize(jnp.zeros(2, np.dtype(dtype)), fmt)
        assert from_jax.dtype == expected
        assert isinstance(from_jax, np.ndarray if expected == np.float64 else jax.Array)


def test_dtype_of_stored_integers() -> None:
    for x in (np.array([1e30, -1.0], np.float32), jnp.float32([1e30, -1.0])):
        assert stored_integer(x, "ufix32").dtype == np.uint32
        assert np.asarray(stored_integer(x, "ufix32")).tolist() == [2**32 - 1, 0]
        assert stored_integer(x, "ufix31").dtype == np.int32
        assert stored_integer(x, "sfix32").dtype == np.int32
        assert np.asarray(stored_integer(x, "sfix32")).tolist() == [2**31 - 1, -1]


def test_shapes_and_kinds_stay() -> None:
    for shape in ((), (0,), (2, 0, 3), (3, 4)):
        assert quantize(np.ones(shape), S8).shape == shape
        assert quantize(jnp.ones(shape), S8).shape == shape
    assert isinstance(quantize(jnp.ones(2), S8), jax.Array)
    assert quantize([0.06, 2.1], "Q4.3").tolist() == [0.0, 2.125]
    assert float(quantize(2.1, "sfix8_En3")) == 2.125
    assert quantize(np.ones((4, 6))[::2, ::3].T, S8).tolist() == [[1.0, 1.0]] * 2


def test_long_arrays_are_cast_whole() -> None:
    x = np.random.default_rng(0).standard_normal((3, 50_001)).astype(np.float32) * 8
    for rounding in ("round", "stochastic"):
        key = jax.random.key(4)
        host, device = (quantize(part, S8, rounding, key=key) for part in (x, jnp.asarray(x)))
        assert np.array_equal(host, np.asarray(device))


def test_it_works_inside_jit_and_vmap() -> None:
    x = jnp.linspace(-20, 20, 60).reshape(3, 20)
    whole = quantize(x, S8)
    assert np.array_equal(jax.jit(lambda part: quantize(part, S8))(x), whole)
    assert np.array_equal(jax.vmap(lambda part: quantize(part, "sfix8_En3"))(x), whole)
    keys = jax.random.split(jax.random.key(0), 3)
    rows = [quantize(row, S8, "stochastic", key=key) for row, key in zip(x, keys, strict=True)]
    together = jax.vmap(lambda row, key: quantize(row, S8, "stochastic", key=key))(x, keys)
    assert np.array_equal(together, np.stack(rows))


def test_keys_of_every_kind() -> None:
    x = jnp.full(64, 1.0625)
    expected = np.asarray(quantize(x, S8, "stochastic", key=jax.random.key(7)))
    assert len(set(expected.tolist())) == 2
    assert np.array_equal(quantize(x, S8, "stochastic", key=7), expected)
    assert np.array_equal(quantize(x, S8, "stochastic", key=jax.random.PRNGKey(7)), expected)
    assert np.array_equal(quantize(np.asarray(x), S8, "stochastic", key=7), expected)
    assert quantize(x, S8, "stochastic", key=jax.random.key(7, impl="rbg")).shape == x.shape


def test_float64_under_and_after_x64_mode() -> None:
    with jax.enable_x64(True):
        x = jnp.array([2.1, 1e-310, 15.99], jnp.float64)
        inside = quantize(x, "sfix32_En3", "ceiling")
        assert isinstance(inside, jax.Array)
    after = quantize(x, "sfix32_En3", "ceiling")
    assert after.dtype == inside.dtype == np.float64
    assert after.tolist() == inside.tolist() == [2.125, 0.125, 16.0]


class _Compilations:
    """Counts the executables that JAX makes while it is asked to."""

    def __init__(self) -> None:
        self.count = 0
        self.counting = False

    def __call__(self, event: str, duration_secs: float, **_: str | int) -> None:
        if self.counting and duration_secs >= 0 and event == "/jax/core/compile/backend_compile_duration":
            self.count += 1


def test_a_change_of_type_or_mode_compiles_nothing() -> None:
    compilations = _Compilations()
    jax.monitoring.register_event_duration_secs_listener(compilations)
    key, x = jax.random.key(0), jnp.linspace(-3, 3, 77)
    compilations.counting = True
    quantize(x, S8, "stochastic", key=key)
    stored_integer(x, S8)
    assert compilations.count > 0
    compilations.count = 0
    for rounding in ROUNDINGS:
        for overflow in OVERFLOWS:
            chance = {"key": key} if rounding is Rounding.STOCHASTIC else {}
            for fmt in (FixedPoint(False, 1, 0), FixedPoint(True, 16, 9), FixedPoint(True, 2, -100)):
                quantize(x, fmt, rounding, overflow, **chance)
            stored_integer(x, FixedPoint(True, 32, 20), rounding, overflow, **chance)
    compilations.counting = False
    assert compilations.count == 0


@pytest.mark.parametrize(
    ("x", "got"),
    [
        (np.array([1, 2]), "int64"), ([True], "bool"), (1j, "complex128"), (["a"], "<U1"), (jnp.int32(3), "int32"),
        (jnp.array([1j]), "complex64"), (jnp.zeros(2, jnp.float8_e4m3fn), "float8_e4m3fn"), (None, "object"),
    ],
)  # fmt: skip
def test_other_dtypes_are_refused(x: ArrayLike, got: str) -> None:
    with pytest.raises(DataError, match=rf"quantize: wanted an array of float16, .*; got {got} of shape"):
        quantize(x, S8)
    with pytest.raises(DataError, match=rf"stored_integer: wanted an array of float16, .*; got {got} of shape"):
        stored_integer(x, S8)


def test_bad_types_and_modes_are_refused() -> None:
    with pytest.raises(FormatError, match=r"wanted text like 'sfix8_En3'.*got 'fix8'"):
        quantize(np.ones(2), "fix8")
    with pytest.raises(SettingError, match=r"rounding: wanted one of .*got 'up'"):
        quantize(np.ones(2), S8, "up")
    with pytest.raises(SettingError, match=r"overflow: wanted one of .*got 'clip'"):
        quantize(np.ones(2), S8, overflow="clip")
    with pytest.raises(SettingError, match="quantize: wanted a key for stochastic rounding; got None"):
        quantize(np.ones(2), S8, "stochastic")
    with pytest.raises(SettingError, match="stored_integer: wanted a key for stochastic rounding; got None"):
        stored_integer(np.ones(2), S8, "stochastic")


def test_types_wider_than_float32_are_refused_inside_jit() -> None:
    with pytest.raises(FormatError, match=r"quantize: wanted a type whose values float32 holds.*got sfix32"):
        jax.jit(lambda x: quantize(x, "sfix32"))(jnp.ones(2))
