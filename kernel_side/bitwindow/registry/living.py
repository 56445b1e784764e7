"""The living quantizers by number: known as long as somebody else holds them, and never kept alive from here."""

from __future__ import annotations

import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

Watcher = Callable[[], None]


class Registry:
    """Numbers objects from 1 in the order of their making, and tells watchers when one comes or goes.

    Watchers are called outside the lock, from whatever thread made or dropped an object; they must only take note.
    """

    def __init__(self) -> None:
        # Reentrant, as the garbage collector may drop an object in the very thread that holds it.
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._living: dict[int, weakref.ref[Any]] = {}
        self._watchers: dict[object, Watcher] = {}

    def add(self, thing: object) -> int:
        """Number an object and list it until it is dropped."""
        with self._lock:
            number = next(self._numbers)
            self._living[number] = weakref.ref(thing, lambda _gone: self._drop(number))
        self._tell()
        return number

    def items(self) -> dict[int, Any]:
        """Return the living objects by number, oldest first."""
        with self._lock:
            found = {number: reference() for number, reference in self._living.items()}
        return {number: thing for number, thing in found.items() if thing is not None}

    def get(self, number: int) -> Any:
        """Return an object by its number; None when it is gone."""
        with self._lock:
            reference = self._living.get(number)
        return None if reference is None else reference()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call ``watcher`` after every coming and going; return what ends that."""
        key = object()
        with self._lock:
            self._watchers[key] = watcher

        def unwatch() -> None:
            with self._lock:
                self._watchers.pop(key, None)

        return unwatch

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def _drop(self, number: int) -> None:
        with self._lock:
            self._living.pop(number, None)
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            watchers = list(self._watchers.values())
        for watcher in watchers:
            try:
                watcher()
            except Exception:
                # A quantizer must come to life whatever a front end makes of it.
                logging.getLogger(__name__).exception("A watcher of the quantizers failed")


QUANTIZERS = Registry()
"""Every living quantizer of this process."""
