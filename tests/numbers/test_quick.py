from __future__ import annotations

from fractions import Fraction

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import DETERMINISTIC_ROUNDINGS, OVERFLOWS, Overflow, Rounding
from bitwindow.numbers.quick import QuickCast, Verdicts, quick_cast, quick_verdicts
from tests.execute.reference import cast

SIZE = 64
# Carrier and the exclusive bound of |k| + 2^r.
CARRIERS = {"int32": (np.int32, 2**31), "int64": (np.int64, 2**53), "float64": (np.float64, 2**53)}


@jax.jit
def both(k: jax.Array, vector: jax.Array) -> tuple[jax.Array, jax.Array, Verdicts]:
    numbers = QuickCast(*(vector[i] for i in range(len(QuickCast._fields))))
    return quick_cast(k, numbers, np.int16), quick_cast(k, numbers, np.int32), quick_verdicts(k, numbers)


def run(k: np.ndarray, numbers: QuickCast, dtype: type[np.generic]) -> tuple[np.ndarray, list[np.ndarray]]:
    with jax.enable_x64(True):
        narrow, wide, verdicts = both(k, np.array(numbers, np.int64))
        return np.asarray(narrow if dtype is np.int16 else wide), [np.asarray(mask) for mask in verdicts]


@st.composite
def casts(draw: st.DrawFn, bound: int) -> tuple[FixedPoint, int, Rounding, Overflow, list[int]]:
    """A type, the bits dropped, the modes, and sums: at all borders, at the bound's edge, and anywhere."""
    signed = draw(st.booleans())
    width = draw(st.integers(2 if signed else 1, 32))
    fmt = FixedPoint(signed=signed, word_length=width, fraction_length=draw(st.integers(-8, 12)))
    right = draw(st.integers(0, bound.bit_length() - 3))
    most = bound - 2**right - 1
    ends = [q << right for q in (0, 1, -1, fmt.stored_min, fmt.stored_max, fmt.stored_max + 1, fmt.stored_min - 1)]
    near = [end + half + d for end in ends for half in (0, 2**right // 2, -(2**right // 2)) for d in (-1, 0, 1)]
    sums = [k for k in [*near, most, -most, most - 1] if abs(k) <= most]
    free = draw(st.lists(st.integers(-most, most), min_size=4, max_size=4))
    chosen = (free + sums * SIZE)[:SIZE]
    return fmt, right, draw(st.sampled_from(DETERMINISTIC_ROUNDINGS)), draw(st.sampled_from(OVERFLOWS)), chosen


@pytest.mark.parametrize("carrier", CARRIERS)
@given(data=st.data())
def test_the_quick_cast_is_the_exact_one(carrier: str, data: st.DataObject) -> None:
    dtype, bound = CARRIERS[carrier]
    fmt, right, rounding, overflow, sums = data.draw(casts(bound))
    numbers = QuickCast.of(fmt, fmt.fraction_length + right, rounding, overflow)
    narrow = fmt.word_length <= 16
    stored, (zero, over, under, exact) = run(np.array(sums, dtype), numbers, np.int16 if narrow else np.int32)
    for place, k in enumerate(sums):
        value = Fraction(k) * Fraction(2) ** -(fmt.fraction_length + right)
        wanted, kind = cast(value, fmt, rounding.value, overflow.value)
        bits = 16 if narrow else 32
        assert (int(stored[place]) - wanted) % 2**bits == 0, (k, right, fmt, rounding, overflow)
        classes = zip(("zero", "overflow", "underflow", "exact"), (zero, over, under, exact), strict=True)
        assert next((name for name, mask in classes if mask[place]), "rounded") == kind, (k, right, fmt, rounding)


def test_rounding_is_monotonic_at_every_border() -> None:
    for rounding in DETERMINISTIC_ROUNDINGS:
        for right in range(5):
            numbers = QuickCast.of(FixedPoint(True, 3, 0), right, rounding, Overflow.SATURATE)
            every = np.arange(-10 * 2**right, 10 * 2**right + 1, dtype=np.int32)
            padded = np.resize(every, -(-every.size // SIZE) * SIZE)
            stored = np.concatenate([run(part, numbers, np.int16)[0] for part in padded.reshape(-1, SIZE)])[
                : every.size
            ]
            assert (np.diff(stored) >= 0).all()
            inside = (every >= numbers.in_low) & (every <= numbers.in_high)
            exact = np.array(
                [cast(Fraction(int(k), 2**right), FixedPoint(True, 3, 0), rounding, "saturate")[1] for k in every]
            )
            assert ((exact != "overflow") == inside).all()
