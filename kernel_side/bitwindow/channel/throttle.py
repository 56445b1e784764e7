"""Runs a piece of work soon after it is asked for, and never more often than every so many seconds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

SECONDS_BEFORE = 0.02
"""What is asked for in one go (a change of types and of settings) is done in one go."""


class Throttle:
    """Gathers requests for ``work``, which runs in a thread of its own; the last request is never lost.

    Args:
        work: What to do.
        seconds: Between two runs, at least.
    """

    def __init__(self, work: Callable[[], None], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        # Reentrant, as the garbage collector may ask in the very thread that holds it.
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._last = 0.0
        self._stopped = False

    def ask(self) -> None:
        """Have the work done soon; from any thread, and without waiting."""
        with self._lock:
            if self._stopped or self._timer is not None:
                return
            delay = max(SECONDS_BEFORE, self._last + self._seconds - time.monotonic())
            self._timer = threading.Timer(delay, self._run)
            self._timer.daemon = True
            self._timer.name = "bitwindow-channel"
            self._timer.start()

    def stop(self) -> None:
        """Do nothing from now on."""
        with self._lock:
            self._stopped = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _run(self) -> None:
        with self._lock:
            self._timer = None
            self._last = time.monotonic()
            if self._stopped:
                return
        try:
            self._work()
        except Exception:
            logging.getLogger(__name__).exception("Telling JupyterLab of the quantizers failed")
