"""The record of the chosen types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from bitwindow.numbers.format import FixedPoint

Format = FixedPoint | Literal["float"]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """The type of every site, with the reason for it.

    ``formats`` and ``reasons`` have the same keys, the network's sites in order. ``following`` names the biases
    whose type still follows Fx + Fw of their layer (32 bits at the accumulator's LSB) until the user sets them.
    ``flags`` holds warnings by site ("all values are zero", ...).
    """

    formats: Mapping[str, Format]
    reasons: Mapping[str, str]
    following: frozenset[str] = frozenset()
    flags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    scheme: str = "histogram"
