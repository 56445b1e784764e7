"""Layered execution: a chunk's outputs from the nearest boundaries at hand, so that only what changed runs again."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.records import Assignment
from bitwindow.evaluate.cache import BoundaryCache, Recipe
from bitwindow.evaluate.data import EvaluationData
from bitwindow.evaluate.engine import Engine, Leaves, valid_rows
from bitwindow.evaluate.fingerprint import Digests, Fingerprints, Key, digest, parameter_digests
from bitwindow.execute.cores import helped, join
from bitwindow.execute.modes import Modes
from bitwindow.execute.outputs import output_values
from bitwindow.execute.parameters import StoredParameters
from bitwindow.execute.planning import Setting
from bitwindow.execute.several import MANY, SEVERAL
from bitwindow.network.records import Network, Operand, PassThrough
from bitwindow.spectrum.workers import workers

MOST_PREPARED = 24
TIMED_RUNS = 3
"""A layer's first runs are waited for and timed; its cost is the least of them (the first one may compile)."""
UNSEEN_SECONDS = 0.005
"""The most work, by those costs, that is handed out before it is waited for: what a newer change waits for."""
TOGETHER_SECONDS = 0.05
"""The work on chunks side by side between two figures."""

Check = Callable[[], None]
"""Raises ``Abandoned`` when the work is no longer wanted."""


class Abandoned(Exception):  # noqa: N818  (no error: something newer is to be done)
    """A newer change makes this work useless."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Types and modes made ready to run: the parameters stored, the layers planned, the keys of all values.

    ``outcome`` is the key of the outputs: equal outcomes are equal outputs, bit for bit.
    """

    setting: Setting
    stored: StoredParameters
    digests: Digests
    keys: Mapping[str, Key]
    outcome: Key

    @property
    def assignment(self) -> Assignment:
        """The types."""
        return self.setting.assignment


class Layered:
    """Runs the chunks of one data set under any types, from cached boundaries."""

    def __init__(self, engine: Engine, data: EvaluationData, cache: BoundaryCache) -> None:
        self.engine, self.data, self.cache = engine, data, cache
        network = engine.network
        self._fingerprints = Fingerprints(network=network)
        self._inputs = {name: index for index, name in enumerate(network.inputs)}
        self._makers = {name: index for index, layer in enumerate(network.layers) for name in layer.outputs}
        self._reads = [_read_values(layer) for layer in network.layers]
        self._kept = _worth_keeping(network)
        self._seconds: dict[int, list[float]] = {}
        self._prepared: OrderedDict[Any, Prepared] = OrderedDict()
        self._last: Prepared | None = None

    def prepare(self, assignment: Assignment, modes: Modes) -> Prepared:
        """Make types and modes ready to run; parameters that have not changed stay as they are stored.

        Raises:
            ExecutionError: If the types allow no exact execution.
        """
        name = (tuple(assignment.formats.values()), tuple(assignment.corrected.items()), modes)
        if name in self._prepared:
            self._prepared.move_to_end(name)
            return self._prepared[name]
        last, executor = self._last, self.engine.executor
        stored = executor.store_parameters(assignment, modes, None if last is None else last.stored)
        digests = parameter_digests(stored, {} if last is None else last.digests)
        keys = self._fingerprints.of(digests, assignment, modes)
        prepared = Prepared(
            setting=executor.plan(stored, assignment, modes),
            stored=stored,
            digests=digests,
            keys=keys,
            outcome=digest(*(keys[output] for output in self.engine.network.outputs)),
        )
        self._last = self._prepared[name] = prepared
        if len(self._prepared) > MOST_PREPARED:
            self._prepared.popitem(last=False)
        return prepared

    def run(self, prepared: Prepared, chunk: int, *, keep: bool, check: Check) -> Leaves:
        """Return the outputs of a chunk's valid rows.

        Args:
            prepared: From ``prepare``.
            chunk: Its number.
            keep: Whether all boundaries made on the way are held for later changes, or only those of the present types.
            check: Asked before every layer.

        Raises:
            Abandoned: By ``check``.
        """
        made = self._made(prepared, chunk, check=check)
        self._take_all(prepared, made, keep=keep)
        return self._outputs(prepared, made.boundaries, made.valid)

    def run_side_by_side(
        self, prepared: Prepared, chunks: Sequence[int], *, keep: bool, check: Check
    ) -> Generator[Leaves]:
        """Yield the outputs of chunk after chunk; each core makes whole chunks, so that it waits for no other core.

        Args:
            prepared: From ``prepare``.
            chunks: Those that ``side_by_side`` allows.
            keep: Whether their boundaries are kept for later changes.
            check: Asked before each layer, in every thread.

        Raises:
            Abandoned: By ``check``; no thread is at work any more then.
        """
        waiting = deque(chunks)
        made: dict[int, Future[_Made]] = {chunk: Future() for chunk in chunks}

        def make_next() -> bool:
            chunk = _next(waiting)
            if chunk is None:
                return False
            try:
                made[chunk].set_result(self._made(prepared, chunk, check=check, alone=True))
            except BaseException as error:  # noqa: BLE001  (it is raised where the chunk's outputs are wanted)
                made[chunk].set_exception(error)
                # None comes after it, and nobody waits for what is not made.
                while (left := _next(waiting)) is not None:
                    made[left].set_exception(error)
            return True

        def make_all() -> None:
            while make_next():
                pass

        helpers = helped(make_all)
        try:
            for chunk in chunks:
                while not made[chunk].done() and make_next():
                    pass
                own = made[chunk].result()
                del made[chunk]
                self._take_all(prepared, own, keep=keep)
                yield self._outputs(prepared, own.boundaries, own.valid)
        finally:
            waiting.clear()
            join(helpers)

    def run_several(self, prepared: Prepared, chunks: Sequence[int], *, keep: bool, check: Check) -> Leaves | None:
        """Return the outputs of several chunks' valid rows, each layer run once for all.

        Returns:
            The outputs, joined; None where not every layer that must run has such a step: run them one by one.

        Raises:
            Abandoned: By ``check``.
        """
        gathered = [self._gather(prepared, chunk) for chunk in chunks]
        held, (_, _, layers) = [boundaries for boundaries, _, _ in gathered], gathered[0]
        if any(inputs or own != layers for _, inputs, own in gathered):
            return None
        for index in layers:
            check()
            outputs = self.engine.executor.run_several(prepared.setting, index, held)
            if outputs is None:
                return None
            name = self.engine.network.layers[index].outputs[0]
            for chunk, boundaries, output in zip(chunks, held, outputs, strict=True):
                boundaries[name] = output
                self._take(prepared, chunk, {name: output}, index, keep=keep)
        network, valid = self.engine.network, sum(len(self.data.places(chunk)) for chunk in chunks)
        joined = {name: np.concatenate([np.asarray(own[name]) for own in held]) for name in network.outputs}
        # The last chunk alone is padded.
        return self._outputs(prepared, joined, valid, on_host=True)

    def at_once(self, prepared: Prepared, chunk: int) -> int:
        """Return how many chunks may run at once from this one on: no newer change waits long for them."""
        _, _, layers = self._gather(prepared, chunk)
        most = self.engine.executor.at_once(prepared.setting, layers)
        each = sum(self.seconds(index) for index in layers)
        return min(most, max(SEVERAL, int(UNSEEN_SECONDS / max(each, UNSEEN_SECONDS / MANY))))

    def side_by_side(self, prepared: Prepared, chunks: Sequence[int]) -> int:
        """Return how many of these chunks cores may make side by side: as many for each core, 0 where none.

        They are those of a few hundredths of a second, so that figures come as often as they are shown; their layers
        run so, and were timed before.
        """
        cores, executor = workers(), self.engine.executor
        if cores == 1 or len(chunks) < cores:
            return 0
        layers = self.layers_to_run(prepared, chunks[0])
        timed = self._are_timed(index for index, _ in executor.together(prepared.setting, layers))
        if not timed or not executor.side_by_side(prepared.setting, layers):
            return 0
        each = sum(self.seconds(index) for index in layers)
        rounds = max(1, min(len(chunks), int(TOGETHER_SECONDS / max(each, 1e-6))) // cores)
        return rounds * cores

    def seconds(self, index: int) -> float:
        """Return what a layer takes for a chunk, 0 before it has run; -1 - i is the input i."""
        return min(self._seconds.get(index, [0.0]))

    def cost(self, prepared: Prepared, chunk: int) -> float:
        """Return the seconds that a chunk's layers took before; infinite where one never ran or an input is read."""
        _, inputs, layers = self._gather(prepared, chunk)
        known = not inputs and self._are_timed(layers, 1)
        return sum(self.seconds(index) for index in layers) if known else inf

    def layers_to_run(self, prepared: Prepared, chunk: int) -> list[int]:
        """Return the layers that a chunk's outputs still need, in order."""
        return self._gather(prepared, chunk)[2]

    def _gather(self, prepared: Prepared, chunk: int) -> tuple[dict[str, Any], list[str], list[int]]:
        """Walk from the outputs back to boundaries that are held; return these, and what must be read and run."""
        boundaries: dict[str, Any] = {}
        inputs: list[str] = []
        layers: set[int] = set()
        seen: set[str] = set()
        open_values = list(self.engine.network.outputs)
        while open_values:
            name = open_values.pop()
            if name in seen:
                continue
            seen.add(name)
            array = self.cache.get(prepared.keys[name], chunk)
            if array is not None:
                boundaries[name] = array
            elif name in self._inputs:
                inputs.append(name)
            elif self._makers[name] not in layers:
                layers.add(self._makers[name])
                open_values += self._reads[self._makers[name]]
        return boundaries, sorted(inputs, key=self._inputs.__getitem__), sorted(layers)

    def _are_timed(self, layers: Iterable[int], runs: int = TIMED_RUNS) -> bool:
        return all(len(self._seconds.get(index, ())) >= runs for index in layers)

    def _made(self, prepared: Prepared, chunk: int, *, check: Check, alone: bool = False) -> _Made:
        """Make what a chunk's outputs need; nothing is kept yet, so that any thread may do it."""
        rows = _Rows(places=self.data.places(chunk), padded=self.data.padded(chunk))
        boundaries, inputs, layers = self._gather(prepared, chunk)
        found = _Made(chunk=chunk, boundaries=boundaries, valid=rows.valid, steps=[])
        for name in inputs:
            check()
            index = -1 - self._inputs[name]
            found.add(index, self._timed(index, partial(self._read, prepared, name, rows)))
        unseen = 0.0
        for index, follower in self.engine.executor.together(prepared.setting, layers):
            check()
            work = partial(self._layer, prepared, index, follower, boundaries, rows, alone=alone)
            made = self._timed(index, work)
            found.add(index, made)
            unseen += self.seconds(index)
            if unseen > UNSEEN_SECONDS:
                jax.block_until_ready(list(made.values()))  # type: ignore[no-untyped-call]
                unseen = 0.0
        return found

    def _read(self, prepared: Prepared, name: str, rows: _Rows) -> dict[str, Any]:
        index = self._inputs[name]
        read, leaf = self.engine.executor.read_input, self.data.leaves[index]
        return {name: read(prepared.setting, index, leaf, rows.places, rows.valid, tally=False, rows=rows.padded)[0]}

    def _layer(
        self,
        prepared: Prepared,
        index: int,
        follower: int | None,
        boundaries: Mapping[str, Any],
        rows: _Rows,
        *,
        alone: bool,
    ) -> dict[str, Any]:
        run, setting = self.engine.executor.run_layer, prepared.setting
        return run(setting, index, boundaries, rows.places, rows.valid, tally=False, follower=follower, alone=alone)[0]

    def _timed(self, index: int, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        times = self._seconds.setdefault(index, [])
        if len(times) >= TIMED_RUNS:
            return work()
        start = time.perf_counter()
        made = work()
        jax.block_until_ready(list(made.values()))  # type: ignore[no-untyped-call]
        times.append(time.perf_counter() - start)
        return made

    def _take_all(self, prepared: Prepared, made: _Made, *, keep: bool) -> None:
        for index, step in made.steps:
            self._take(prepared, made.chunk, step, index, keep=keep)

    def _take(self, prepared: Prepared, chunk: int, made: Mapping[str, Any], index: int, *, keep: bool) -> None:
        operands = () if index < 0 else tuple(prepared.keys[name] for name in self._reads[index])
        for name, array in made.items():
            key = prepared.keys[name]
            if not (keep or self.cache.is_present(key)):
                continue
            self.cache.note(key, Recipe(value=name, operands=operands, seconds=self.seconds(index)))
            if name in self._kept:
                self.cache.put(key, chunk, array)

    def _outputs(
        self, prepared: Prepared, boundaries: Mapping[str, Any], valid: int, *, on_host: bool = False
    ) -> Leaves:
        network = self.engine.network
        values = (network.values[name] for name in network.outputs)
        formats = [None if value.site is None else prepared.assignment.formats[value.site] for value in values]
        outputs = tuple(
            output_values(network.values[name], fmt, boundaries[name], on_host=on_host)
            for name, fmt in zip(network.outputs, formats, strict=True)
        )
        return valid_rows(outputs, valid)


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """A chunk's samples: the numbers of those that count, and of all rows, the padding included."""

    places: NDArray[np.int64]
    padded: NDArray[np.int64]

    @property
    def valid(self) -> int:
        """The rows that count."""
        return len(self.places)


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What was made of a chunk: all boundaries at hand, its valid rows, and by layer (-1 - i: input i) what is new."""

    chunk: int
    boundaries: dict[str, Any]
    valid: int
    steps: list[tuple[int, dict[str, Any]]]

    def add(self, index: int, made: dict[str, Any]) -> None:
        """Add what a layer made."""
        self.boundaries.update(made)
        self.steps.append((index, made))


def _next(waiting: deque[int]) -> int | None:
    """Take the next, whichever threads take others; None where none is left."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _read_values(layer: Any) -> tuple[str, ...]:
    operands: tuple[Operand, ...] = layer.operands if layer.bias is None else (*layer.operands, layer.bias)
    return tuple(dict.fromkeys(operand.value for operand in operands if operand.value is not None))


def _worth_keeping(network: Network) -> frozenset[str]:
    """Return the values from which a change can start: outputs, and what a layer with types of its own reads.

    What only pass-through layers read is never the nearest boundary, since they change with it alone.
    """
    kept = set(network.outputs)
    for layer in network.layers:
        if not isinstance(layer.operation, PassThrough):
            kept.update(_read_values(layer))
    return frozenset(kept)
