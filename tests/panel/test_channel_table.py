from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitwindow.assign.schemes import choose
from bitwindow.calibrate.channels import Channels
from bitwindow.errors import SettingError
from bitwindow.numbers.cast import Verdict, cast_floats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.panel.channel_table import MOST, channel_table, nonzero_of_channels
from bitwindow.panel.picture import Columns
from bitwindow.spectrum.record import Spectrum

SHOWN = Columns(high=6, low=-9)


def losses(channel: np.ndarray, fmt: FixedPoint) -> tuple[int, int]:
    """Return (overflows, underflows), each value cast."""
    cast = cast_floats(channel, fmt.as_array(), Rounding.ROUND.code, Overflow.SATURATE.code)
    verdicts = np.asarray(cast.verdict)
    return int(np.sum(verdicts == Verdict.OVERFLOW)), int(np.sum(verdicts == Verdict.UNDERFLOW))


@given(st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(-2, 9), st.booleans())
def test_the_worst_channels_come_first_with_exact_counts(seed: int, n: int, fraction: int, signed: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(30, n)) * np.exp2(rng.integers(-6, 6, n)) * rng.integers(0, 2, (30, n))).astype(np.float32)
    fmt = FixedPoint(signed, 6, fraction)
    table = channel_table(Channels(spectrum=Spectrum.of(x, axis=1), samples=5), fmt, "round", "saturate", SHOWN)
    every = [(*losses(x[:, i], fmt), int(np.count_nonzero(x[:, i]))) for i in range(n)]
    shares = [(over / max(whole, 1), under / max(whole, 1)) for over, under, whole in every]
    order = sorted(range(n), key=lambda i: (-shares[i][0], -shares[i][1], i))
    assert [row.index for row in table.rows] == order[:MOST]
    assert (table.count, table.samples) == (n, 5)
    assert table.lossy == sum(over + under > 0 for over, under, _ in every)
    for row in table.rows:
        assert (row.overflow, row.underflow, row.nonzero) == every[row.index]
        assert (row.minimum, row.maximum) == (x[:, row.index].min(), x[:, row.index].max())
        assert len(row.shades) == len(SHOWN.exponents)


def test_each_channel_says_what_it_would_want() -> None:
    x = np.array([[0.3, 60.0, 0.0, -1.0], [-0.2, -3.0, 0.0, -2.0]], np.float32)
    channels = Channels(spectrum=Spectrum.of(x, axis=1), samples=None)
    signed = channel_table(channels, FixedPoint(True, 8, 5), "round", "saturate", SHOWN)
    wanted = {row.index: row.wanted for row in signed.rows}
    assert wanted[0] == choose("minmax", Spectrum.of(x[:, 0]), 8, signed=True).format
    assert wanted[1] == choose("minmax", Spectrum.of(x[:, 1]), 8, signed=True).format
    assert wanted[2] is None
    unsigned = channel_table(channels, FixedPoint(False, 8, 5), "round", "saturate", SHOWN)
    assert {row.index: row.wanted for row in unsigned.rows}[3] is None


def test_four_thousand_channels_show_eight() -> None:
    x = np.random.default_rng(0).normal(size=(4, 4096)).astype(np.float32)
    spectrum = Spectrum.of(x, axis=1)
    table = channel_table(Channels(spectrum=spectrum, samples=4), FixedPoint(True, 4, 2), "round", "saturate", SHOWN)
    assert (len(table.rows), table.count) == (MOST, 4096)
    assert np.array_equal(nonzero_of_channels(spectrum), np.count_nonzero(x, axis=0))


def test_chance_has_no_table() -> None:
    channels = Channels(spectrum=Spectrum.of(np.ones((2, 2), np.float32), axis=1), samples=None)
    with pytest.raises(SettingError, match="whose counts only a run has"):
        channel_table(channels, FixedPoint(True, 8, 5), "stochastic", "saturate", SHOWN)
