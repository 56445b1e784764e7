"""What a quantizer says of its accuracy while it is changed: the live figure, the strips, and the memory they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from bitwindow.evaluate.cache_report import CacheReport, report
from bitwindow.evaluate.engine import Engine
from bitwindow.evaluate.metrics import parse_metric
from bitwindow.evaluate.report import Evaluation
from bitwindow.evaluate.strips import Strip
from bitwindow.quantizer.holder import StateHolder
from bitwindow.quantizer.live import LiveEvaluation
from bitwindow.quantizer.site import Site, wanted_site
from bitwindow.quantizer.state import State
from bitwindow.spectrum.record import Spectrum


class Watching(StateHolder):
    """A state whose accuracy on watched data is kept up to date in the background.

    Args:
        state: The first state.
        engine: The network's executions.
    """

    def __init__(self, state: State, engine: Engine) -> None:
        super().__init__(state)
        self._engine = engine
        self._live = LiveEvaluation(engine, self._lock, self._present, self._all_spectra, self._tell)

    def watch(self, x: object, y: Any = None, metric: str | Callable[[Any, Any], Any] = "accuracy") -> Self:
        """Evaluate on this data, in the background, now and after every change; see ``evaluation``.

        Args:
            x: A data set: an array, tuple or dict of arrays.
            y: One label per sample; None takes the float network's outputs (their classes, for a metric of classes).
            metric: As for ``validate``.

        Raises:
            DataError: If data or labels do not fit.
        """
        self._live.watch(x, y, parse_metric(metric))
        return self

    def unwatch(self) -> None:
        """Stop the live evaluation and forget its data; returns when its thread has ended."""
        self._live.stop()
        self._tell("evaluation")
        self._tell("strips")

    @property
    def watched(self) -> bool:
        """Whether there is data to evaluate on."""
        return self._live.bench is not None

    @property
    def evaluation(self) -> Evaluation | None:
        """The live figure of the present types: an estimate over n of N, or exact. None when nothing is watched."""
        return self._live.evaluation

    @property
    def strips(self) -> Mapping[str, Strip]:
        """Accuracy before you drag, by site: every position of its window, the other sites as they are now.

        The mapping is replaced and never changed; listeners hear ``"strips"``. It grows in idle time, from the site in
        ``focus`` on, and holds nothing that is not valid for the present types.
        """
        return self._live.strips

    def focus(self, name: str | None) -> None:
        """Look ahead at this site's windows first (then at its neighbours'); None ends looking ahead.

        Raises:
            SettingError: If there is no such site.
        """
        if name is not None and name not in self._engine.network.sites:
            raise wanted_site(name, list(self._engine.network.sites))
        self._live.focus(name)

    @property
    def look_ahead(self) -> bool:
        """Whether idle time is used: to look ahead, and to compile what later changes may need. Assign to switch."""
        return self._live.look_ahead

    @look_ahead.setter
    def look_ahead(self, wanted: bool) -> None:
        self._live.set_look_ahead(wanted=bool(wanted))

    @property
    def cache_bytes(self) -> int:
        """Bytes that cached boundaries may take, 2**30 at first (on a GPU a quarter of its memory, if less); assign it.

        The budget changes how long a change takes, never a result.
        """
        return self._live.cache_bytes

    @cache_bytes.setter
    def cache_bytes(self, budget: int) -> None:
        self._live.resize(budget)

    def cache_report(self) -> CacheReport:
        """Return what is cached of the watched data: bytes, chunks and hits by boundary."""
        return report(self._live.bench, self._live.cache_bytes)

    def wait(self, timeout: float | None = None, *, idle: bool = False) -> bool:
        """Wait until the live evaluation is exact (or failed); return whether it is.

        Args:
            timeout: Seconds to wait at most; None: without end.
            idle: Wait until the idle work is done, too.
        """
        return self._live.wait(timeout, idle=idle)

    # ------------------------------------------------------------------ inside

    @property
    def sites(self) -> Mapping[str, Site]:
        """All sites by name."""
        raise NotImplementedError

    def _changed(self) -> tuple[str, ...]:
        strips, search = self._live.strips, self._live.search
        self._live.restart()
        changed = {"strips": strips != self._live.strips, "search": search is not None}
        return tuple(event for event, happened in changed.items() if happened)

    def _present(self) -> State:
        return self.state

    def _all_spectra(self) -> dict[str, Spectrum | None]:
        return {name: site.aligned_spectrum for name, site in self.sites.items()}
