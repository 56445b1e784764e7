"""Call something when the hand rests, and now and then while it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Resting:
    """Calls ``action`` once nobody has asked for it for ``rest`` seconds; ``close`` ends it.

    While asking goes on, it is called every ``most`` seconds all the same.

    Args:
        action: What to call, from a thread of its own.
        rest: How long nobody must have asked, in seconds.
        most: The longest time from the first question to the call, in seconds.
    """

    def __init__(self, action: Callable[[], object], rest: float, most: float) -> None:
        self._action = action
        self._rest = rest
        self._most = most
        self._lock = threading.Lock()
        self._first = self._last = 0.0
        self._timer: threading.Timer | None = None
        self._closed = False

    def __call__(self) -> None:
        """Ask for a call."""
        with self._lock:
            self._last = time.monotonic()
            if self._timer is None and not self._closed:
                self._first = self._last
                self._start(min(self._rest, self._most))

    def cancel(self) -> None:
        """Forget what was asked for: it has been done."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def close(self) -> None:
        """Make no call any more; a second time does nothing."""
        self._closed = True
        self.cancel()

    def _start(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._run)
        self._timer.daemon = True
        self._timer.start()

    def _run(self) -> None:
        with self._lock:
            if self._timer is not threading.current_thread():
                return  # cancelled when it was already on its way
            wait = min(self._last + self._rest, self._first + self._most) - time.monotonic()
            if wait > 0:
                self._start(wait)
                return
            self._timer = None
        self._action()
