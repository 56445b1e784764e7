"""The live evaluation: in a thread of its own, chunk by chunk, abandoned as soon as something changes.

No thread lives while nothing is to be evaluated; a change during a run makes the same thread start again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from bitwindow.calibrate.batches import chunks, leaves_of
from bitwindow.evaluate.engine import Engine, Leaves, valid_rows
from bitwindow.evaluate.metrics import Metric
from bitwindow.evaluate.report import Evaluation
from bitwindow.evaluate.score import score
from bitwindow.evaluate.validate import checked_labels
from bitwindow.quantizer.state import State

ORDER_SEED = 20240229


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The validation data in its fixed random order, the metric, and what the samples' places were."""

    arguments: Any
    labels: Any
    order: NDArray[np.int64]
    metric: Metric


def watched(engine: Engine, x: object, y: Any, metric: Metric) -> Watched:
    """Check the validation data and put it into a fixed random order, so that its first part is a fair sample."""
    leaves = leaves_of(x, engine.spec, where="validation data")
    labels = checked_labels(y, len(leaves[0]))
    order = np.random.default_rng(ORDER_SEED).permutation(len(leaves[0]))
    arguments = jax.tree.unflatten(engine.spec.structure, [leaf[order] for leaf in leaves])
    return Watched(
        arguments=arguments,
        labels=jax.tree.map(lambda part: np.asarray(part)[order], labels),
        order=order,
        metric=metric,
    )


class LiveEvaluation:
    """Keeps ``evaluation`` the figure of the present state, or on its way to it."""

    def __init__(self, engine: Engine, present: Callable[[], State], notify: Callable[[str], None]) -> None:
        self._engine = engine
        self._present = present
        self._notify = notify
        self._lock = threading.Lock()
        self._generation = 0
        self._thread: threading.Thread | None = None
        self._watched: Watched | None = None
        self._float: tuple[Watched, float] | None = None
        self.evaluation: Evaluation | None = None

    def watch(self, x: object, y: Any, metric: Metric) -> None:
        """Evaluate on this data from now on.

        Raises:
            DataError: If the data does not fit the model.
        """
        data = watched(self._engine, x, y, metric)
        with self._lock:
            self._watched = data
        self.restart()

    def restart(self) -> None:
        """Abandon what runs and evaluate the present state."""
        with self._lock:
            if self._watched is None:
                return
            self._generation += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="bitwindow-evaluation", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Abandon what runs, forget the data, and wait for the thread to end."""
        with self._lock:
            self._watched = None
            self._generation += 1
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self.evaluation = None

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing runs; return whether that is so."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _work(self) -> None:
        while True:
            with self._lock:
                generation, data = self._generation, self._watched
            if data is not None:
                try:
                    self._evaluate(generation, data)
                except Exception as error:  # noqa: BLE001  (whatever fails in the thread is told to the user)
                    self._publish(generation, replace(self._blank(data), error=f"{error}", running=False))
            with self._lock:
                if generation == self._generation:
                    self._thread = None
                    return

    def _evaluate(self, generation: int, data: Watched) -> None:
        state, engine = self._present(), self._engine
        self._publish(generation, self._blank(data))
        float_metric = self._float_metric(generation, data)
        if float_metric is None:
            return
        stored = engine.store(state.assignment, state.modes)
        parts: list[Leaves] = []
        n, total = 0, len(data.order)
        for chunk in chunks(data.arguments, engine.spec, engine.network.batch):
            run = engine.executor.run(
                stored,
                state.assignment,
                state.modes,
                chunk.leaves,
                first_sample=data.order[chunk.first : chunk.first + chunk.valid],
                valid=chunk.valid,
                tally=False,
            )
            parts.append(valid_rows(run.outputs, chunk.valid))
            n += chunk.valid
            so_far = score(data.metric, engine.joined(parts), _first(data.labels, n), n, total)
            figure = Evaluation(
                metric_name=data.metric.name,
                float_metric=float_metric,
                quantized_metric=so_far.value,
                interval=so_far.interval,
                population=so_far.population,
                n=n,
                total=total,
                running=n < total,
            )
            if not self._publish(generation, figure):
                return

    def _float_metric(self, generation: int, data: Watched) -> float | None:
        if self._float is not None and self._float[0] is data:
            return self._float[1]
        parts: list[Leaves] = []
        for _, outputs, _ in self._engine.float_chunks(data.arguments):
            if generation != self._generation:
                return None
            parts.append(outputs)
        n = len(data.order)
        value = score(data.metric, self._engine.joined(parts), data.labels, n, n).value
        self._float = (data, value)
        return value

    def _blank(self, data: Watched) -> Evaluation:
        known = self._float[1] if self._float is not None and self._float[0] is data else None
        return Evaluation(
            metric_name=data.metric.name,
            float_metric=known,
            quantized_metric=None,
            interval=None,
            n=0,
            total=len(data.order),
            running=True,
        )

    def _publish(self, generation: int, figure: Evaluation) -> bool:
        with self._lock:
            if generation != self._generation:
                return False
            self.evaluation = figure
        self._notify("evaluation")
        return True


def _first(labels: Any, n: int) -> Any:
    return jax.tree.map(lambda part: part[:n], labels)
