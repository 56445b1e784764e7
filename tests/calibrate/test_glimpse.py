"""A glimpse is the same however the samples were cut, holds real values, and stays small."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitwindow.calibrate import glimpse as module
from bitwindow.calibrate.extremes import NOWHERE, Nearest
from bitwindow.calibrate.glimpse import DRAWN, Glimpse, channel_samples
from bitwindow.errors import DataError
from bitwindow.spectrum.record import Spectrum

FLOATS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0**-149, -(2.0**-149)])


def glimpse_of_parts(x: NDArray[np.float32], cuts: list[int], axis: int | None) -> Glimpse:
    edges = [0, *sorted(cuts), len(x)]
    parts = [Glimpse.of(x[a:b], first=a, axis=axis) for a, b in pairwise(edges) if b > a]
    return reduce(add, parts)


@given(data=st.data(), samples=st.integers(1, 40), channels=st.integers(1, 4))
def test_the_glimpse_does_not_depend_on_the_cut(data: st.DataObject, samples: int, channels: int) -> None:
    x = data.draw(hnp.arrays(np.float32, (samples, 3, channels), elements=FLOATS))
    cuts = data.draw(st.lists(st.integers(0, samples), max_size=5))
    assert glimpse_of_parts(x, cuts, 1) == Glimpse.of(x, first=0, axis=1)


@given(data=st.data(), samples=st.integers(1, 60), few=st.integers(1, 8))
def test_what_cannot_change_the_sum_may_be_left_out(data: st.DataObject, samples: int, few: int) -> None:
    x = data.draw(hnp.arrays(np.float32, (samples, 3), elements=FLOATS.filter(np.isfinite)))
    done = Glimpse.of(x[:few], first=0, axis=0)
    for start in range(few, samples, few):
        part = x[start : start + few]
        done += Glimpse.of(part, first=start, axis=0, before=done, spectrum=Spectrum.of(part))
    assert done == Glimpse.of(x, first=0, axis=0)


def test_values_farther_from_zero_are_not_looked_at() -> None:
    near = Nearest(above=0.75, below=-0.01)
    assert near.may_change_by(Spectrum.of([0.5, -3.0]))
    assert near.may_change_by(Spectrum.of([-(2.0**-7)]))
    assert not near.may_change_by(Spectrum.of([1.0, 0.0, -0.5]))
    assert near.may_change_by(Spectrum.of([2.0**-149]))
    assert not near.may_change_by(Spectrum.of([0.0]))
    assert NOWHERE.may_change_by(Spectrum.of([-100.0]))


def test_the_channels_are_those_of_the_first_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHANNEL_VALUES", 7 * 12)
    x = np.random.default_rng(0).normal(size=(20, 4, 3)).astype(np.float32)
    for cuts in ([], [3], [7], [5, 8, 12]):
        glimpse = glimpse_of_parts(x, cuts, 1)
        assert glimpse.samples == 7
        assert glimpse.channels == Spectrum.of(x[:7], axis=2)
    assert Glimpse.of(x, first=0, axis=None).channels is None
    assert Glimpse.of(x, first=7, axis=1).channels is None


def test_the_drawn_values_are_some_of_many_samples() -> None:
    x = np.arange(1, 50_001, dtype=np.float32).reshape(1000, 50)
    drawn = Glimpse.of(x, first=0, axis=None).drawn
    assert len(drawn) == DRAWN
    assert set(drawn) <= set(x.reshape(-1).tolist())
    assert len(set(drawn)) == DRAWN
    assert len({(int(value) - 1) // 50 for value in drawn}) > DRAWN // 2
    assert 0.35 < np.mean(drawn) / 50_000 < 0.65


@given(
    hnp.arrays(st.sampled_from([np.float32, np.float64, np.float16]), st.integers(0, 30), elements=st.floats(width=16))
)
def test_nearest_to_zero(x: NDArray[np.floating]) -> None:
    finite = x[np.isfinite(x)].astype(np.float64)
    nearest = Nearest.of(x)
    assert nearest.above == min(finite[finite > 0].tolist(), default=None)
    assert nearest.below == max(finite[finite < 0].tolist(), default=None)


def test_nearest_to_zero_sees_denormals_of_every_block() -> None:
    x = np.full(200_000, 1.0, np.float32)
    x[150_000], x[70_000] = np.float32(2.0**-149), np.float32(-(2.0**-140))
    assert Nearest.of(x) == Nearest(above=2.0**-149, below=-(2.0**-140))
    assert Nearest.of(x[:70_000]) + Nearest.of(x[70_000:]) == Nearest.of(x)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"drawn": np.array([np.nan])}, "finite nonzero values"),
        ({"drawn": np.array([1.0], np.float32)}, "float64 values"),
        ({"ranks": np.zeros(0, np.uint64)}, "as many uint64 ranks"),
        ({"channels": Spectrum.of([1.0])}, "the spectrum of channels"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, object], words: str) -> None:
    whole = Glimpse.of(np.ones((1, 1), np.float32), first=0, axis=None)
    with pytest.raises(DataError, match=words):
        replace(whole, **change)  # type: ignore[arg-type]


def test_the_number_of_channel_samples_follows_from_the_shape_alone() -> None:
    assert [channel_samples(shape) for shape in ((), (4096,), (2**21,))] == [256, 256, 1]
