"""The modes: names, codes, and what they are called elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitwindow.errors import SettingError
from bitwindow.numbers.modes import DETERMINISTIC_ROUNDINGS, OVERFLOWS, ROUNDINGS, Overflow, Rounding


def test_names_and_codes() -> None:
    assert [mode.value for mode in ROUNDINGS] == [
        "round", "nearest", "convergent", "half_zero", "half_down", "floor", "ceiling", "zero", "stochastic",
    ]  # fmt: skip
    assert [mode.value for mode in OVERFLOWS] == ["saturate", "wrap", "saturate_symmetric", "saturate_zero"]
    assert [mode.code for mode in ROUNDINGS] == list(range(9))
    assert [mode.code for mode in OVERFLOWS] == list(range(4))
    assert (*DETERMINISTIC_ROUNDINGS, Rounding.STOCHASTIC) == ROUNDINGS


def test_members_are_their_names() -> None:
    assert Rounding.parse(Rounding.FLOOR) is Rounding.FLOOR
    assert Rounding.parse(" Half zero ") is Rounding.HALF_ZERO
    assert Overflow.parse("saturate-symmetric") is Overflow.SATURATE_SYMMETRIC
    assert str(Rounding.FLOOR) == "floor"


@pytest.mark.parametrize("value", ["up", "", "saturate", None, 3])
def test_other_names_are_refused(value: object) -> None:
    with pytest.raises(SettingError, match=r"rounding: wanted one of 'round', .*; got "):
        Rounding.parse(value)


def test_a_rounding_is_no_overflow() -> None:
    with pytest.raises(SettingError, match=r"overflow: wanted one of 'saturate', .*; got "):
        Overflow.parse("round")


def test_the_documented_table_names_every_mode() -> None:
    lines = (Path(__file__).parents[2] / "docs" / "numbers.md").read_text().splitlines()
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| `")}
    modes: tuple[Rounding | Overflow, ...] = (*ROUNDINGS, *OVERFLOWS)
    for mode in modes:
        cells = [cell.strip() for cell in rows[f"`{mode.value}`"].split("|")]
        assert cells[-3:-1] == [f"`{name}`" if name else "none" for name in (mode.matlab_name, mode.ap_name)]
