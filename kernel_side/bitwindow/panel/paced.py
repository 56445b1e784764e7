"""Call something at most so often, and never leave the last call out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Paced:
    """Calls ``action`` now, or once when ``seconds`` have passed since the last time; ``close`` ends it.

    Args:
        action: What to call, from any thread.
        seconds: The least time between two calls.
    """

    def __init__(self, action: Callable[[], object], seconds: float) -> None:
        self._action = action
        self._seconds = seconds
        self._lock = threading.Lock()
        self._last = float("-inf")
        self._timer: threading.Timer | None = None
        self._closed = False

    def __call__(self) -> None:
        """Ask for a call."""
        with self._lock:
            if self._closed or self._timer is not None:
                return
            wait = self._last + self._seconds - time.monotonic()
            if wait > 0:
                self._timer = threading.Timer(wait, self._run)
                self._timer.daemon = True
                self._timer.start()
                return
            self._last = time.monotonic()
        self._action()

    def close(self) -> None:
        """Make no call any more; a second time does nothing."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()

    def _run(self) -> None:
        with self._lock:
            self._timer = None
            self._last = time.monotonic()
            if self._closed:
                return
        self._action()
