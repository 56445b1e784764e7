"""What running a chunk of samples gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bitwindow.execute.tally import Tally


@dataclass(frozen=True, kw_only=True)
class ChunkRun:
    """What one chunk of samples gave.

    ``outputs`` are values on the grid (float32, float64 NumPy arrays where float32 cannot hold the type, or the
    program's own dtype for outputs without a type), padded rows included. ``boundaries`` has every value's carrier.
    ``tallies`` counts the casts to each typed input and activation site over the valid rows.
    ``accumulator_overflows`` counts the sums that a limited accumulator could not hold, by layer.
    """

    outputs: tuple[Any, ...]
    boundaries: Mapping[str, Any]
    tallies: Mapping[str, Tally]
    accumulator_overflows: Mapping[str, int]
