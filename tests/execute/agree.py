"""Running a network both ways and comparing every bit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

from bitwindow.assign.records import Assignment
from bitwindow.execute.chunk_run import ChunkRun
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import StoredParameters, stored_integers
from bitwindow.execute.samples import SampleNumbers
from bitwindow.network.records import Network
from bitwindow.numbers.format import FixedPoint
from tests.execute.loop_reference import LoopReference
from tests.execute.random_words import parameter_words, words
from tests.execute.reference import CLASSES, Reference, no_words

Path = Literal["convolution", "patches", "auto"]
PATHS: tuple[Path, ...] = ("convolution", "patches")
_executors: dict[tuple[int, Path], Executor] = {}


def executor(network: Network, path: Path = "convolution") -> Executor:
    """Keep executors between examples, as a session does: a change of types compiles nothing."""
    # An executor holds its network, so no other one gets its id.
    return _executors.setdefault((id(network), path), Executor(network, device_path=path))


def run(
    network: Network,
    assignment: Assignment,
    modes: Modes,
    inputs: tuple[np.ndarray, ...],
    *,
    first_sample: SampleNumbers = 0,
    valid: int | None = None,
    tally: bool = True,
) -> ChunkRun:
    one = executor(network)
    stored = one.store_parameters(assignment, modes)
    rows = network.batch if valid is None else valid
    return one.run(stored, assignment, modes, inputs, first_sample, rows, tally=tally)


def typed_formats(assignment: Assignment) -> dict[str, FixedPoint]:
    return {site: fmt for site, fmt in assignment.formats.items() if isinstance(fmt, FixedPoint)}


def check(
    network: Network,
    assignment: Assignment,
    modes: Modes,
    inputs: tuple[np.ndarray, ...],
    paths: Sequence[Path] = PATHS,
    *,
    tally: bool = True,
) -> None:
    """Assert that stored integers, tallies and accumulator overflows are the reference's on every path."""
    stochastic = modes.rounding == "stochastic"
    reference = LoopReference(
        network,
        typed_formats(assignment),
        modes,
        words(modes) if stochastic else no_words,
        parameter_words(modes, network) if stochastic else {},
    )
    reference.run(*inputs)

    def run_path(path: Path) -> tuple[StoredParameters, ChunkRun]:
        one = executor(network, path)
        stored = one.store_parameters(assignment, modes)
        return stored, one.run(stored, assignment, modes, inputs, 0, network.batch, tally=tally)

    # The paths compile for longer than they run: side by side.
    with ThreadPoolExecutor(len(paths)) as pool:
        for path, (stored, made) in zip(paths, pool.map(run_path, paths), strict=True):
            compare(reference, stored, made, path)


def compare(reference: Reference, stored: StoredParameters, made: ChunkRun, path: Path) -> None:
    for name, integers in reference.stored.items():
        fmt = reference.formats[reference.network.values[name].site or ""]
        got = stored_integers(np.asarray(made.boundaries[name]), fmt)
        assert got.shape == integers.shape
        differing = np.argwhere(got != integers.astype(np.int64))
        assert differing.size == 0, (
            f"{path}: {name} differs at {differing[:3].tolist()}: "
            f"{got[tuple(differing[0])]} for {integers[tuple(differing[0])]}"
        )
    for site, tally in {**made.tallies, **stored.tallies}.items():
        counts = {kind: getattr(tally, kind) for kind in CLASSES}
        assert counts == {kind: reference.tallies[site][kind] for kind in CLASSES}, (path, site)
    assert dict(made.accumulator_overflows) == reference.overflows, path
