from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bitwindow.execute import selfcheck


def test_this_device_computes_the_references_bits_on_both_paths() -> None:
    checks = selfcheck.self_check()
    assert [check.name for check in checks] == [
        f"{path}, {bits} bits" for path in ("convolution", "patches") for bits in (4, 8, 16)
    ]
    assert all(check.ok for check in checks), checks


def test_a_device_that_computes_other_bits_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand = selfcheck._by_hand

    def one_bit_off(*arguments: Any) -> dict[str, np.ndarray]:
        wanted = by_hand(*arguments)
        return wanted | {"dense": wanted["dense"] + np.array([0, 0, 1])}

    monkeypatch.setattr(selfcheck, "_by_hand", one_bit_off)
    monkeypatch.setattr(selfcheck, "_WIDTHS", (8,))
    assert [check.ok for check in selfcheck.self_check()] == [False, False]
