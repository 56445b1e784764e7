"""Traced networks with types at random, to be run both ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from bitwindow.assign.records import Assignment
from bitwindow.model.record import Model
from bitwindow.network.records import Network
from bitwindow.network.trace import trace
from bitwindow.numbers.format import FixedPoint


def traced(function: Any, params: Any, example: Any, batch: int = 2) -> Network:
    return trace(Model(function, params, example), batch)


def random_types(network: Network, seed: int, widths: tuple[int, int] = (4, 9), point: int | None = None) -> Assignment:
    """Give every site a type, every third one unsigned where it is no parameter."""
    rng = np.random.default_rng(seed)
    formats = {}
    for place, (name, site) in enumerate(network.sites.items()):
        width = int(rng.integers(*widths))
        fraction = width - int(rng.integers(1, 4)) if point is None else point
        signed = site.kind in {"weight", "bias"} or place % 3 != 0
        formats[name] = FixedPoint(signed=signed, word_length=width, fraction_length=fraction)
    return Assignment(formats=formats, reasons=dict.fromkeys(formats, "drawn"))
