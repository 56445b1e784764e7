"""Everything that is known about one data set: boundaries, the float network's scores, and outcomes so far.

An outcome is what one choice of types gives; two choices with equal outputs share it. It grows chunk by chunk in the
data's fixed order, and any later visit goes on where the last one stopped.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import closing
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.records import Assignment
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import EvaluationData
from bitwindow.evaluate.engine import Engine, Leaves, valid_rows
from bitwindow.evaluate.fingerprint import Key
from bitwindow.evaluate.intervals import Z_95
from bitwindow.evaluate.layered import Check, Layered, Prepared
from bitwindow.evaluate.outcome import Outcome, Part
from bitwindow.evaluate.paired import difference_interval
from bitwindow.evaluate.report import Evaluation, Interval
from bitwindow.evaluate.score import Score, score
from bitwindow.execute.modes import Modes

MOST_OUTCOMES = 300
AT_ONCE_SECONDS = 0.0005
"""Layers that take less for a chunk run over several chunks from the first on."""


class Bench:
    """Measures one network on one data set under any types.

    Args:
        engine: The network's executions.
        data: The samples.
        cache: For the boundaries; it belongs to this data alone.
    """

    def __init__(self, engine: Engine, data: EvaluationData, cache: BoundaryCache) -> None:
        self.engine, self.data, self.cache = engine, data, cache
        self.layered = Layered(engine, data, cache)
        self.float_outcome = Outcome()
        self._chunk_labels: dict[int, Any] = {}
        self._outcomes: OrderedDict[Key, Outcome] = OrderedDict()
        self._known: OrderedDict[Any, Key] = OrderedDict()

    def prepare(self, assignment: Assignment, modes: Modes) -> Prepared:
        """Make types ready to run; see ``Layered.prepare``."""
        prepared = self.layered.prepare(assignment, modes)
        self._known[_name(assignment, modes)] = prepared.outcome
        if len(self._known) > 4 * MOST_OUTCOMES:
            self._known.popitem(last=False)
        return prepared

    def outcome(self, prepared: Prepared) -> Outcome:
        """Return what is known of these types' outputs; empty at first."""
        found = self._outcomes.setdefault(prepared.outcome, Outcome())
        self._outcomes.move_to_end(prepared.outcome)
        if len(self._outcomes) > MOST_OUTCOMES:
            self._outcomes.popitem(last=False)
        return found

    def recall(self, assignment: Assignment, modes: Modes) -> Outcome | None:
        """Return the outcome of types that were prepared before, without preparing anything."""
        key = self._known.get(_name(assignment, modes))
        return None if key is None else self._outcomes.get(key)

    def advance(self, prepared: Prepared, check: Check, *, keep: bool) -> Outcome:
        """Evaluate the next chunk of these types, and the same chunk of the float network if it is missing.

        Raises:
            Abandoned: By ``check``; what was finished stays known.
        """
        outcome = self.outcome(prepared)
        chunk = outcome.chunks
        outputs = self.layered.run(prepared, chunk, keep=keep, check=check)
        self.advance_float(chunk + 1, check)
        self._add(outcome, outputs, range(chunk, chunk + 1))
        return outcome

    def advance_far(self, prepared: Prepared, check: Check, *, most: int | None = None, keep: bool = True) -> Outcome:
        """Evaluate the next chunks of these types, several at once where that is done sooner than one by one.

        Args:
            prepared: From ``prepare``.
            check: Asked before each layer.
            most: Where to stop, in chunks; None: at the last.
            keep: Whether boundaries are held for later changes.

        Raises:
            Abandoned: By ``check``; what was finished stays known.
        """
        outcome = self.outcome(prepared)
        left = range(outcome.chunks, self.data.chunks if most is None else most)
        known = left[: max(0, self.float_outcome.chunks - left.start)]
        # The first chunk is an estimate that must not wait for others, unless they take no time.
        if len(known) > 1 and (known.start > 0 or self.layered.cost(prepared, 0) < AT_ONCE_SECONDS):
            joined = known[: self.layered.at_once(prepared, known.start)]
            if len(joined) > 1 and self.data.metric.per_sample:
                outputs = self.layered.run_several(prepared, joined, keep=keep, check=check)
                if outputs is not None:
                    self._add(outcome, outputs, joined)
                    return outcome
            beside = known[: self.layered.side_by_side(prepared, known)]
            if beside:
                with closing(self.layered.run_side_by_side(prepared, beside, keep=keep, check=check)) as made:
                    for chunk, outputs in zip(beside, made, strict=True):
                        self._add(outcome, outputs, range(chunk, chunk + 1))
                return outcome
        return self.advance(prepared, check, keep=keep)

    def advance_float(self, chunks: int, check: Check) -> None:
        """Evaluate the float network's first chunks as far as they are missing."""
        while self.float_outcome.chunks < chunks:
            check()
            chunk = self.float_outcome.chunks
            rows = self.data.rows(chunk)
            outputs, _ = self.engine.observe(self.engine.parameters, *rows.leaves)
            leaves = valid_rows(outputs, rows.valid)
            if self.data.labels is None:
                self._chunk_labels[chunk] = self.data.metric.labels_from(self.engine.joined([leaves]))
            self._add(self.float_outcome, leaves, range(chunk, chunk + 1))

    def value(self, outcome: Outcome) -> Score:
        """Return the metric over the samples of an outcome so far, with its intervals.

        Over all samples it is computed as ``validate`` does, in the data's own order, to the last digit.
        """
        part, scored = outcome.part, outcome.scored
        if scored is not None and scored[0] is part:
            return scored[1]
        value = self._score(part)
        outcome.keep(part, value, complete=part.n == self.data.total)
        return value

    def difference(self, outcome: Outcome, against: Outcome, z: float) -> Interval | None:
        """Return the interval of the whole set's difference between two outcomes, from the samples that both have."""
        one, other = outcome.part, against.part
        n = min(one.n, other.n)
        before, after = other.first(n), one.first(n)
        if n == 0 or before is None or after is None:
            return None
        return difference_interval(after - before, self.data.total, proportion=self.data.metric.proportion, z=z)

    def figure(self, outcome: Outcome) -> Evaluation:
        """Return what is known of an outcome, as it is shown."""
        data, n = self.data, outcome.n
        floats = self.value(self.float_outcome) if self.float_outcome.n else None
        if n == 0:
            return self.blank()
        quantized = self.value(outcome)
        same = self._float_over(quantized.n)
        difference = None if same is None else quantized.value - same
        exact = quantized.n == data.total
        closed = (difference, difference) if exact and difference is not None else None
        return Evaluation(
            metric_name=data.metric.name,
            float_metric=None if floats is None else floats.value,
            float_n=0 if floats is None else floats.n,
            quantized_metric=quantized.value,
            interval=quantized.interval,
            population=quantized.population,
            difference=difference,
            difference_interval=closed or self.difference(outcome, self.float_outcome, Z_95),
            n=quantized.n,
            total=data.total,
            running=not exact,
        )

    def blank(self, *, error: str | None = None) -> Evaluation:
        """Return an evaluation that knows nothing of the types yet, or one that failed."""
        scored = self.float_outcome.scored
        floats = None if scored is None else scored[1]
        return Evaluation(
            metric_name=self.data.metric.name,
            float_metric=None if floats is None else floats.value,
            float_n=0 if floats is None else floats.n,
            quantized_metric=None,
            interval=None,
            n=0,
            total=self.data.total,
            running=error is None,
            error=error,
        )

    # ------------------------------------------------------------------ inside

    def _add(self, outcome: Outcome, outputs: Leaves, chunks: range) -> None:
        metric, n = self.data.metric, len(outputs[0])
        labels = [self._labels(chunk) for chunk in chunks]
        wanted = labels[0] if len(labels) == 1 else _stacked(labels)
        scores = np.asarray(metric.score(self.engine.joined([outputs]), wanted), np.float64)
        per_sample = scores.shape == (n,)
        kept = scores.astype(np.int8) if metric.proportion else scores
        outcome.part = outcome.part.with_chunks(
            len(chunks), n, kept if per_sample else None, None if per_sample and metric.per_sample else outputs
        )

    def _labels(self, chunk: int) -> Any:
        if chunk not in self._chunk_labels:
            self._chunk_labels[chunk] = self.data.labels_of(chunk)
        return self._chunk_labels[chunk]

    def _score(self, part: Part) -> Score:
        data, n = self.data, part.n
        complete = n == data.total
        scores = part.first(n)
        if scores is not None and (data.metric.per_sample or not complete):
            # The same numbers in the same order give the same mean, to the last digit.
            return score(data.metric, None, None, n, data.total, self._in_own_order(scores) if complete else scores)
        outputs = tuple(np.concatenate(leaf) for leaf in zip(*part.outputs, strict=True))
        labels = _stacked([self._labels(chunk) for chunk in range(part.chunks)])
        if complete:
            outputs = tuple(self._in_own_order(leaf) for leaf in outputs)
            labels = jax.tree.map(self._in_own_order, labels)
        return score(data.metric, self.engine.joined([outputs]), labels, n, data.total)

    def _in_own_order(self, part: NDArray[Any]) -> NDArray[Any]:
        ordered = np.empty_like(part)
        ordered[self.data.order] = part
        return ordered

    def _float_over(self, n: int) -> float | None:
        """Return the float network's metric over the first n samples; None where only all of its samples have one."""
        part = self.float_outcome.part
        if n == part.n:
            return self.value(self.float_outcome).value
        scores = part.first(n)
        return None if scores is None or n > part.n else float(scores.mean())


def _name(assignment: Assignment, modes: Modes) -> Any:
    return tuple(assignment.formats.values()), tuple(assignment.corrected.items()), modes


def _stacked(parts: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.concatenate([np.asarray(leaf) for leaf in leaves]), *parts)
