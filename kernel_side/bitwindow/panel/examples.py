"""Which of a site's values stand for all of them in the detail: at most eight, each for a reason that is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bitwindow.numbers.cast import Verdict
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel.word import Word, words

MOST = 8


@dataclass(frozen=True, kw_only=True)
class Example:
    """A value as words, and what it is an example of ("largest, overflows")."""

    role: str
    word: Word


def examples(values: NDArray[np.float64], fmt: FixedPoint | None, rounding: str, overflow: str) -> list[Example]:
    """Choose at most eight of the values, the largest magnitude first.

    Among them are the largest and the smallest magnitude, the median, a negative one, and one each that overflows
    (the smallest that does), underflows (the largest that does), lies halfway between two steps, is rounded (the most)
    and is exact, where there is one.

    Args:
        values: Real values of the site; zeros and what is not finite are left out.
        fmt: The type, None for a float site.
        rounding: The rounding mode.
        overflow: The overflow mode.
    """
    fitting = np.unique(values[np.isfinite(values) & (values != 0)]).tolist()
    ordered = sorted(words(fitting, fmt, rounding, overflow), key=lambda word: abs(word.value), reverse=True)
    roles: dict[float, list[str]] = {}
    for role, choose in _ROLES:
        found = choose(ordered, fmt)
        if found is not None and (found.value in roles or len(roles) < MOST):
            roles.setdefault(found.value, []).append(role)
    return [Example(role=", ".join(roles[word.value]), word=word) for word in ordered if word.value in roles]


Choose = Callable[[Sequence[Word], FixedPoint | None], Word | None]
"""Picks one of the words, which stand with the largest magnitude first."""


def _at(part: float) -> Choose:
    return lambda ordered, _fmt: ordered[round(part * (len(ordered) - 1))] if ordered else None


def _with(verdict: Verdict, *, last: bool) -> Choose:
    def choose(ordered: Sequence[Word], _fmt: FixedPoint | None) -> Word | None:
        found = [word for word in ordered if word.verdict is verdict]
        return (found[-1] if last else found[0]) if found else None

    return choose


def _halfway(ordered: Sequence[Word], fmt: FixedPoint | None) -> Word | None:
    """Return one that lies halfway between two steps: its last digit stands right below the LSB."""
    if fmt is None:
        return None
    return next((word for word in ordered if word.ideal.low == fmt.lsb_exponent - 1 and word.verdict in _KEPT), None)


def _most_rounded(ordered: Sequence[Word], _fmt: FixedPoint | None) -> Word | None:
    rounded = [word for word in ordered if word.verdict is Verdict.ROUNDED]
    return max(rounded, key=lambda word: abs(Fraction(word.after or 0) - Fraction(word.value)), default=None)


def _negative(ordered: Sequence[Word], _fmt: FixedPoint | None) -> Word | None:
    below = [word for word in ordered if word.value < 0]
    return below[len(below) // 2] if below else None


_KEPT = (Verdict.ROUNDED, Verdict.UNDERFLOW, None)
_ROLES: tuple[tuple[str, Choose], ...] = (
    ("largest", _at(0)),
    ("smallest", _at(1)),
    ("overflows", _with(Verdict.OVERFLOW, last=True)),
    ("underflows", _with(Verdict.UNDERFLOW, last=False)),
    ("halfway", _halfway),
    ("median", _at(0.5)),
    ("most rounded", _most_rounded),
    ("negative", _negative),
    ("exact", _with(Verdict.EXACT, last=False)),
)
