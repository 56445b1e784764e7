"""The inputs that a prepared network is compared with its original on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import jax
import numpy as np

from bitwindow.errors import DataError
from bitwindow.model.by_sample import by_sample
from bitwindow.model.record import Model

MOST = 32
_DRAWN = 8


@dataclass(frozen=True, kw_only=True)
class Samples:
    """A few inputs, structured as the model's arguments; ``real`` tells data from drawn numbers."""

    inputs: tuple[Any, ...]
    count: int
    real: bool

    @classmethod
    def of(cls, model: Model, data: Any) -> Self:
        """Take the first samples of data, or draw normal numbers (zeros for whole numbers) like the example.

        Raises:
            DataError: If the data is not structured as the example.
        """
        if data is None:
            rng = np.random.default_rng(0)
            return cls(
                inputs=jax.tree.map(lambda leaf: _drawn(leaf, rng), model.at_batch(_DRAWN)), count=_DRAWN, real=False
            )
        given = data if isinstance(data, tuple) else (data,)
        wanted: Any = model.at_batch(1)
        leaves = jax.tree.leaves(given)
        tree: Any = jax.tree.structure(given)
        if tree != jax.tree.structure(wanted) or any(not hasattr(leaf, "shape") for leaf in leaves):
            message = (
                f"prepare: wanted data structured as the example ({jax.tree.structure(wanted)}), got {tree}; pass one "
                "array, or a tuple or dictionary of arrays"
            )
            raise DataError(message)
        for leaf, like in zip(leaves, jax.tree.leaves(wanted), strict=True):
            if leaf.shape[1:] != like.shape[1:] or leaf.shape[0] == 0:
                message = f"prepare: wanted arrays of shape (samples, *{like.shape[1:]}), got {leaf.shape}"
                raise DataError(message)
        inputs = jax.tree.map(lambda leaf, like: np.asarray(leaf[:MOST], like.dtype), given, wanted)
        return cls(inputs=inputs, count=min(MOST, int(leaves[0].shape[0])), real=True)

    def output_change(self, one: Model, other: Model) -> float:
        """Return the largest change of the float outputs from one model to the other, relative to the largest."""
        results = [jax.tree.leaves(_run(model, self.inputs)) for model in (one, other)]
        changes = [relative_change(first, second) for first, second in zip(*results, strict=True)]
        return float(np.max(changes))  # NaN where one is


def relative_change(one: Any, other: Any) -> float:
    """Return the largest difference as a fraction of the largest magnitude of ``one``.

    What is not finite must be the same in both, else the change is infinite; NaN where nothing is finite to compare.
    """
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    finite = np.isfinite(first)
    if not np.array_equal(first[~finite], second[~finite], equal_nan=True):
        return float("inf")
    if first.size and not np.any(finite):
        return float("nan")
    largest = float(np.max(np.abs(first[finite]), initial=0.0))
    difference = float(np.max(np.abs(first[finite] - second[finite]), initial=0.0))
    if not np.isfinite(difference):
        return float("inf")
    return difference / largest if largest else difference


def _run(model: Model, inputs: Any) -> Any:
    """Run a model's function on a batch; one that runs for one sample alone is mapped over the samples."""
    try:
        return jax.jit(model.fn)(model.params, *inputs)
    except (TypeError, ValueError):
        if model.batch != 1:
            raise
        return jax.jit(by_sample(model.fn))(model.params, *inputs)


def _drawn(leaf: Any, rng: np.random.Generator) -> Any:
    if np.dtype(leaf.dtype).kind in "iub":
        return np.zeros(leaf.shape, leaf.dtype)
    return rng.normal(size=leaf.shape).astype(leaf.dtype)
