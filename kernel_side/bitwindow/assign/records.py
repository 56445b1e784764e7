"""The record of the chosen types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint

Format = FixedPoint | ChannelFormats | Literal["float"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CorrectedBias:
    """What the quantized network stores in place of a bias of the float network.

    Attributes:
        values: float32, of the bias's shape.
        largest: The largest change of a value.
    """

    values: NDArray[np.float32]
    largest: float

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CorrectedBias) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash(self.values.tobytes())


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """The type of every site, with the reason for it.

    ``formats`` and ``reasons`` have the same keys, the network's sites in order. ``following`` names the biases
    whose type still follows Fx + Fw of their layer (32 bits at the accumulator's LSB) until the user sets them.
    ``flags`` holds warnings by site ("all values are zero", ...). ``corrected`` holds the biases, by site, whose stored
    values differ from the float network's.
    """

    formats: Mapping[str, Format]
    reasons: Mapping[str, str]
    following: frozenset[str] = frozenset()
    flags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    scheme: str = "histogram"
    corrected: Mapping[str, CorrectedBias] = field(default_factory=lambda: MappingProxyType({}))
