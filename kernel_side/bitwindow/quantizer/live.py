"""The live evaluation: in a thread of its own, layer by layer, abandoned as soon as something changes.

One thread does everything, the most urgent first: the figure of the present types until it is exact; then, in idle
time, compiling what later changes may need, and look-ahead. A change abandons what runs before its next layer. No
thread lives while there is nothing to do, and none outlives the quantizer: it is reached through weak references alone.
"""

from __future__ import annotations

import atexit
import inspect
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from bitwindow.errors import SettingError
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.budget import default_budget
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import EvaluationData, evaluation_data
from bitwindow.evaluate.engine import Engine
from bitwindow.evaluate.layered import Abandoned, Prepared
from bitwindow.evaluate.metrics import Metric
from bitwindow.evaluate.report import Evaluation
from bitwindow.evaluate.strips import Strip
from bitwindow.quantizer.look_ahead import LookAhead, Spectra
from bitwindow.quantizer.state import State

SECONDS_BETWEEN_FIGURES = 0.03
SECONDS_BETWEEN_STRIPS = 0.05
SECONDS_BEFORE_COMPILING = 2.0
"""Idle time that passes before all forms are compiled."""
NO_STRIPS: Mapping[str, Strip] = MappingProxyType({})

_alive: weakref.WeakSet[LiveEvaluation] = weakref.WeakSet()


class LiveEvaluation:
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
        self._engine = engine
        self._news = threading.Condition(lock)
        self._present = weakref.WeakMethod(present)
        self._spectra = weakref.WeakMethod(spectra)
        self._notify = weakref.WeakMethod(notify)
        self._generation = 0
        self._errands = 0
        self._thread: threading.Thread | None = None
        self._bench: Bench | None = None
        self._ahead: LookAhead | None = None
        self._idle: Iterator[str] | None = None
        self._settled = True
        self._warmed = False
        self._shown: tuple[State, Evaluation] | None = None
        self._focus: str | None = None
        self._look_ahead = True
        self._pauses = 0
        self._cache_bytes = default_budget()
        self._last_strips = 0.0
        self.strips: Mapping[str, Strip] = NO_STRIPS
        _alive.add(self)

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
            if bench is None or state is None:
                return
            self._generation += 1
            self._settled, self._idle = False, None
            known = bench.recall(state.assignment, state.modes)
            figure = bench.blank() if known is None else bench.figure(known)
            self._shown = (state, figure)
            self.strips = self._strips_of(state)
            self._start()
            self._news.notify_all()

    def focus(self, site: str | None) -> None:
        """Look ahead at this site's windows first; None: at none."""
        self._idle_differently(lambda: setattr(self, "_focus", site))

    def set_look_ahead(self, *, wanted: bool) -> None:
        """Use idle time, or leave it alone."""
        self._idle_differently(lambda: setattr(self, "_look_ahead", wanted))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave idle time alone while something else needs the machine."""
        self._idle_differently(lambda: setattr(self, "_pauses", self._pauses + 1))
        try:
            yield
        finally:
            self._idle_differently(lambda: setattr(self, "_pauses", self._pauses - 1))

    def _idle_differently(self, change: Callable[[], None]) -> None:
        with self._news:
            change()
            self._errands += 1
            self._idle = None
            if self._bench is not None:
                self._start()
            self._news.notify_all()

    @property
    def look_ahead(self) -> bool:
        """Whether idle time is used."""
        return self._look_ahead

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

    def stop(self, *, wait: bool = True) -> None:
        """Abandon what runs, forget the data, and wait for the thread to end."""
        with self._news:
            self._bench = self._ahead = self._idle = self._shown = None
            self._settled, self.strips = True, NO_STRIPS
            self._generation += 1
            thread = self._thread
            self._news.notify_all()
        if wait and thread is not None and thread is not threading.current_thread():
            thread.join()

    def wait(self, timeout: float | None = None, *, idle: bool = False) -> bool:
        """Wait until the figure is exact or failed, with ``idle`` until nothing runs; return whether that is so."""
        with self._news:
            return self._news.wait_for(lambda: self._thread is None if idle else self._settled, timeout)

    # ------------------------------------------------------------------ the thread

    def _start(self) -> None:
        if self._thread is None:
            name = "bitwindow-evaluation"
            self._thread = threading.Thread(target=_work, args=(weakref.ref(self),), name=name, daemon=True)
            self._thread.start()

    def _step(self) -> bool:
        """Do the most urgent work; return whether there may be more."""
        with self._news:
            bench, state = self._bench, self._present_state()
            turn, settled = (self._generation, self._errands), self._settled
        try:
            if bench is not None and state is not None and not settled:
                self._evaluate(bench, state, turn[0])
                return True
            if bench is not None and state is not None and self._idle_step(bench, state, *turn):
                return True
        except Abandoned:
            return True
        return not self._end(turn, alive=state is not None)

    def _end(self, turn: tuple[int, int], *, alive: bool) -> bool:
        """End the thread, unless something came up since the turn began."""
        with self._news:
            if alive and turn != (self._generation, self._errands):
                return False
            self._thread = None
            self._news.notify_all()
            return True

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
                bench.advance(prepared, check, keep=True)
                if outcome.n == bench.data.total or time.monotonic() - published > SECONDS_BETWEEN_FIGURES:
                    self._publish(generation, state, bench.figure(outcome))
                    published = time.monotonic()
        except Abandoned:
            raise
        except Exception as error:  # noqa: BLE001  (whatever fails in the thread is told to the user)
            self._publish(generation, state, bench.blank(error=f"{error}" or type(error).__name__))

    def _begin(self, bench: Bench, state: State, check: Callable[[], None]) -> Prepared:
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

    # ------------------------------------------------------------------ idle time

    def _idle_step(self, bench: Bench, state: State, generation: int, errand: int) -> bool:
        """Do one chunk of idle work; return whether there was any."""
        with self._news:
            ahead, focus, work = self._ahead, self._focus, self._idle
            failed = self._shown is not None and self._shown[1].error is not None
        if not self._look_ahead or self._pauses or failed or ahead is None:
            return False

        def stop() -> bool:
            return (generation, errand) != (self._generation, self._errands) or self._present() is None

        def check() -> None:
            if stop():
                raise Abandoned

        def compile_all() -> None:
            if not self._warmed:
                # Whoever only asks for a figure and leaves must not find both cores compiling.
                with self._news:
                    self._news.wait_for(stop, SECONDS_BEFORE_COMPILING)
                check()
                self._warm(bench.prepare(state.assignment, state.modes), stop)
                check()
                self._warmed = True

        if work is None:
            spectra = self._spectra()
            work = ahead.work(state, focus, {} if spectra is None else spectra(), check, compile_all)
            del spectra
        return self._advance_idle(work, generation, errand)

    def _advance_idle(self, work: Iterator[str], generation: int, errand: int) -> bool:
        try:
            grown = next(work, None)
        except Abandoned:
            raise
        except Exception:
            # A metric that fails on one window's outputs ends the looking ahead, and nothing else.
            logging.getLogger(__name__).exception("Looking ahead failed")
            grown = None
        with self._news:
            if (generation, errand) != (self._generation, self._errands):
                raise Abandoned
            self._idle = None if grown is None else work
        self._show_strips(generation, at_once=grown is None)
        return grown is not None

    def _show_strips(self, generation: int, *, at_once: bool) -> None:
        now = time.monotonic()
        if not at_once and now - self._last_strips < SECONDS_BETWEEN_STRIPS:
            return
        self._last_strips = now
        with self._news:
            state = self._present_state()
            if generation != self._generation or state is None:
                raise Abandoned
            strips = self._strips_of(state)
            changed, self.strips = strips != self.strips, strips
        if changed:
            self._tell("strips")

    def _strips_of(self, state: State) -> Mapping[str, Strip]:
        return NO_STRIPS if self._ahead is None else self._ahead.strips(state, state.assignment.formats)

    def _warm(self, prepared: Prepared, stop: Callable[[], bool]) -> None:
        """Compile every form that a change of a width or a mode may need."""
        warm = self._engine.executor.warm
        known = inspect.signature(warm).parameters
        warm(prepared.setting, tally=False, **({"stop": stop} if "stop" in known else {}))

    # ------------------------------------------------------------------ inside

    def _open(self, data: EvaluationData) -> None:
        self._bench = Bench(self._engine, data, BoundaryCache(self._cache_bytes))
        self._ahead = LookAhead(self._bench, self._engine.network)

    def _present_state(self) -> State | None:
        present = self._present()
        return None if present is None else present()

    def _tell(self, event: str) -> None:
        notify = self._notify()
        if notify is not None:
            notify(event)


def _work(reference: weakref.ref[LiveEvaluation]) -> None:
    """Work until there is nothing to do or nobody to do it for."""
    while True:
        live = reference()
        if live is None or not live._step():  # noqa: SLF001  (this is its thread)
            return
        del live


def _same(one: State, other: State) -> bool:
    return one is other or (one.assignment.formats == other.assignment.formats and one.modes == other.modes)


@atexit.register
def _stop_all() -> None:
    """End all threads before the interpreter goes: compiled code must not run into its end."""
    for live in list(_alive):
        live.stop()
