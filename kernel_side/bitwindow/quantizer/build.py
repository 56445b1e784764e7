"""From a model to the two executions of it, at a chunk size that keeps memory and compilations in bounds."""

from __future__ import annotations

from math import prod

import jax
import numpy as np

from bitwindow.calibrate.batches import InputSpec
from bitwindow.errors import SettingError
from bitwindow.evaluate.engine import Engine
from bitwindow.execute.executor import Executor
from bitwindow.model.record import Model
from bitwindow.network.records import Network
from bitwindow.network.trace import MOST_CHUNK, trace

CHUNK_BYTES = 32 * 2**20
"""What the values of one chunk may take together; enough to keep the cores busy, and a first estimate stays quick."""
MOST_SAMPLES = 256


def build_engine(model: Model, batch: int | None) -> Engine:
    """Trace the model at its chunk size and make its executions.

    Raises:
        ModelError: If the model cannot be traced.
        SettingError: If ``batch`` is no integer from 1 to 65,536.
    """
    network = _traced(model, batch)
    return Engine(
        network=network,
        executor=Executor(network),
        observe=jax.jit(network.observe),
        parameters=model.params,
        spec=InputSpec.of(model),
    )


def chunk_size(network: Network) -> int:
    """Return how many samples fit a chunk: a power of two, 1 to 256, by the bytes of all values of one sample."""
    per_sample = sum(prod(value.shape[1:]) * 4 for value in network.values.values())
    fitting = max(1, CHUNK_BYTES // max(1, per_sample))
    return int(min(MOST_SAMPLES, 1 << (fitting.bit_length() - 1)))


def _traced(model: Model, batch: int | None) -> Network:
    if batch is not None:
        return trace(model, _checked(batch))
    # JAX writes some products of a batch of one differently, so that names could differ: two samples at least.
    probe = trace(model, max(2, model.batch))
    size = max(2, chunk_size(probe))
    return probe if size == probe.batch else trace(model, size)


def _checked(batch: object) -> int:
    if isinstance(batch, int | np.integer) and not isinstance(batch, bool) and 1 <= batch <= MOST_CHUNK:
        return int(batch)
    message = f"batch: wanted an integer from 1 to {MOST_CHUNK} or None, got {batch!r}."
    raise SettingError(message)
