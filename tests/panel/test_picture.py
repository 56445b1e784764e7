from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitwindow.numbers.format import FixedPoint
from bitwindow.panel.picture import (
    MAX_COLUMNS,
    Columns,
    Part,
    columns,
    grown,
    limited,
    map_columns,
    part_of,
    picture_row,
    shade,
)
from bitwindow.spectrum.record import Spectrum
from tests.panel.fake_quantizer import FakeQuantizer, FakeSite


def site_of(values: list[float], fmt: FixedPoint | str = "float") -> FakeSite:
    spectrum = Spectrum.of(np.array(values, np.float32))
    return FakeSite(owner=FakeQuantizer(), name="w", kind="weight", spectrum=spectrum, chosen=fmt)


def test_cells_count_both_signs_and_leave_zeros_out() -> None:
    row = picture_row(site_of([1.0, 1.5, -1.25, 0.25, 0.0, -0.0], FixedPoint(True, 3, 1)), Columns(high=2, low=-2))
    assert [(c.exponent, c.positive, c.negative) for c in row.cells] == [
        (2, 0, 0),
        (1, 0, 0),
        (0, 2, 1),
        (-1, 0, 0),
        (-2, 1, 0),
    ]
    assert [c.part for c in row.cells] == [Part.ABOVE, Part.SIGN, Part.WINDOW, Part.WINDOW, Part.BELOW]
    assert (row.total, row.zero, row.nonzero) == (6, 2, 4)
    assert row.cells[2].shade == pytest.approx((3 / 4) ** 0.5)


def test_values_beyond_the_columns_gather_in_the_end_columns() -> None:
    row = picture_row(site_of([2.0**20, 2.0**-20, -(2.0**-19)]), Columns(high=1, low=-1))
    assert [(c.positive, c.negative) for c in row.cells] == [(1, 0), (0, 0), (1, 1)]
    assert {c.part for c in row.cells} == {Part.FLOAT}


def test_a_site_without_spectrum_has_empty_cells() -> None:
    site = FakeSite(owner=FakeQuantizer(), name="x", kind="input", spectrum=None)
    row = picture_row(site, Columns(high=0, low=-1))
    assert not row.counted
    assert [cell.shade for cell in row.cells] == [0.0, 0.0]


def test_columns_hold_every_window_with_a_margin_and_the_spectrum() -> None:
    shown = columns([site_of([8.0, 0.125], FixedPoint(False, 4, 2)), site_of([2.0**-9], FixedPoint(True, 4, 6))])
    assert shown == Columns(high=3, low=-9)
    assert columns([]) == Columns(high=3, low=-12)


def test_a_few_tiny_values_do_not_stretch_the_columns() -> None:
    plain = [1.0] * 30_000
    assert columns([site_of([*plain, 2.0**-100])]).low == 0
    assert columns([site_of([*plain, *[2.0**-30] * 10])]).low == -30


def test_a_wide_window_asks_for_no_column_of_the_map() -> None:
    values = site_of([8.0, 0.125], FixedPoint(False, 4, 2))
    bias = site_of([0.25, 2.0**-6], FixedPoint(True, 32, 13))
    assert map_columns([values, bias]) == Columns(high=3, low=-6)
    assert columns([bias]).contains(Columns(high=17, low=-13))  # alone, in the detail, it is shown whole


@pytest.mark.parametrize(
    ("fraction_length", "wanted"),
    [(-40, Columns(high=43, low=-4)), (90, Columns(high=3, low=-63)), (13, Columns(high=3, low=-4))],
)
def test_some_bits_of_a_wide_window_are_shown_wherever_it_is(fraction_length: int, wanted: Columns) -> None:
    values = site_of([8.0, 0.125], FixedPoint(False, 4, 2))
    bias = site_of([], FixedPoint(True, 32, fraction_length))
    assert map_columns([values, bias]) == limited(wanted)
    assert grown(map_columns([values]), [FixedPoint(True, 32, fraction_length)]) == limited(wanted)
    assert map_columns([bias]) == limited(Columns(high=33 - fraction_length, low=-2 - fraction_length))


def test_columns_are_limited() -> None:
    shown = columns([site_of([2.0**90]), site_of([2.0**-90])])
    assert (shown.high, len(shown.exponents)) == (90, MAX_COLUMNS)


def test_columns_upside_down_are_refused() -> None:
    with pytest.raises(ValueError, match="wanted high >= low; got 1 and 2"):
        Columns(high=1, low=2)


@given(signed=st.booleans(), word_length=st.integers(2, 32), fraction_length=st.integers(-20, 40))
def test_the_parts_of_a_type_are_its_bits(*, signed: bool, word_length: int, fraction_length: int) -> None:
    fmt = FixedPoint(signed, word_length, fraction_length)
    parts = [part_of(fmt, k) for k in range(fmt.msb_exponent + 3, fmt.lsb_exponent - 3, -1)]
    assert parts.count(Part.WINDOW) == fmt.magnitude_bits
    assert parts.count(Part.SIGN) == int(signed)
    assert parts == sorted(parts, key=[Part.ABOVE, Part.SIGN, Part.WINDOW, Part.BELOW].index)


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_shade_grows_with_the_share_and_shows_any_value(count: int, others: int) -> None:
    value = shade(count, count + others)
    assert 0.08 <= value <= 1
    assert value <= shade(count + 1, count + others + 1)
