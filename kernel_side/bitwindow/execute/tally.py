"""Counting the verdicts of casts: what became of each value, summed per site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from bitwindow.numbers.cast import Verdict
from bitwindow.numbers.quick import quick_verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jaxtyping import Bool, Int, Int64, Num, UInt8

    from bitwindow.numbers.quick import QuickCast

CLASSES = 7
"""The number of verdicts; a count vector holds one int64 each, in the order of their codes."""
_FIELD_BITS = 8
_MOST = (1 << _FIELD_BITS) - 1


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

    Args:
        verdict: One code a value; rows are samples.
        valid: The rows that count, 0 to all.
        finite: Whether the codes INF and NAN cannot occur (casts of integers).
    """
    low = _count_four([verdict == code for code in range(4)], valid)
    zero = jnp.asarray([0], np.int64)
    if finite:
        return jnp.concatenate([low, (_total(verdict, valid) - low.sum())[None], zero, zero])
    never = jnp.zeros((), bool)
    return jnp.concatenate([low, _count_four([verdict == code for code in range(4, 7)] + [never], valid)[:3]])


def count_quick(k: Num[Array, "rows *shape"], cast: QuickCast, valid: Int[Array, ""]) -> Int64[Array, "7"]:
    """Count what a quick cast does to sums, by its borders alone, in the order of the verdicts' codes."""
    seen = quick_verdicts(k, cast)
    counted = ~seen.zero
    over = counted & seen.over
    under = counted & ~seen.over & seen.under
    exact = counted & ~seen.over & ~seen.under & seen.exact
    counts = _count_four([exact, under, over, seen.zero], valid)
    rounded = _total(k, valid) - counts.sum()
    none: Array = jnp.zeros((), np.int64)
    return jnp.stack([counts[0], rounded, counts[1], counts[2], counts[3], none, none])


def _total(x: Array, valid: Int[Array, ""]) -> Int64[Array, ""]:
    total: Array = valid.astype(np.int64) * np.int64(x.size // max(x.shape[0], 1))
    return total


def _count_four(masks: Sequence[Bool[Array, "rows *shape"]], valid: Int[Array, ""]) -> Int64[Array, "4"]:
    """Count four masks, of which at most one holds for a value, over the first `valid` rows.

    Four 8-bit counters share one word, which is summed over at most 255 rows at a time: one pass in vector registers
    and on all cores, where a plain sum a class takes one core and a pass each.
    """
    shape = jnp.broadcast_shapes(*(mask.shape for mask in masks))
    word = jnp.zeros(shape, np.uint32)
    for place, mask in enumerate(masks):
        word = word | jnp.where(mask, np.uint32(1 << _FIELD_BITS * place), np.uint32(0))
    rows = (jnp.arange(shape[0]) < valid).reshape((-1,) + (1,) * (len(shape) - 1))
    word = jnp.where(rows, word, np.uint32(0))
    height = next((height for height in range(min(_MOST, shape[0]), 1, -1) if shape[0] % height == 0), 1)
    sums = word.reshape(height, shape[0] // height, *shape[1:]).sum(axis=0, dtype=np.uint32)
    fields = [(sums >> np.uint32(_FIELD_BITS * place)) & np.uint32(_MOST) for place in range(len(masks))]
    return jnp.stack([field.sum(dtype=np.int64) for field in fields])
