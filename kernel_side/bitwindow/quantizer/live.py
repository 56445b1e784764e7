"""The live evaluation: in a thread of its own, layer by layer, abandoned as soon as something changes.

One thread does everything, the most urgent first: the figure of the present types until it is exact; a search for
better types, where one is asked for; then idle work. A change abandons what runs before its next layer.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bitwindow.errors import SettingError
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.budget import default_budget
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import EvaluationData, evaluation_data
from bitwindow.evaluate.engine import Engine
from bitwindow.evaluate.layered import Abandoned, Check, Prepared
from bitwindow.evaluate.metrics import Metric
from bitwindow.evaluate.report import Evaluation
from bitwindow.evaluate.strips import Strip
from bitwindow.quantizer.idle import NO_STRIPS, IdleTime
from bitwindow.quantizer.look_ahead import Spectra
from bitwindow.quantizer.search import Search, SearchTask
from bitwindow.quantizer.state import State
from bitwindow.quantizer.worker import Worker

SECONDS_BETWEEN_FIGURES = 0.05


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """What one step of the thread goes by: the work is stale once the state or the errands are others."""

    generation: int
    errands: int
    bench: Bench | None
    state: State | None
    task: SearchTask | None
    settled: bool
    idle: bool


class LiveEvaluation(Worker):
    """Keeps ``evaluation`` the figure of the present state, or on its way to it, and ``strips`` those of its sites.

    Args:
        engine: The network's executions.
        lock: The quantizer's own: it guards the state, and what belongs to it here.
        present: Returns the present state; weak.
        spectra: Returns the spectrum of every site; weak.
        notify: Tells the listeners of an event; called without the lock, from the thread; weak.
    """

    def __init__(
        self,
        engine: Engine,
        lock: threading.RLock,
        present: Callable[[], State],
        spectra: Callable[[], Spectra],
        notify: Callable[[str], None],
    ) -> None:
        super().__init__(lock)
        self._engine = engine
        self._present = weakref.WeakMethod(present)
        self._notify = weakref.WeakMethod(notify)
        self._idle = IdleTime(engine, spectra, self.weak_wait())
        self._generation = 0
        self._errands = 0
        self._bench: Bench | None = None
        self._task: SearchTask | None = None
        self._settled = True
        self._shown: tuple[State, Evaluation] | None = None
        self._cache_bytes = default_budget()
        self.search: Search | None = None
        self.strips: Mapping[str, Strip] = NO_STRIPS

    # ------------------------------------------------------------------ what is asked of it

    @property
    def evaluation(self) -> Evaluation | None:
        """The figure of the present state; never that of another."""
        shown, bench = self._shown, self._bench
        if shown is None or bench is None:
            return None
        state = self._present_state()
        if state is None or _same(shown[0], state):
            return shown[1]
        return bench.blank()

    def watch(self, x: object, y: Any, metric: Metric) -> None:
        """Evaluate on this data from now on.

        Raises:
            DataError: If the data does not fit the model.
        """
        data = evaluation_data(self._engine, x, y, metric)
        with self._news:
            self._open(data)
            self.restart()

    def restart(self) -> None:
        """Abandon what runs and evaluate the present state; what is known of it already is shown at once."""
        with self._news:
            state, bench = self._present_state(), self._bench
            self._task = self.search = None
            if bench is None or state is None:
                return
            self._generation += 1
            self._settled = False
            self._idle.begin_again()
            known = bench.recall(state.assignment, state.modes)
            figure = bench.blank() if known is None else bench.figure(known)
            self._shown = (state, figure)
            self.strips = self._idle.strips(state)
            self._start()
            self._news.notify_all()

    def focus(self, site: str | None) -> None:
        """Look ahead at this site's windows first; None: at none."""
        self._differently(lambda: setattr(self._idle, "focus", site))

    def set_look_ahead(self, *, wanted: bool) -> None:
        """Use idle time, or leave it alone."""
        self._differently(lambda: setattr(self._idle, "wanted", wanted))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave idle time alone while something else needs the machine."""
        self._differently(lambda: setattr(self._idle, "pauses", self._idle.pauses + 1))
        try:
            yield
        finally:
            self._differently(lambda: setattr(self._idle, "pauses", self._idle.pauses - 1))

    def begin_search(self, task: SearchTask) -> None:
        """Search for better types as soon as the present figure is exact; a search that runs gives way."""

        def begin() -> None:
            self._task, self.search = task, Search()

        self._differently(begin)
        self._tell("search")

    def stop_search(self) -> None:
        """Abandon the search, if there is one; the types stay as they are."""

        def end() -> None:
            self._task = self.search = None

        self._differently(end)
        self._tell("search")

    def _differently(self, change: Callable[[], None]) -> None:
        """Change what is to be done besides the present figure."""
        with self._news:
            change()
            self._errands += 1
            self._idle.begin_again()
            if self._bench is not None:
                self._start()
            self._news.notify_all()

    @property
    def look_ahead(self) -> bool:
        """Whether idle time is used."""
        return self._idle.wanted

    @property
    def bench(self) -> Bench | None:
        """What is known of the watched data."""
        return self._bench

    @property
    def cache_bytes(self) -> int:
        """The budget for cached boundaries."""
        return self._cache_bytes

    def resize(self, budget: object) -> None:
        """Set the budget for cached boundaries; takes effect with the next change.

        Raises:
            SettingError: If it is no integer >= 0.
        """
        if isinstance(budget, bool) or not isinstance(budget, int) or budget < 0:
            message = f"cache_bytes: wanted an integer of bytes, 0 or more, got {budget!r}. 2**30 is one GiB."
            raise SettingError(message)
        with self._news:
            self._cache_bytes = budget
        self.restart()

    def stop(self) -> None:
        """Abandon what runs, forget the data, and wait for the thread to end."""
        with self._news:
            self._bench = self._shown = self._task = self.search = None
            self._idle.close()
            self._settled, self.strips = True, NO_STRIPS
            self._generation += 1
            self._news.notify_all()
        self._join()
        self._idle.join()

    def wait(self, timeout: float | None = None, *, idle: bool = False) -> bool:
        """Wait until the figure is exact or failed, with ``idle`` until nothing runs; return whether that is so."""
        with self._news:
            return self._news.wait_for(lambda: self._thread is None if idle else self._settled, timeout)

    # ------------------------------------------------------------------ the thread

    def _turn(self) -> _Turn:
        with self._news:
            failed = self._shown is not None and self._shown[1].error is not None
            return _Turn(
                generation=self._generation,
                errands=self._errands,
                bench=self._bench,
                state=self._present_state(),
                task=self._task,
                settled=self._settled,
                idle=self._idle.is_used and not failed,
            )

    def _step(self) -> bool:
        """Do the most urgent work; return whether there may be more."""
        turn = self._turn()
        try:
            if turn.bench is not None and turn.state is not None:
                if not turn.settled:
                    self._evaluate(turn.bench, turn.state, turn.generation)
                    return True
                if turn.task is not None:
                    self._seek(turn.task, turn)
                    return True
                if turn.idle and self._use_idle_time(turn.bench, turn.state, turn):
                    return True
        except Abandoned:
            return True
        return not self._end(turn)

    def _end(self, turn: _Turn) -> bool:
        """End the thread, unless something came up since the turn began."""
        with self._news:
            if turn.state is not None and (turn.generation, turn.errands) != (self._generation, self._errands):
                return False
            self._ended()
            return True

    def _check_of(self, turn: _Turn) -> Check:
        """Return what raises ``Abandoned`` once a turn's work is stale."""
        begun = turn.generation, turn.errands

        def check() -> None:
            if begun != (self._generation, self._errands) or self._present() is None:
                raise Abandoned

        return check

    def _evaluate(self, bench: Bench, state: State, generation: int) -> None:
        def check() -> None:
            if generation != self._generation or self._present() is None:
                raise Abandoned

        published = 0.0
        try:
            prepared = self._begin(bench, state, check)
            outcome = bench.outcome(prepared)
            self._publish(generation, state, bench.figure(outcome))
            while outcome.n < bench.data.total:
                bench.advance_far(prepared, check)
                if outcome.n == bench.data.total or time.monotonic() - published > SECONDS_BETWEEN_FIGURES:
                    self._publish(generation, state, bench.figure(outcome))
                    published = time.monotonic()
        except Abandoned:
            raise
        except Exception as error:  # noqa: BLE001  (whatever fails in the thread is told to the user)
            self._publish(generation, state, bench.blank(error=f"{error}" or type(error).__name__))

    def _begin(self, bench: Bench, state: State, check: Check) -> Prepared:
        check()
        if bench.cache.budget != self._cache_bytes:
            bench.cache.resize(self._cache_bytes)
        prepared = bench.prepare(state.assignment, state.modes)
        bench.cache.begin(prepared.keys.values())
        return prepared

    def _publish(self, generation: int, state: State, figure: Evaluation) -> None:
        with self._news:
            if generation != self._generation:
                raise Abandoned
            self._shown = (state, figure)
            if not figure.running:
                self._settled = True
                self._news.notify_all()
        self._tell("evaluation")

    # ------------------------------------------------------------------ besides the present figure

    def _seek(self, task: SearchTask, turn: _Turn) -> None:
        """Do a search and let its types be taken over; an error stands in ``search`` until the next change."""
        check = self._check_of(turn)

        def progress(evaluations: int, best: str) -> None:
            self._show_search(check, Search(evaluations=evaluations, best=best))

        try:
            found = task.work(check, progress)
        except Abandoned:
            raise
        except Exception as error:  # noqa: BLE001  (whatever fails in the thread is told to the user)
            failed = replace(self.search or Search(), running=False, error=f"{error}" or type(error).__name__)
            self._show_search(check, failed)
            return
        self._show_search(check, None)
        adopt = task.adopt()
        if adopt is not None:
            adopt(task, found)

    def _show_search(self, check: Check, search: Search | None) -> None:
        with self._news:
            check()
            self.search = search
            if search is None or not search.running:
                self._task = None
        self._tell("search")

    def _use_idle_time(self, bench: Bench, state: State, turn: _Turn) -> bool:
        check = self._check_of(turn)
        more = self._idle.step(bench, state, check)
        if self._idle.is_time_to_show(at_once=not more):
            with self._news:
                check()
                strips = self._idle.strips(state)
                changed, self.strips = strips != self.strips, strips
            if changed:
                self._tell("strips")
        return more

    # ------------------------------------------------------------------ inside

    def _open(self, data: EvaluationData) -> None:
        self._bench = Bench(self._engine, data, BoundaryCache(self._cache_bytes))
        self._idle.open(self._bench)

    def _present_state(self) -> State | None:
        present = self._present()
        return None if present is None else present()

    def _tell(self, event: str) -> None:
        notify = self._notify()
        if notify is not None:
            notify(event)


def _same(one: State, other: State) -> bool:
    if one is other:
        return True
    types, others = one.assignment, other.assignment
    return (types.formats, types.corrected, one.modes) == (others.formats, others.corrected, other.modes)
