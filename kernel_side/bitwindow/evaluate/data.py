"""The data that accuracy is measured on: samples and labels in a fixed random order, cut into chunks of one size.

The order makes every first part of the data a fair sample of the whole. A sample keeps its own number, which seeds its
stochastic rounding, so that its outputs are the same bits in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from bitwindow.calibrate.batches import leaves_of
from bitwindow.errors import DataError
from bitwindow.evaluate.engine import Engine, Leaves
from bitwindow.evaluate.metrics import Metric

ORDER_SEED = 20240229


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One chunk: input leaves padded to the chunk's size, of which ``places`` gives each valid row's own number."""

    leaves: Leaves
    places: NDArray[np.int64]

    @property
    def valid(self) -> int:
        """The rows that count."""
        return len(self.places)


@dataclass(frozen=True, kw_only=True)
class EvaluationData:
    """Input leaves and labels as they were given, the metric, and the order in which samples are taken.

    ``labels`` is None where the float network's outputs are what the quantized ones are compared with.
    """

    leaves: Leaves
    labels: Any
    order: NDArray[np.int64]
    metric: Metric
    batch: int

    @property
    def total(self) -> int:
        """The number of samples."""
        return len(self.order)

    @property
    def chunks(self) -> int:
        """The number of chunks."""
        return -(-self.total // self.batch)

    def places(self, chunk: int) -> NDArray[np.int64]:
        """Return the numbers of a chunk's samples."""
        return self.order[chunk * self.batch : (chunk + 1) * self.batch]

    def padded(self, chunk: int) -> NDArray[np.int64]:
        """Return the numbers of a chunk's rows, the last sample's once more for each row of padding."""
        places = self.places(chunk)
        return np.concatenate([places, np.repeat(places[-1:], self.batch - len(places))])

    def rows(self, chunk: int) -> Rows:
        """Return a chunk; the last one is padded with its own last sample."""
        padded = self.padded(chunk)
        return Rows(leaves=tuple(leaf[padded] for leaf in self.leaves), places=self.places(chunk))

    def labels_of(self, chunk: int) -> Any:
        """Return the labels of a chunk's samples."""
        places = self.places(chunk)
        return jax.tree.map(lambda part: np.asarray(part)[places], self.labels)


def evaluation_data(engine: Engine, x: object, y: Any, metric: Metric) -> EvaluationData:
    """Check data and labels and put them into their fixed random order.

    Args:
        engine: Of the network that the data is for.
        x: A data set: an array, tuple or dict of arrays.
        y: One label per sample; None compares with the float network's outputs.
        metric: What is measured.

    Raises:
        DataError: If they do not fit the model or each other.
    """
    leaves = leaves_of(x, engine.spec, where="validation data")
    total = len(leaves[0])
    if total == 0:
        message = "validation data: wanted at least one sample, got none. Pass arrays with a first axis > 0."
        raise DataError(message)
    return EvaluationData(
        leaves=leaves,
        labels=None if y is None or metric.against_float else checked_labels(y, total),
        order=np.random.default_rng(ORDER_SEED).permutation(total),
        metric=metric,
        batch=engine.network.batch,
    )


def checked_labels(labels: Any, n: int) -> Any:
    """Return the labels as an array of ``n`` rows (or a pytree of such arrays).

    Raises:
        DataError: If there are not as many labels as samples.
    """
    array = np.asarray(labels) if not isinstance(labels, dict | tuple) else labels
    if isinstance(array, np.ndarray) and (array.ndim == 0 or len(array) != n):
        message = f"labels: wanted one per sample ({n}), got shape {array.shape}."
        raise DataError(message)
    return array
