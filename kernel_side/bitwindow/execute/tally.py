"""Counting the verdicts of casts: what became of each value, summed per site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from bitwindow.numbers.cast import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jaxtyping import Int, Int64, UInt8

CLASSES = 7
"""The number of verdicts; a count vector holds one int64 each, in the order of their codes."""
_FIELD_BITS = 16
_MAX_ROWS = (1 << _FIELD_BITS) - 1


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many values of each class a site's casts met; every value is in one class, `total` is their sum.

    >>> Tally(total=2, exact=2) + Tally(total=1, zero=1)
    Tally(total=3, exact=2, rounded=0, underflow=0, overflow=0, zero=1, inf=0, nan=0)
    """

    total: int = 0
    exact: int = 0
    rounded: int = 0
    underflow: int = 0
    overflow: int = 0
    zero: int = 0
    inf: int = 0
    nan: int = 0

    def __post_init__(self) -> None:
        """Check that every value was counted once."""
        parts = (self.exact, self.rounded, self.underflow, self.overflow, self.zero, self.inf, self.nan)
        if self.total != sum(parts):
            message = f"tally: wanted the classes to sum to the total of {self.total}; got {sum(parts)}."
            raise ValueError(message)

    def __add__(self, other: Tally) -> Tally:
        """Merge two tallies of the same site."""
        return Tally(
            total=self.total + other.total,
            exact=self.exact + other.exact,
            rounded=self.rounded + other.rounded,
            underflow=self.underflow + other.underflow,
            overflow=self.overflow + other.overflow,
            zero=self.zero + other.zero,
            inf=self.inf + other.inf,
            nan=self.nan + other.nan,
        )

    @classmethod
    def of_counts(cls, counts: Sequence[int] | np.ndarray) -> Tally:
        """Read a count vector (`count_verdicts`)."""
        numbers = [int(count) for count in counts]
        return cls(
            total=sum(numbers),
            exact=numbers[Verdict.EXACT],
            rounded=numbers[Verdict.ROUNDED],
            underflow=numbers[Verdict.UNDERFLOW],
            overflow=numbers[Verdict.OVERFLOW],
            zero=numbers[Verdict.ZERO],
            inf=numbers[Verdict.INF],
            nan=numbers[Verdict.NAN],
        )


def count_verdicts(verdict: UInt8[Array, "rows *shape"], valid: Int[Array, ""], *, finite: bool) -> Int64[Array, "7"]:
    """Count the verdicts of the first `valid` rows; traced under x64.

    Four 16-bit counters share one word and one sum over the rows: a plain sum per class costs seven passes, each
    slower than the one of the packed words.

    Args:
        verdict: One code a value; rows are samples.
        valid: The rows that count, 0 to all.
        finite: Whether the codes INF and NAN cannot occur (casts of integers).
    """
    rows = verdict.shape[0]
    if rows > _MAX_ROWS:
        return _count_plainly(verdict, valid)
    low = _packed_sums(verdict, valid, first=Verdict.EXACT)
    zero = jnp.asarray([0], np.int64)
    if finite:
        total = valid.astype(np.int64) * np.int64(verdict.size // max(rows, 1))
        return jnp.concatenate([low, (total - low.sum())[None], zero, zero])
    return jnp.concatenate([low, _packed_sums(verdict, valid, first=Verdict.ZERO)[:3]])


def _packed_sums(verdict: UInt8[Array, "rows *shape"], valid: Int[Array, ""], first: int) -> Int64[Array, "4"]:
    """Count the four codes from `first` on."""
    shape = (verdict.shape[0],) + (1,) * (verdict.ndim - 1)
    counted = (jnp.arange(verdict.shape[0]) < valid).reshape(shape)
    field = verdict.astype(np.uint64) - np.uint64(first)
    one = jnp.where(counted & (field < 4), np.uint64(1) << (field * np.uint64(_FIELD_BITS)), np.uint64(0))
    sums = one.sum(axis=0, dtype=np.uint64)
    fields = [(sums >> np.uint64(_FIELD_BITS * index)) & np.uint64(_MAX_ROWS) for index in range(4)]
    return jnp.stack([part.astype(np.int64).sum() for part in fields])


def _count_plainly(verdict: UInt8[Array, "rows *shape"], valid: Int[Array, ""]) -> Int64[Array, "7"]:
    shape = (verdict.shape[0],) + (1,) * (verdict.ndim - 1)
    counted = (jnp.arange(verdict.shape[0]) < valid).reshape(shape)
    return jnp.stack([((verdict == code) & counted).sum(dtype=np.int64) for code in range(CLASSES)])
