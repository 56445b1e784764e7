"""What a change must cost at the least: the layers that depend on it, run alone from the boundaries before them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

import bitwindow as bw
from bitwindow.calibrate.batches import Chunk as Batch
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.layered import Prepared
from bitwindow.execute.executor import Executor
from bitwindow.execute.planning import Setting


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One chunk's boundaries, the inputs to read, and the layers to run."""

    boundaries: dict[str, Any]
    inputs: list[tuple[int, Any]]
    layers: list[int]
    places: Any


def chunks_of(bench: Bench, prepared: Prepared) -> list[Chunk]:
    """Return what these types need beside what is cached."""
    names = bench.engine.network.inputs
    found = []
    for number in range(bench.data.chunks):
        boundaries, inputs, layers = bench.layered._gather(prepared, number)  # noqa: SLF001
        rows = bench.data.rows(number)
        leaves = [(names.index(name), rows.leaves[names.index(name)]) for name in inputs]
        found.append(Chunk(boundaries=boundaries, inputs=leaves, layers=layers, places=rows.places))
    return found


def run_layers(bench: Bench, prepared: Prepared, chunks: list[Chunk]) -> float:
    """Run just these layers, chunk by chunk, and return the seconds; the outputs come back to the host."""
    executor, network = bench.engine.executor, bench.engine.network
    start = time.perf_counter()
    for chunk in chunks:
        boundaries = dict(chunk.boundaries)
        for index, leaf in chunk.inputs:
            name = network.inputs[index]
            boundaries[name] = executor.read_input(
                prepared.setting, index, leaf, chunk.places, len(chunk.places), tally=False
            )[0]
        for layer, follower in executor.together(prepared.setting, chunk.layers):
            boundaries |= executor.run_layer(
                prepared.setting, layer, boundaries, chunk.places, len(chunk.places), tally=False, follower=follower
            )[0]
        for name in network.outputs:
            np.asarray(boundaries[name])
    return time.perf_counter() - start


def uncounted(executor: Executor, setting: Setting, part: Batch) -> dict[str, Any]:
    """Run all layers of a chunk of a network with one input as the live accuracy does, and return the boundaries."""
    (name,), (leaf,) = executor.network.inputs, part.leaves
    boundaries: dict[str, Any] = {name: executor.read_input(setting, 0, leaf, part.first, part.valid, tally=False)[0]}
    for layer, follower in executor.together(setting, range(len(executor.network.layers))):
        boundaries |= executor.run_layer(
            setting, layer, boundaries, part.first, part.valid, tally=False, follower=follower
        )[0]
    return boundaries


def settle(q: bw.Quantizer) -> Bench:
    """Wait for the exact figure with idle time left alone; return what is known by then."""
    assert q.wait(600)
    assert q.evaluation is not None
    assert q.evaluation.exact
    bench = q._live.bench  # noqa: SLF001
    assert bench is not None
    return bench


def compile_all(q: bw.Quantizer) -> None:
    """Compile every form, as idle time does."""
    prepared = settle(q).prepare(q.assignment, q.state.modes)
    q._engine.executor.warm(prepared.setting, tally=False)  # noqa: SLF001
    jax.block_until_ready(list(prepared.stored.by_site[name].array for name in prepared.stored.by_site))  # type: ignore[no-untyped-call]  # noqa: C400


class Compilations:
    """Counts what JAX compiles from now on."""

    def __init__(self) -> None:
        self.count = 0
        jax.monitoring.register_event_duration_secs_listener(self._heard)

    def _heard(self, event: str, duration_secs: float, **kwargs: str | int) -> None:  # noqa: ARG002  (JAX passes them)
        self.count += "backend_compile" in event
