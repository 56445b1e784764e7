"""Reading types from text."""

from __future__ import annotations

import pytest

from bitwindow.errors import FormatError
from bitwindow.numbers.text import Fields, read_type


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("sfix8_En3", (True, 8, 3)),
        ("ufix16", (False, 16, 0)),
        (" UFIX8_E2 ", (False, 8, -2)),
        ("fixdt(1,8,3)", (True, 8, 3)),
        ("fixdt( false , 8 , -3 )", (False, 8, -3)),
        ("ap_fixed<8,5>", (True, 8, 3)),
        ("ap_ufixed< 8 , 10 >", (False, 8, -2)),
        ("ap_fixed<8,-2>", (True, 8, 10)),
        ("ap_fixed<8,5,AP_RND>", (True, 8, 3)),
        ("ap_fixed<8, 5, AP_RND_CONV, ap_sat_sym>", (True, 8, 3)),
        ("ap_ufixed<8,5,AP_TRN,AP_WRAP,0>", (False, 8, 3)),
        ("Q4.3", (True, 8, 3)),
        ("q0.15", (True, 16, 15)),
    ],
)
def test_forms(text: str, fields: Fields) -> None:
    assert read_type(text) == fields


@pytest.mark.parametrize(
    "text",
    [
        "", "fix8_En3", "sfix", "sfix8_3", "sfix8_En", "sfix8_En-3", "sfix8En3", "sfix 8_En3", "sfix8_En3x",
        "sfix99999", "\u017ffix8", "fixdt(1,8)", "fixdt(2,8,3)", "fixdt(1,8,3.5)", "fixdt 1,8,3",
        "ap_fixed<8>", "ap_fixed(8,5)", "ap_int<8>", "Q4", "Q4.", "Q-4.3", "UQ4.3", "float",
        "\u0661sfix8", "sfix\u0668", None, 8, b"sfix8",
    ],
)  # fmt: skip
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"wanted text like 'sfix8_En3'.*Write the type in one of these forms"):
        read_type(text)


@pytest.mark.parametrize("text", ["ap_fixed<8,5,AP_ROUND>", "ap_fixed<8,5,AP_RND,AP_CLIP>", "ap_fixed<8,5,AP_SAT>"])
def test_modes_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"wanted one of the modes AP_.*; got 'AP_"):
        read_type(text)
