"""Light layers over several chunks in one compiled step, where starting a step costs more than the layer itself.

The step is the layer's own, once for each chunk, so that its bits are those of chunk after chunk.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from bitwindow.execute.carriers import terms_of
from bitwindow.execute.integer import variants_of
from bitwindow.execute.joined import QUICK
from bitwindow.execute.reading import operand_shapes
from bitwindow.network.records import Contraction, Convolution, Extremum, PassThrough, Product, Sum, TwoSlopes

if TYPE_CHECKING:
    from collections.abc import Callable

    from bitwindow.execute.finish import Result
    from bitwindow.execute.plan import Variant
    from bitwindow.network.records import Layer, Network

SEVERAL = 8
"""Chunks that run in one step; fewer are filled up with the last one."""
MANY = 64
"""Chunks that products in pairs take in one call: it has no compiled form for each number of them."""
_LIGHT = Convolution | Contraction | Sum | Product | TwoSlopes | Extremum | PassThrough
_MOST_VALUES = 1 << 17
_MOST_PRODUCTS = 1 << 26
"""A layer is light that makes no more values a chunk from no more products: it takes a millisecond or less."""


def is_light(network: Network, layer: Layer) -> bool:
    """Return whether a chunk of a layer takes no longer than starting steps does."""
    operation = layer.operation
    values = prod(network.values[layer.outputs[0]].shape)
    if not isinstance(operation, _LIGHT) or values > _MOST_VALUES:
        return False
    if isinstance(operation, Convolution | Contraction):
        first, second = operand_shapes(network, layer)[:2]
        return values * terms_of(operation, (first, second)) <= _MOST_PRODUCTS
    return True


def forms(layer: Layer) -> tuple[Variant, ...]:
    """Return the forms that several chunks share: those that see no sample's number."""
    return tuple(variant for variant in variants_of(layer) if variant in QUICK)


def repeated(step: Callable[..., Result]) -> Callable[..., tuple[Any, ...]]:
    """Return a step that takes the operands of several chunks and returns their outputs."""

    def several(operands: tuple[tuple[Any, ...], ...], *shared: Any) -> tuple[Any, ...]:
        return tuple(step(own, *shared).output for own in operands)

    return several
