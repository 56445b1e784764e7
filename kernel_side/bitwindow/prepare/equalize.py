"""Equalization: channels with large weights are made smaller and those that read them larger, by powers of two.

With factors that are powers of two every product and sum of the network keeps its significand: the float output does
not change at all, except where a number leaves the normal range. The factors follow the geometric mean of the two
ranges (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bitwindow.prepare.affine import Numbers
from bitwindow.prepare.edits import Edits, ProductEdit, weight_of
from bitwindow.prepare.paths import Pair, pairs
from bitwindow.prepare.products import Product, input_ranges, products, scaled_inputs, scaled_outputs
from bitwindow.prepare.reading import Reading
from bitwindow.prepare.report import Step

_SWEEPS = 8
_LEAST_GAIN = 0.5
"""Bits that a pair's channels must win for it to be worth a change; see ``_lost_bits``.

What weights win by less the activation between them has been seen to lose again.
"""


_OFF = 2.0**-40
"""A channel whose two ranges multiply to less than this part of another's is switched off: its range says nothing."""


@dataclass(frozen=True, kw_only=True)
class Equalization:
    """The edits, the steps, and by what each first product's outputs were scaled in the end (by equation index)."""

    edits: Edits
    steps: list[Step]
    scales: dict[int, Numbers]


def equalized(reading: Reading) -> Equalization | None:
    """Return the equalization of a network, or None where there is nothing to even out."""
    found = pairs(reading, products(reading))
    weights = {item.equation.index: weight_of(reading, item) for pair in found for item in (pair.first, pair.second)}
    before = {pair.first.equation.index: _spread(pair.first, weights) for pair in found}
    scales = {pair.first.equation.index: np.ones(_count(pair.first, weights)) for pair in found}
    for _ in range(_SWEEPS):
        moved = [_balance(pair, weights, scales) for pair in found]
        if not any(moved):
            break
    changed = [pair for pair in found if np.any(scales[pair.first.equation.index] != 1.0)]
    if not changed:
        return None
    steps = [_step(pair, before[pair.first.equation.index], weights, scales) for pair in changed]
    return Equalization(edits=_edits(reading, changed, weights, scales), steps=steps, scales=scales)


def _balance(pair: Pair, weights: dict[int, Numbers], scales: dict[int, Numbers]) -> bool:
    """Move one pair's scales to the middle; return whether any moved."""
    first, second = pair.first.equation.index, pair.second.equation.index
    made = _ranges(pair.first, weights[first])
    read = np.zeros_like(made)
    np.maximum.at(read, pair.channels, input_ranges(pair.second, weights[second]))
    if not (np.all(np.isfinite(made)) and np.all(np.isfinite(read))):
        return False
    usable = made * read > _OFF * np.max(made * read)
    if not np.any(usable):
        return False
    halves = 0.5 * np.log2(read[usable] / made[usable])
    factors = np.ones_like(made)
    # What all channels have in common is left alone: it evens out nothing within a tensor.
    factors[usable] = np.exp2(np.round(halves - np.median(halves)))
    before = _lost_bits(made[usable], read[usable])
    after = _lost_bits((made * factors)[usable], (read / factors)[usable])
    if after > before - _LEAST_GAIN:
        return False
    weights[first] = scaled_outputs(pair.first, weights[first], factors)
    weights[second] = scaled_inputs(pair.second, weights[second], (1.0 / factors)[pair.channels])
    scales[first] = scales[first] * factors
    return True


def _edits(reading: Reading, changed: list[Pair], weights: dict[int, Numbers], scales: dict[int, Numbers]) -> Edits:
    edits: dict[int, ProductEdit] = {}
    skipped: dict[int, int] = {}
    flow = reading.flow
    for pair in changed:
        index = pair.first.equation.index
        bias = None if pair.bias is None else pair.bias.shift * scales[index]
        edits[index] = ProductEdit(product=pair.first, weight=weights[index], bias=bias)
        members = pair.bias.members if pair.bias else ()
        skipped |= {item.index: flow.operands(item)[0] for item in flow.equations if item.index in members}
    for pair in changed:
        index = pair.second.equation.index
        if index not in edits:
            edits[index] = ProductEdit(product=pair.second, weight=weights[index], bias=None)
    return Edits(products=edits, skipped=skipped)


def _step(pair: Pair, before: float, weights: dict[int, Numbers], scales: dict[int, Numbers]) -> Step:
    exponents = np.log2(scales[pair.first.equation.index]).astype(int)
    return Step(
        kind="equalize",
        layer=pair.first.layer,
        what=(
            f"scaled {np.count_nonzero(exponents)} of {len(exponents)} channels by 2^{exponents.min()} to "
            f"2^{exponents.max()} against {pair.second.layer}; its channels' ranges spread over {before:.1f} bits, "
            f"now {_spread(pair.first, weights):.1f}"
        ),
    )


def _ranges(product: Product, weight: Numbers) -> Numbers:
    axes = tuple(axis for axis in range(weight.ndim) if axis != product.out_weight)
    ranges: Numbers = np.max(np.abs(weight), axis=axes)
    return ranges


def _count(product: Product, weights: dict[int, Numbers]) -> int:
    return len(_ranges(product, weights[product.equation.index]))


def _spread(product: Product, weights: dict[int, Numbers]) -> float:
    """Return how many bits lie between the largest and the smallest range of a product's channels."""
    ranges = _ranges(product, weights[product.equation.index])
    return _bits(ranges[ranges > 0])


def _lost_bits(made: Numbers, read: Numbers) -> float:
    """Return what one type for all channels costs them, in bits: half the logarithm of the mean of noise over signal.

    A channel whose range is a tenth of the tensor's has a hundred times the noise. Evening out moves bits from one
    tensor to the other, so that the sum of both spreads says nothing; the noise of both does.
    """
    noise = np.mean((made.max() / made) ** 2) + np.mean((read.max() / read) ** 2)
    return float(0.5 * np.log2(noise))


def _bits(ranges: Numbers) -> float:
    return float(np.log2(ranges.max() / ranges.min())) if ranges.size else 0.0
