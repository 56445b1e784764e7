"""Which parameters can have a type for each output channel: those whose channels every layer keeps apart.

A sum of products keeps them apart where the channel axis of its weight is the feature axis of its output: each output
value then adds products of one channel alone, all at one LSB. A bias has to lie along the same axis.
"""

from __future__ import annotations

import weakref

from bitwindow.network.channels import axis_in_parameter, output_axis, seen_shape, weight_axis
from bitwindow.network.inside import Values, every_layer
from bitwindow.network.records import Contraction, Convolution, FloatComputation, Layer, Network, Operand

_IN_LOOPS = "layer {layer} reads {site} inside a loop, whose step is compiled for one LSB a tensor"
_KNOWN: dict[int, tuple[weakref.ref[Network], dict[str, str]]] = {}
"""By the network's id: its answers so far; every step of a drag asks."""


def weight_place(layer: Layer) -> int | None:
    """Return which operand of a product is its weight, the first that is a parameter; None where neither is."""
    return next((place for place, operand in enumerate(layer.operands) if operand.parameter is not None), None)


def why_one_type(network: Network, site: str) -> str:
    """Return why a site can only have one type for all its channels; empty where each can have its own."""
    known = _KNOWN.get(id(network))
    if known is None or known[0]() is not network:
        for key in [key for key, (owner, _) in _KNOWN.items() if owner() is None]:
            del _KNOWN[key]
        known = _KNOWN[id(network)] = (weakref.ref(network), {})
    reasons = known[1]
    if site not in reasons:
        reasons[site] = _why_one_type(network, site)
    return reasons[site]


def _why_one_type(network: Network, site: str) -> str:
    info = network.sites[site]
    if site not in network.parameters:
        return f"the {info.kind} {site} travels between layers, where all channels share one type"
    if info.channel_axis is None:
        return f"{site} of shape {info.shape} has no axis that counts output channels"
    outside = {layer.name for layer in network.layers}
    for layer, values in every_layer(network):
        for place, operand in enumerate((*layer.operands, *([layer.bias] if layer.bias else []))):
            if operand.parameter == site:
                where = "" if layer.name in outside else _IN_LOOPS.format(layer=layer.name, site=site)
                reason = where or _why_not_here(network, layer, values, place, operand)
                if reason:
                    return reason
    return ""


def channels_of(network: Network, site: str) -> int:
    """Return the number of a parameter's channels; it has a channel axis."""
    axis = network.sites[site].channel_axis
    assert axis is not None  # noqa: S101  (the caller has asked)
    return int(network.parameters[site].shape[axis])


def feature_axis(layer: Layer, values: Values) -> int | None:
    """Return the axis of a product's result, as the formula makes it, that counts the features of its weight."""
    operation, place = layer.operation, weight_place(layer)
    if not isinstance(operation, Convolution | Contraction) or place is None:
        return None
    if isinstance(operation, Convolution):
        return output_axis(operation, 1, (0, 0))
    rank = len(values[layer.outputs[0]].shape)
    batch = len(operation.batch[0])
    own = batch + len(operation.contracting[place]) + 1
    other = rank - 1 + len(operation.contracting[1 - place])
    return output_axis(operation, place, (own, other) if place == 0 else (other, own))


def _why_not_here(network: Network, layer: Layer, values: Values, place: int, operand: Operand) -> str:
    """Return why one use of a parameter asks for one type."""
    site, operation = operand.parameter or "", layer.operation
    if isinstance(operation, FloatComputation):
        return ""  # it reads values, whatever their LSB
    if not isinstance(operation, Convolution | Contraction):
        return f"layer {layer.name} reads {site} as a tensor of one LSB"
    array = network.parameters[site]
    seen = seen_shape(operand.view, array.shape)
    wanted = feature_axis(layer, values) if place == len(layer.operands) else _weight_axis(layer, place, seen)
    if seen is None or wanted is None:
        return f"layer {layer.name} does not read {site} channel by channel"
    axis = axis_in_parameter(operand.view, array.shape, wanted)
    if axis is None or axis != network.sites[site].channel_axis or array.shape[axis] != seen[wanted]:
        return f"layer {layer.name} reads another axis of {site} as its output channels"
    return ""


def _weight_axis(layer: Layer, place: int, seen: tuple[int, ...] | None) -> int | None:
    operation = layer.operation
    assert isinstance(operation, Convolution | Contraction)  # noqa: S101  (the caller has looked)
    alone = place == weight_place(layer) and (place == 1 or isinstance(operation, Contraction))
    return weight_axis(operation, place, len(seen)) if alone and seen is not None else None
