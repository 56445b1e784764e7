"""Which carrier sums a layer's products exactly, from the bounds of its operands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.errors import ExecutionError
from bitwindow.execute.plan import Carrier, Range
from bitwindow.network.records import Contraction, Convolution

if TYPE_CHECKING:
    from jaxtyping import Int

FEW_DIGITS_MAX = 127 * 65793
"""The largest integer of three digits of base 256 in [-128, 127]."""


@dataclass(frozen=True, kw_only=True)
class WeightSums:
    """Sums over the stored weights of one output each: what bounds the products whatever the input.

    ``positive`` and ``negative`` are int64 arrays, one entry an output channel; ``largest`` is max |w|.
    """

    positive: np.ndarray
    negative: np.ndarray
    least: int
    largest: int

    @property
    def magnitude(self) -> int:
        """The largest sum of |w|."""
        return int((self.positive - self.negative).max(initial=0))


def sum_weights(operation: Convolution | Contraction, w: Int[np.ndarray, "..."], position: int) -> WeightSums:
    """Sum stored weights (int64, viewed as the operation reads them) over all axes but the output's.

    Args:
        operation: Convolution or contraction.
        w: The stored weights.
        position: Which operand they are, 0 or 1.
    """
    if isinstance(operation, Convolution):
        axes = tuple(operation.rhs_spec[1:])
    else:
        axes = tuple(operation.contracting[position])
    return WeightSums(
        positive=np.maximum(w, 0).sum(axis=axes, dtype=np.int64),
        negative=np.minimum(w, 0).sum(axis=axes, dtype=np.int64),
        least=int(w.min(initial=0)),
        largest=int(w.max(initial=0)),
    )


def terms_of(operation: Convolution | Contraction, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> int:
    """Return K, the number of products in a sum."""
    if isinstance(operation, Convolution):
        return int(np.prod([shapes[1][axis] for axis in operation.rhs_spec[1:]], dtype=np.int64))
    return int(np.prod([shapes[0][axis] for axis in operation.contracting[0]], dtype=np.int64))


def product_range(weights: WeightSums, x: Range, point: int) -> Range:
    """Return the worst case of the sums: every input at the end of its type that hurts."""
    lows = [int(p) * x.least + int(n) * x.largest for p, n in _pairs(weights)]
    highs = [int(p) * x.largest + int(n) * x.least for p, n in _pairs(weights)]
    return Range(least=min(lows, default=0), largest=max(highs, default=0), point=point)


def _pairs(weights: WeightSums) -> list[tuple[int, int]]:
    return list(zip(weights.positive.ravel().tolist(), weights.negative.ravel().tolist(), strict=True))


def choose_carrier(
    where: str,
    magnitude: int,
    terms: int,
    ends: tuple[Range, Range],
    *,
    wide: bool,
    patches: bool,
    by_channel: bool = False,
) -> tuple[Carrier, bool]:
    """Return the carrier and whether the sums are wider than int32.

    Args:
        where: The layer's name, for errors.
        magnitude: Bound of every partial sum of |products|.
        terms: K.
        ends: The least and largest integer of each operand.
        wide: Whether bias and alignment already need int64.
        patches: Whether the path meant for GPUs is taken.
        by_channel: Whether each channel is convolved by itself, where int32 multiplies as fast as float32.

    Raises:
        ExecutionError: If K is too large for any.
    """
    if patches:
        return _choose_digits(where, terms, ends, wide=wide or magnitude >= 2**31)
    if not wide and magnitude < (2**31 if by_channel else 2**24):
        return Carrier.FLOAT32, False
    if not wide and magnitude < 2**31 and all(_fits(one, -128, 127) for one in ends):
        return Carrier.INT8, False
    if magnitude < 2**53:
        return Carrier.FLOAT64, True
    if terms >= 2**21:
        raise ExecutionError(_too_many(where, terms, 2**21))
    return Carrier.HALVES, True


def fit_pairs(ends: tuple[Range, Range]) -> bool:
    """Return whether both operands fit int16."""
    return all(_fits(one, -(2**15), 2**15 - 1) for one in ends)


def _choose_digits(where: str, terms: int, ends: tuple[Range, Range], *, wide: bool) -> tuple[Carrier, bool]:
    if terms >= 2**17:
        raise ExecutionError(_too_many(where, terms, 2**17))
    if not wide and all(_fits(one, -128, 127) for one in ends):
        return Carrier.INT8, False
    if not wide and all(_fits(one, -32896, 32639) for one in ends):
        return Carrier.FLOAT32, False
    few = all(_fits(one, -FEW_DIGITS_MAX, FEW_DIGITS_MAX) for one in ends)
    return (Carrier.FLOAT64 if few else Carrier.HALVES), True


def _fits(one: Range, least: int, largest: int) -> bool:
    return least <= one.least and one.largest <= largest


def _too_many(where: str, terms: int, limit: int) -> str:
    return f"{where}: wanted fewer than {limit} products in a sum; got {terms}. Set the layer's sites to float."
