"""What the lanes show is read back from their HTML and compared with exact arithmetic."""

from __future__ import annotations

import re
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bitwindow.calibrate.channels import Channels
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import lanes
from bitwindow.panel.channel_table import channel_table
from bitwindow.panel.examples import Example, examples
from bitwindow.panel.picture import Columns
from bitwindow.panel.word import words
from bitwindow.spectrum.record import Spectrum

SHOWN = Columns(high=7, low=-12)
PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Bits(HTMLParser):
    """Gathers, for each ``bw-bits`` row, (exponent, digit, classes) of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[tuple[int, str, set[str]]]] = []
        self._cell: tuple[int, set[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "bw-bits" in (given.get("class") or ""):
            self.rows.append([])
        place = re.fullmatch(r"grid-column:(\d+)", given.get("style") or "")
        self._cell = (SHOWN.high + 1 - int(place[1]), set((given.get("class") or "").split())) if place else None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self.rows[-1].append((self._cell[0], data, self._cell[1]))
            self._cell = None


def parsed(html: str) -> list[list[tuple[int, str, set[str]]]]:
    parser = Bits()
    parser.feed(html)
    return parser.rows


@given(st.integers(1, 2**18), st.booleans(), st.booleans(), st.integers(2, 16), st.integers(-4, 14))
def test_the_digits_stand_at_their_bits(k: int, negative: bool, signed: bool, width: int, fraction: int) -> None:  # noqa: FBT001
    value = (-1 if negative else 1) * k * 2.0**-11
    fmt = FixedPoint(signed, width, fraction)
    (word,) = words([value], fmt, "round", "saturate")
    ideal, stored = parsed(lanes.example_lanes([Example(role="", word=word)], SHOWN, fmt))
    assert sum(int(digit) * Fraction(2) ** exponent for exponent, digit, _ in ideal) == abs(Fraction(value))
    assert [exponent for exponent, _, kinds in ideal if "bw-msb" in kinds] == [word.ideal.high]
    for exponent, _, kinds in ideal:
        kept = fmt.lsb_exponent <= exponent <= fmt.msb_exponent
        assert ("bw-kept" in kinds) == kept
        assert ("bw-above" in kinds) == (exponent > fmt.msb_exponent)
        assert ("bw-lost" in kinds) == (exponent < fmt.lsb_exponent)
    assert word.bits is not None
    assert {(exponent, int(digit)) for exponent, digit, _ in stored} == {
        (exponent, bit) for exponent in SHOWN.exponents if (bit := word.bits.at(exponent)) is not None
    }


def test_digits_beyond_the_axis_are_announced() -> None:
    fmt = FixedPoint(True, 8, 5)
    first, second = (Example(role="", word=word) for word in words([0.1, 0.5], fmt, "round", "saturate"))
    assert "the digits go on to 2^-55" in lanes.example_lanes([first], SHOWN, fmt)
    assert "go on" not in lanes.example_lanes([second], SHOWN, fmt)


def test_chance_and_emptiness_say_so() -> None:
    chosen = examples(np.array([0.3]), FixedPoint(True, 8, 5), "stochastic", "saturate")
    assert "up or down by chance" in lanes.example_lanes(chosen, SHOWN, FixedPoint(True, 8, 5))
    assert "No value other than zero" in lanes.example_lanes([], SHOWN, None)


def test_channels_tell_their_losses_and_what_is_left_out() -> None:
    x = np.full((100, 12), 0.5, np.float32)
    x[0, 3], x[:7, 5] = 100.0, 0.001
    fmt = FixedPoint(True, 8, 5)
    table = channel_table(Channels(spectrum=Spectrum.of(x, axis=1), samples=64), fmt, "round", "saturate", SHOWN)
    html = lanes.channel_lanes(table, fmt, SHOWN)
    assert html.index("channel 3<") < html.index("channel 5<") < html.index("channel 0<")
    assert 'title="1 of 100 nonzero values overflow">1.0 %' in html
    assert 'title="7 of 100 nonzero values underflow">7.0 %' in html
    assert "and 4 more, none worse" in html
    assert lanes.channel_heading(table) == (
        "12 channels, 2 with underflow or overflow; counts over the first 64 samples"
    )


def test_gray_begins_at_the_sign_bit_where_msbs_are_shown_and_above_it_where_words_are() -> None:
    # 20 positions from 2^7 down: the magnitude of sfix8_En5 begins at 2^1, its sign stands at 2^2.
    html = lanes.lanes("", SHOWN, FixedPoint(True, 8, 5))
    assert "--bw-mask:linear-gradient(90deg,var(--bw-gray) 25%,transparent 25%,transparent 65%" in html
    assert "--bw-paper-mask:linear-gradient(90deg,var(--bw-paper-gray) 30%,transparent 30%,transparent 65%" in html


def test_the_window_that_a_channel_would_want_is_framed_without_its_sign() -> None:
    x = np.full((10, 2), 0.75, np.float32)
    x[0] = -0.75
    fmt = FixedPoint(True, 8, 5)
    table = channel_table(Channels(spectrum=Spectrum.of(x, axis=1), samples=None), fmt, "round", "saturate", SHOWN)
    (wanted,) = {row.wanted for row in table.rows}
    assert wanted == FixedPoint(True, 8, 7)
    # From 2^-1, the ninth of 20 positions, seven bits.
    assert lanes.channel_lanes(table, fmt, SHOWN).count('<i style="left:40%;width:35%"></i>') == 2


def test_the_axis_names_fewer_bits_where_there_are_many() -> None:
    for low, step in ((0, 1), (-22, 2), (-50, 4)):
        (cells,) = parsed(lanes.axis(Columns(high=7, low=low), "k"))
        exponents = [int(text.removeprefix("2").translate(PLAIN)) for _, text, _ in cells]
        assert exponents == [k for k in range(7, low - 1, -1) if k % step == 0]
        assert all(
            ("bw-fine" in kinds) == (k % (2 * step) != 0) for k, (_, _, kinds) in zip(exponents, cells, strict=True)
        )
