"""Every layer of a network, those inside loops too, each with the values that it sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bitwindow.network.records import Layer, Loop, Network, Operand, Value

Values = Mapping[str, Value]


def every_layer(network: Network) -> Iterator[tuple[Layer, Values]]:
    """Yield each layer and the values that its operands and outputs name, in data-flow order."""
    yield from _every(network.layers, network.values)


def site_of(operand: Operand, values: Values) -> str | None:
    """Return the site of what a layer reads; None for whole numbers."""
    return operand.parameter if operand.value is None else values[operand.value].site


def inside_of(loop: Loop) -> Iterator[tuple[Layer, Values]]:
    """Yield each layer inside a loop, those of the loops in it too, and the values that it sees."""
    yield from _every(loop.layers, loop.values)


def _every(layers: tuple[Layer, ...], values: Values) -> Iterator[tuple[Layer, Values]]:
    for layer in layers:
        yield layer, values
        if isinstance(layer.operation, Loop):
            yield from _every(layer.operation.layers, layer.operation.values)
