"""What idle time is used for: compiling what later changes may need, and the accuracy of windows not tried yet."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.engine import Engine
from bitwindow.evaluate.layered import Abandoned, Check
from bitwindow.evaluate.strips import Strip
from bitwindow.quantizer.look_ahead import LookAhead, Spectra
from bitwindow.quantizer.state import State

SECONDS_BETWEEN_STRIPS = 0.05
SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_BEFORE_COMPILING = 2.0
"""Idle time that passes before all forms are compiled, where nobody looks: who only asks for a figure and leaves must
not find both cores compiling."""
NO_STRIPS: Mapping[str, Strip] = MappingProxyType({})


class IdleTime:
    """The idle work for one quantizer's watched data, a chunk at a time; guarded by its owner's lock.

    Args:
        engine: The network's executions.
        spectra: Returns the spectrum of every site; weak.
        wait: Waits so many seconds, or until the idle work is to be done differently.
    """

    def __init__(self, engine: Engine, spectra: Callable[[], Spectra], wait: Callable[[float, Check], None]) -> None:
        self._engine = engine
        self._spectra = weakref.WeakMethod(spectra)
        self._wait = wait
        self._ahead: LookAhead | None = None
        self._work: Iterator[str] | None = None
        self._last_strips = 0.0
        self._compiling: threading.Thread | None = None
        self.warmed = False
        self.focus: str | None = None
        self.wanted = True
        self.pauses = 0

    def open(self, bench: Bench) -> None:
        """Start anew on other data."""
        self._ahead, self._work = LookAhead(bench, self._engine.network), None

    def close(self) -> None:
        """Forget everything of the data."""
        self._ahead = self._work = None

    def join(self) -> None:
        """Wait until nothing compiles in the background; what compiled goes on to its end."""
        if self._compiling is not None and self._compiling is not threading.current_thread():
            self._compiling.join()

    def begin_again(self) -> None:
        """Work out anew what is to be done."""
        self._work = None

    @property
    def is_used(self) -> bool:
        """Whether there is data and nothing that forbids idle work."""
        return self.wanted and not self.pauses and self._ahead is not None

    def strips(self, state: State) -> Mapping[str, Strip]:
        """Return what is known of other windows under a state."""
        return NO_STRIPS if self._ahead is None else self._ahead.strips(state, state.assignment.formats)

    def step(self, bench: Bench, state: State, check: Check) -> bool:
        """Do one chunk of idle work; return whether there may be more.

        Raises:
            Abandoned: By ``check``.
        """
        work = self._work or self._plan(bench, state, check)
        try:
            more = work is not None and next(work, None) is not None
        except Abandoned:
            raise
        except Exception:
            # A metric that fails on one window's outputs ends the looking ahead, and nothing else.
            logging.getLogger(__name__).exception("Looking ahead failed")
            more = False
        check()
        self._work = work if more else None
        return more

    def is_time_to_show(self, *, at_once: bool) -> bool:
        """Return whether the strips are to be shown now, and not a little later."""
        now = time.monotonic()
        if not at_once and now - self._last_strips < SECONDS_BETWEEN_STRIPS:
            return False
        self._last_strips = now
        return True

    def _plan(self, bench: Bench, state: State, check: Check) -> Iterator[str] | None:
        spectra, ahead, focus = self._spectra(), self._ahead, self.focus
        if ahead is None:
            return None
        known = {} if spectra is None else spectra()

        def compile_all() -> None:
            if not self.warmed:
                self._warm(bench, state, check, at_once=focus is not None)

        return ahead.work(state, focus, known, check, compile_all)

    def _warm(self, bench: Bench, state: State, check: Check, *, at_once: bool) -> None:
        """Compile every form that a change of a width or a mode may need; at once where a panel is open."""

        def stop() -> bool:
            try:
                check()
            except Abandoned:
                return True
            return False

        if not at_once:
            self._wait(SECONDS_BEFORE_COMPILING, check)
        self._pass_compiling(check)
        warm = self._engine.executor.warm
        job = partial(warm, bench.prepare(state.assignment, state.modes).setting, tally=False, stop=stop)
        # A thread of its own: a change must not wait for the compilation that happens to run.
        self._compiling = threading.Thread(target=job, name="bitwindow-compiling", daemon=True)
        self._compiling.start()
        self._pass_compiling(check)
        self.warmed = True

    def _pass_compiling(self, check: Check) -> None:
        """Wait until nothing compiles in the background, unless there is something better to do."""
        check()
        while self._compiling is not None and self._compiling.is_alive():
            self._wait(SECONDS_BETWEEN_LOOKS, check)
            check()
