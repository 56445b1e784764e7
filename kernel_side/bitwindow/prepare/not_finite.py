"""Affine equations that are not finite: a batch-norm whose variance is NaN or, with its epsilon, not above zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bitwindow.network.program import Equation
from bitwindow.prepare.affine import Numbers, after
from bitwindow.prepare.reading import Reading


def is_finite(reading: Reading, equation: Equation) -> bool:
    """Whether the scale and the shift of an affine equation are finite."""
    return not np.any(_bad(reading, equation))


def culprits(reading: Reading, equations: Sequence[Equation]) -> str:
    """Return in words which parameters make the numbers of affine equations that are not finite; "" where it is none.

    Those that hold NaN or infinity; where none does, those with numbers that are not above zero, as a variance, in the
    places that are not finite.
    """
    found: dict[str, str] = {}
    for equation in equations:
        bad = _bad(reading, equation).ravel()
        leaves = _leaves(reading, equation) if np.any(bad) else {}
        broken = {name: ~np.isfinite(array) for name, array in leaves.items() if not np.all(np.isfinite(array))}
        what = "NaN or infinite" if broken else "not above zero"
        below = broken or {name: array <= 0 for name, array in leaves.items() if _reaches(array <= 0, bad)}
        for name, places in below.items():
            found.setdefault(name, f"{name} is {what} in {int(np.sum(places))} of {places.size}")
    return f" ({', '.join(found.values())})" if found else ""


def _bad(reading: Reading, equation: Equation) -> NDArray[np.bool_]:
    value = reading.flow.operands(equation)[0]
    scale, shift = after(reading.flow, equation, value, np.ones(()), np.zeros(()))
    return ~(np.isfinite(scale) & np.isfinite(shift))


def _leaves(reading: Reading, equation: Equation) -> dict[str, Numbers]:
    statics, names = reading.flow.statics, reading.leaf_names
    made_of = [leaf for atom in equation.inputs if statics.is_static(atom) for leaf in statics.leaves(atom)]
    return {names[leaf]: np.asarray(statics.value(leaf), np.float64) for leaf in made_of if leaf in names}


def _reaches(places: NDArray[np.bool_], bad: NDArray[np.bool_]) -> bool:
    """Whether an array's places cover the bad ones; any, where they are laid out otherwise."""
    return bool(np.all(places.ravel()[bad]) if places.size == bad.size else np.any(places))
