from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bitwindow.panel import wording


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_only_none_reads_zero_and_only_all_reads_hundred(part: int, rest: int) -> None:
    text = wording.share(part, part + rest)
    assert (text == "0 %") == (part == 0)
    assert text not in {"100 %", "100.0 %", "0.00 %"}


def test_sqnr_of_nothing_but_error() -> None:
    assert wording.decibels(float("-inf"), is_exact=True).endswith("∞ dB")
    assert wording.decibels(float("nan"), is_exact=True) == "—"


def test_memory_units() -> None:
    assert [wording.memory(size) for size in (0, 999, 1000, 10_400, 1_234_567, 5 * 10**15)] == [
        "0 bytes",
        "999 bytes",
        "1 KB",
        "10.4 KB",
        "1.23 MB",
        "5000 TB",
    ]
