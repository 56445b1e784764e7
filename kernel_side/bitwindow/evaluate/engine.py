"""What runs: the float program and the bit-true executor of one network, over data of any length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.records import Assignment
from bitwindow.calibrate.batches import Chunk, InputSpec, chunks
from bitwindow.execute.chunk_run import ChunkRun
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import StoredParameters
from bitwindow.network.records import Network

Leaves = tuple[NDArray[Any], ...]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The two executions of one network at one chunk shape, compiled once.

    ``observe(parameters, *input leaves)`` is the float program; ``executor`` the quantized one.
    """

    network: Network
    executor: Executor
    observe: Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]
    parameters: Any
    spec: InputSpec

    def store(self, assignment: Assignment, modes: Modes) -> StoredParameters:
        """Cast the parameters to their types."""
        return self.executor.store_parameters(assignment, modes)

    def run(self, stored: StoredParameters, assignment: Assignment, modes: Modes, chunk: Chunk) -> ChunkRun:
        """Run one chunk bit-true."""
        return self.executor.run(stored, assignment, modes, chunk.leaves, first_sample=chunk.first, valid=chunk.valid)

    def outputs(self, data: object, assignment: Assignment, modes: Modes) -> Any:
        """Return the quantized network's outputs for all of ``data``, as the model would return them."""
        stored = self.store(assignment, modes)
        parts = [
            valid_rows(self.run(stored, assignment, modes, chunk).outputs, chunk.valid)
            for chunk in chunks(data, self.spec, self.network.batch)
        ]
        return self.joined(parts)

    def float_chunks(self, data: object) -> Iterator[tuple[Chunk, Leaves, dict[str, Any]]]:
        """Yield each chunk with the float network's outputs (valid rows) and its sites' values (all rows)."""
        for chunk in chunks(data, self.spec, self.network.batch):
            outputs, sites = self.observe(self.parameters, *chunk.leaves)
            yield chunk, valid_rows(outputs, chunk.valid), sites

    def joined(self, parts: list[Leaves]) -> Any:
        """Join output leaves along the samples and give them the model's output structure."""
        leaves = [np.concatenate(leaf) if len(leaf) > 1 else leaf[0] for leaf in zip(*parts, strict=True)]
        return jax.tree.unflatten(self.network.output_tree, leaves)


def valid_rows(outputs: tuple[Any, ...], valid: int) -> Leaves:
    """Return the outputs as NumPy arrays without the padding."""
    return tuple(np.asarray(leaf)[:valid] for leaf in outputs)
