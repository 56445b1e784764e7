"""The ``loss`` scheme in the background, on the watched data, while the panel and the kernel stay free."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Self
from weakref import WeakMethod

from bitwindow.assign.assign import follow_biases
from bitwindow.assign.by_channel import PerChannel
from bitwindow.assign.records import Assignment
from bitwindow.errors import DataError
from bitwindow.evaluate.layered import Check
from bitwindow.quantizer.changes import asked
from bitwindow.quantizer.choices import back
from bitwindow.quantizer.loss import SCHEME as LOSS
from bitwindow.quantizer.loss import Progress, choose_by_loss, loss_data
from bitwindow.quantizer.preparing import Preparing
from bitwindow.quantizer.search import Search, SearchTask
from bitwindow.quantizer.site import wanted_site
from bitwindow.quantizer.state import State


class Searching(Preparing):
    """A quantizer that chooses its types by what they do to the metric, now or in the background."""

    def search(
        self,
        word_length: int | None = None,
        *,
        per_channel: PerChannel | None = None,
        keep: Collection[str] = (),
        budget: int | None = None,
    ) -> Self:
        """Choose types by the ``loss`` scheme on the watched data, in the background; listeners hear ``"search"``.

        It begins when the present figure is exact; its types are one step to undo. Any change before its end abandons
        it, and so does ``stop_search``.

        Args:
            word_length: Bits of weights, activations and input; None: as last time.
            per_channel: As for ``assign``; None: as last time.
            keep: Sites whose types stay as they are.
            budget: Most evaluations it may take; None: until nothing gets better, three sweeps at most.

        Raises:
            DataError: If no data is watched, or nothing was calibrated.
            SettingError: If a setting does not exist or is out of range.
        """
        watched, state = self._live.bench, self.state
        if watched is None:
            message = "search: wanted data to measure on, got none. Call q.watch(x, y) first."
            raise DataError(message)
        width = state.word_length if word_length is None else word_length
        begun = asked(state, LOSS, width, per_channel)
        starts = self._starts(begun, keep)
        engine, data, cache_bytes = self._engine, watched.data, self.cache_bytes

        def work(check: Check, progress: Progress) -> Assignment:
            return choose_by_loss(
                engine,
                data,
                starts,
                begun.modes,
                budget=budget,
                cache_bytes=cache_bytes,
                check=check,
                keep=keep,
                progress=progress,
            )

        self._live.begin_search(SearchTask(before=state, begun=begun, work=work, adopt=WeakMethod(self._adopt)))
        return self

    def stop_search(self) -> None:
        """Abandon the search, if there is one; the types stay as they are."""
        self._live.stop_search()

    @property
    def search_progress(self) -> Search | None:
        """How far the search is, or what went wrong in it; None where none runs."""
        return self._live.search

    # ------------------------------------------------------------------ inside

    def _starts(self, state: State, keep: Collection[str], **options: Any) -> Mapping[str, Assignment]:
        """Return what every other scheme chooses for a state's word length; part of ``assign``."""
        raise NotImplementedError

    def _adopt(self, task: SearchTask, found: Assignment) -> None:
        """Take over what a search found, unless something has changed since it began."""

        def adopted(state: State) -> State:
            return replace(task.begun, assignment=found, chosen=found) if state is task.before else state

        self._go(adopted, "formats")

    def _by_loss(
        self,
        starts: Mapping[str, Assignment],
        state: State,
        data: Any,
        metric: str | Callable[[Any, Any], Any] | None,
        budget: int | None,
        keep: Collection[str],
    ) -> Assignment:
        """Search now, in this thread; an interrupt ends it."""
        watched = self._live.bench
        chosen = loss_data(self._engine, data, metric, None if watched is None else watched.data)
        # Outside the lock: it may take long, and whoever changes a type meanwhile need not wait.
        with self._live.paused():
            return choose_by_loss(
                self._engine,
                chosen,
                starts,
                state.modes,
                budget=budget,
                cache_bytes=self.cache_bytes,
                check=lambda: None,
                keep=keep,
            )

    def _kept(self, types: Assignment, state: State, keep: Collection[str]) -> Assignment:
        """Return types with those of some sites as a state has them.

        Raises:
            SettingError: If there is no such site.
        """
        for name in keep:
            if name not in state.assignment.formats:
                raise wanted_site(name, list(state.assignment.formats))
        if not keep:
            return types
        return follow_biases(self._engine.network, back(types, state.assignment, set(keep)))
