"""Outputs of float layers that get a type: those that a layer of integer arithmetic reads.

Softmax and layer-norm run in float, and a site of theirs starts as float. Left so, the product that reads it would run
in float as well, bias and all; hardware casts the output instead, once, and multiplies integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bitwindow.network.inside import every_layer, site_of
from bitwindow.network.records import ExactOperation, FloatComputation, Network


def cast_for(network: Network) -> Mapping[str, str]:
    """Return the sites that start as float outputs and that integer layers read, each with its first reader's name."""
    made: set[str | None] = set()
    found: dict[str, str] = {}
    for layer, values in every_layer(network):
        if isinstance(layer.operation, FloatComputation):
            made.update(values[name].site for name in layer.outputs)
        elif isinstance(layer.operation, ExactOperation):
            for operand in layer.operands:
                site = site_of(operand, values)
                if site is not None and site in made and network.sites[site].float_reason:
                    found.setdefault(site, layer.name)
    return MappingProxyType(found)


def cast_words(reason: str, site: str, layer: str, reader: str) -> str:
    """Return a scheme's reason with the words why an output of a float layer has a type.

    >>> cast_words("minmax: window 2^0 to 2^-7", "softmax", "softmax", "mixed")
    'minmax: window 2^0 to 2^-7; softmax runs in float and its output is cast, as mixed reads it'
    """
    whose = "its output" if site == layer else site
    return f"{reason}; {layer} runs in float and {whose} is cast, as {reader} reads it"
