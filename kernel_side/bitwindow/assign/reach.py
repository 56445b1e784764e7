"""Weights so small that their products lie out of reach of the bias beside them: no exact sum would hold both.

Folding leaves such channels: a batch-norm that switches a channel off leaves weights of 1e-35 and a bias of 1. A scheme
would put their LSB where the values are; each bit there is below anything that the sum can still say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.biases import biased_products, follow_biases
from bitwindow.assign.records import Assignment, Format
from bitwindow.network.channel_uses import weight_place
from bitwindow.network.inside import site_of
from bitwindow.network.records import Network
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import FixedPoint

FARTHEST = 29
"""Bits that the LSB of products may lie below that of a bias of 32 bits for the sum to have 62 bits at most."""


def within_reach(network: Network, assignment: Assignment) -> Assignment:
    """Return the assignment with coarser LSBs where products lie more than ``FARTHEST`` bits below their bias."""
    formats, flags = dict(assignment.formats), dict(assignment.flags)
    for name, (layer, values) in biased_products(network).items():
        place, bias = weight_place(layer), formats[name]
        if place is None or not isinstance(bias, AnyFormat):
            continue
        weight, x = (site_of(layer.operands[at], values) for at in (place, 1 - place))
        limited, count = _limited(formats, weight, x, bias)
        if weight is not None and limited is not None and count:
            formats[weight] = limited
            what = (
                f"{count} channel{'s' * (count > 1)} of weights" if isinstance(limited, ChannelFormats) else "weights"
            )
            words = f"{what} too small to count beside {name}: the LSB is the finest that an exact sum of both allows"
            flags[weight] = "; ".join(filter(None, [flags.get(weight, ""), words]))
    if formats == assignment.formats:
        return assignment
    return follow_biases(network, replace(assignment, formats=formats, flags=flags))


def _limited(
    formats: Mapping[str, Format], weight: str | None, x: str | None, bias: AnyFormat
) -> tuple[AnyFormat | None, int]:
    """Return a weight's types within reach of the bias, and how many of them are others than before."""
    present = None if weight is None else formats[weight]
    other = None if x is None else formats[x]
    if not isinstance(present, AnyFormat) or not isinstance(other, FixedPoint):
        return None, 0
    reach = _lengths(bias) + FARTHEST - other.fraction_length
    own = _lengths(present)
    if isinstance(present, FixedPoint):
        reach = reach.min(keepdims=True)
    limited = np.minimum(own, reach)
    made = (
        replace(present, fraction_length=int(limited[0]))
        if isinstance(present, FixedPoint)
        else replace(present, fraction_lengths=tuple(limited.tolist()))
    )
    return made, int(np.count_nonzero(limited != own))


def _words(fmt: AnyFormat, count: int, bias: str) -> str:
    what = f"{count} channel{'s' * (count > 1)} of weights" if isinstance(fmt, ChannelFormats) else "weights"
    return f"{what} too small to count beside {bias}: the LSB is the finest that an exact sum of both allows"


def _lengths(fmt: AnyFormat) -> NDArray[np.int64]:
    found = fmt.fraction_lengths if isinstance(fmt, ChannelFormats) else (fmt.fraction_length,)
    return np.array(found, np.int64)
