"""Choices and running values in fractions, one element after the other."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from bitwindow.network.records import Extremum, RunningSum, Slope, TwoSlopes


def picked(given: Sequence[np.ndarray], op: TwoSlopes | Extremum | RunningSum) -> np.ndarray:
    """Return the exact real values of the formula."""
    if isinstance(op, RunningSum):
        return accumulated(given[0], operator.add, op.axis, reverse=op.reverse)
    if isinstance(op, Extremum):
        return np.asarray(np.frompyfunc(max if op.largest else min, 2, 1)(*given), object)
    x = given[0]
    made = np.empty(x.shape, object)
    for at, value in np.ndenumerate(x):
        made[at] = value * _factor(given, op.above if value > 0 else op.below, at)
    return made


def _factor(given: Sequence[np.ndarray], slope: Slope, at: tuple[int, ...]) -> Fraction:
    if slope.operand is None:
        return slope.sign * Fraction(2) ** slope.exponent
    return Fraction(np.broadcast_to(given[slope.operand], given[0].shape)[at])


def accumulated(x: np.ndarray, join: Callable[[Any, Any], Any], axis: int, *, reverse: bool) -> np.ndarray:
    """Join each value along an axis with all before it, or after it where ``reverse``."""
    made = np.moveaxis(np.array(x, object), axis, 0)
    places = list(range(made.shape[0]))[:: -1 if reverse else 1]
    for before, place in itertools.pairwise(places):
        for at in np.ndindex(*made.shape[1:]):
            made[(place, *at)] = join(made[(before, *at)], made[(place, *at)])
    return np.moveaxis(made, 0, axis)
