"""Merging, totals, extremes, channels, files and the wire."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitwindow.errors import DataError
from bitwindow.spectrum.landmarks import RANKS, runs_of_ranks
from bitwindow.spectrum.record import Spectrum

arrays = hnp.arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32))


def mixture(n: int, seed: int = 0) -> NDArray[np.float32]:
    """Normals, grid values, zeros, denormals and specials."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n, dtype=np.float32)
    x[: n // 4] = np.round(x[: n // 4] * 16) / 16
    x[::7] = 0
    x[1::5000] = np.nan
    x[2::5000] = np.inf
    x[3::5000] = -np.inf
    x[4::5000] = -0.0
    x[5::1000] = (rng.integers(1, 1 << 23, x[5::1000].size).astype(np.uint32) | np.uint32(1 << 31)).view(np.float32)
    rng.shuffle(x)
    return x


def values_one_by_one(x: NDArray[Any]) -> Spectrum:
    """The spectrum by the generic loop, which takes float64 alone."""
    with np.errstate(invalid="ignore"):
        return Spectrum.of(x.astype(np.float64))


@given(arrays, arrays, arrays)
def test_merging_is_concatenation_in_any_grouping(
    a: NDArray[np.float32], b: NDArray[np.float32], c: NDArray[np.float32]
) -> None:
    whole = Spectrum.of(np.concatenate([a, b, c]))
    one, two, three = Spectrum.of(a), Spectrum.of(b), Spectrum.of(c)
    assert (one + two) + three == whole
    assert one + (three + two) == whole
    assert whole + Spectrum.of(a[:0]) == whole


@pytest.mark.parametrize("cut", [0, 1, 4095, 4096, 300_000, 555_557])
def test_the_fast_loop_merges_as_the_generic_one(cut: int) -> None:
    x = mixture(600_000)
    parts = Spectrum.of(x[:cut]) + Spectrum.of(x[cut:])
    assert parts == Spectrum.of(x)
    assert parts == values_one_by_one(x)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_a_spectrum_depends_on_the_values_alone(dtype: type[np.generic]) -> None:
    x = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16).view(dtype)
    with np.errstate(invalid="ignore"):
        assert Spectrum.of(x) == Spectrum.of(x.astype(np.float32)) == values_one_by_one(x)


def test_long_sums_are_carried() -> None:
    # Over 2^20 values a lane: the packed cells are emptied on the way.
    x = np.full((1 << 22) + 12_345, np.nextafter(np.float32(2), np.float32(0)), np.float32)
    x[::3] *= -1
    spectrum = Spectrum.of(x)
    assert spectrum.signal_energy() == x.size * Fraction(float(x[1])) ** 2
    assert spectrum.msb_counts()[1].tolist() == [x.size - -(-x.size // 3)]


def test_a_million_million_values() -> None:
    x = mixture(1000)
    once = Spectrum.of(x)
    spectrum, n = once, 1
    while spectrum.total < 10**12:
        spectrum, n = spectrum + spectrum, 2 * n
    counts, one = spectrum.counts("sfix4_En1"), once.counts("sfix4_En1")
    assert spectrum.total == n * 1000
    assert (counts.overflow, counts.underflow) == (n * one.overflow, n * one.underflow)
    assert spectrum.signal_energy() == n * once.signal_energy()


@given(arrays)
def test_totals_extremes_and_energy(x: NDArray[np.float32]) -> None:
    spectrum = Spectrum.of(x)
    finite = x[np.isfinite(x)]
    assert spectrum.total == x.size
    assert spectrum.nan == np.isnan(x).sum()
    assert spectrum.inf == np.isinf(x).sum()
    assert spectrum.zero == (x == 0).sum()
    assert spectrum.nonzero == np.count_nonzero(finite)
    assert spectrum.minimum == (float(finite.min()) if finite.size else None)
    assert spectrum.maximum == (float(finite.max()) if finite.size else None)
    assert spectrum.has_negative == bool((finite < 0).any())
    assert spectrum.signal_energy() == sum((Fraction(float(v)) ** 2 for v in finite), Fraction(0))


def test_extremes_have_no_negative_zero() -> None:
    assert str(Spectrum.of(np.array([-0.0], np.float32)).minimum) == "0.0"
    assert str(Spectrum.of(np.full(40_000, -0.0, np.float32)).maximum) == "0.0"


@given(hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_msb_counts_are_the_exponents_by_sign(x: NDArray[np.float64]) -> None:
    exponents, positive, negative = Spectrum.of(x).msb_counts()
    for sign, counts in ((1, positive), (-1, negative)):
        msbs = np.frexp(np.abs(x[np.sign(x) == sign]))[1] - 1
        assert counts.tolist() == [int((msbs == e).sum()) for e in exponents]
        assert counts.sum() == msbs.size


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_channels_are_the_spectra_of_their_slices(axis: int, dtype: type[np.generic]) -> None:
    x = mixture(6 * 50 * 40).reshape(6, 50, 40).astype(dtype)
    spectrum = Spectrum.of(x, axis=axis)
    slices = np.moveaxis(x, axis, 0)
    assert spectrum.channels == len(slices)
    assert all(spectrum[c] == Spectrum.of(part) for c, part in enumerate(slices))
    assert spectrum[-1] == spectrum[len(slices) - 1]
    assert spectrum.merged() == Spectrum.of(x)
    assert spectrum + spectrum == Spectrum.of(np.concatenate([x, x], axis=axis - 1 if axis > 0 else 1), axis=axis)
    under, over = spectrum.channel_counts("sfix6_En4", "floor", "saturate_symmetric")
    each = [spectrum[c].counts("sfix6_En4", "floor", "saturate_symmetric") for c in range(len(slices))]
    assert under.tolist() == [c.underflow for c in each]
    assert over.tolist() == [c.overflow for c in each]
    assert spectrum.counts("sfix6_En4") == Spectrum.of(x).counts("sfix6_En4")


def test_many_channels_on_all_threads() -> None:
    x = mixture(1500 * 200).reshape(200, 1500)
    spectrum = Spectrum.of(x, axis=1)
    assert all(spectrum[c] == Spectrum.of(x[:, c]) for c in range(0, 1500, 97))


def test_positive_leaves_the_rest_out() -> None:
    x = mixture(1000)
    kept = Spectrum.of(x).positive()
    assert kept.msb_counts()[1].sum() == kept.nonzero == np.count_nonzero((x > 0) & np.isfinite(x))
    assert kept.signal_energy() == Spectrum.of(x[(x > 0) & np.isfinite(x)]).signal_energy()


@settings(max_examples=25)
@given(arrays)
def test_files_bring_it_back(x: NDArray[np.float32]) -> None:
    assert Spectrum.from_arrays(Spectrum.of(x).to_arrays()) == Spectrum.of(x)
    wide = Spectrum.of(np.stack([x, -x]), axis=0)
    assert Spectrum.from_arrays(wide.to_arrays()) == wide


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("cells", None, "wanted the arrays"),
        ("cells", np.zeros(3, np.int32), "cells: nonnegative int64"),
        ("counts", np.array([1, -1, 2]), "counts: nonnegative int64"),
        ("counts", np.array([1, 0, 2]), "cells in order, each with a count"),
        ("cells", np.array([3, 2, 1]), "cells in order"),
        ("octaves", np.array([1]), "for each octave"),
        ("special", np.zeros((2, 4), np.int64), "special: shape"),
        ("extremes", np.zeros((2, 2)), "extremes: float64"),
        ("channels", np.zeros(1), "channels: one int64"),
        ("sums", np.full((3, 10), 1 << 40), "limbs of 32 bits"),
    ],
)
def test_damaged_arrays_are_refused(name: str, value: NDArray[Any] | None, complaint: str) -> None:
    arrays = Spectrum.of([1.0, 2.5, 7.0]).to_arrays()
    damaged = {key: array for key, array in arrays.items() if key != name}
    if value is not None:
        damaged[name] = value
    with pytest.raises(DataError, match=complaint):
        Spectrum.from_arrays(damaged)


def test_wire_rows_rebuild_the_cells() -> None:
    spectrum = Spectrum.of(np.array([1.0, 1.5, -1.5, 1.75, 1.1, -2.0, -2.0, 0.0, 3.9], np.float32))
    rows = spectrum.wire()
    assert rows.dtype == np.float64
    assert [1, 0, -33, 1, 1] in rows.tolist()
    assert [-1, 1, -33, 1, 2] in rows.tolist()
    assert [1, 0, 2, 1, 1] in rows.tolist()
    run, tail = runs_of_ranks()
    place = {(int(run[rank]), int(tail[rank])): rank for rank in range(RANKS)}
    assert len(place) == RANKS
    assert rows[:, 4].sum() == spectrum.nonzero


def test_memory_stays_below_the_input() -> None:
    import tracemalloc

    x = mixture(1 << 22)
    Spectrum.of(x)
    tracemalloc.start()
    Spectrum.of(x)
    Spectrum.of(x.reshape(-1, 16), axis=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(DataError, match="wanted an array of float32, bfloat16, float16 or float64; got dtype int64"):
        Spectrum.of(np.arange(3))
    with pytest.raises(DataError, match="wanted an axis of an array of shape"):
        Spectrum.of(np.zeros((2, 3)), axis=2)
    with pytest.raises(DataError, match="wanted spectra with the same channels"):
        Spectrum.of(np.zeros((2, 3)), axis=0) + Spectrum.of(np.zeros((2, 3)), axis=1)
    with pytest.raises(DataError, match="wanted a channel"):
        Spectrum.of(np.zeros((2, 3)), axis=0)[2]
    with pytest.raises(DataError, match="of a whole tensor"):
        Spectrum.of(np.zeros((2, 3)))[0]


def test_views_and_byte_orders() -> None:
    x = mixture(90_000).reshape(300, 300)
    assert Spectrum.of(x[::2, ::3]) == Spectrum.of(x[::2, ::3].copy())
    assert Spectrum.of(x.astype(">f4")) == Spectrum.of(x)
    assert Spectrum.of(np.float32(2.5)) == Spectrum.of([2.5])
