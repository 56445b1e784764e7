"""The accuracy strips on their way to the browser: the metric at other positions of a row's window."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bitwindow.panel.contract import StripCellView, StripView


def strips_to_wire(strips: Mapping[str, StripView], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the schema's ``Strip`` of every site that is among the rows, in the order of the rows.

    Args:
        strips: By site.
        names: The sites' names, row by row.
    """
    return [_strip(row, strips[name]) for row, name in enumerate(names) if name in strips]


def _strip(row: int, strip: StripView) -> dict[str, Any]:
    return {
        "row": row,
        "signed": strip.signed,
        "word_length": strip.word_length,
        "metric_name": strip.metric_name,
        "higher_is_better": strip.higher_is_better,
        "float_metric": _finite(strip.float_metric),
        "total": strip.total,
        "cells": [_cell(cell) for cell in strip.cells],
    }


def _cell(cell: StripCellView) -> dict[str, Any]:
    """Return a cell; a metric that came out as no number has no value to show."""
    value, interval = _finite(cell.value), cell.interval
    ends = None if interval is None else [_finite(end) for end in interval]
    return {
        "fraction_length": cell.fraction_length,
        "value": value,
        "interval": None if ends is None or None in ends or value is None else ends,
        "n": cell.n,
        "dropped": cell.dropped,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
