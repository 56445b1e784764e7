"""A thread that lives while there is something to do, and keeps nobody alive.

It reaches its owner through a weak reference alone, step by step, so that it ends with the owner; and no thread runs
into the end of the interpreter.
"""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable

from bitwindow.evaluate.layered import Abandoned, Check

_alive: weakref.WeakSet[Worker] = weakref.WeakSet()


class Worker:
    """Has a thread that calls ``_step`` until it says that there is nothing more to do.

    Args:
        lock: Guards whether there is a thread; news are told through it.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._news = threading.Condition(lock)
        self._thread: threading.Thread | None = None
        _alive.add(self)

    def stop(self) -> None:
        """End the thread and wait for its end."""
        raise NotImplementedError

    def weak_wait(self) -> Callable[[float, Check], None]:
        """Return a way to wait so many seconds, or until a check fails, that does not keep this worker alive."""
        reference = weakref.ref(self)

        def wait(seconds: float, check: Check) -> None:
            worker = reference()
            if worker is not None:
                with worker._news:  # noqa: SLF001  (its own)
                    worker._news.wait_for(lambda: _fails(check), seconds)  # noqa: SLF001

        return wait

    def _step(self) -> bool:
        """Do the most urgent work; return whether there may be more."""
        raise NotImplementedError

    def _start(self) -> None:
        """Start the thread, unless there is one; called under the lock."""
        if self._thread is None:
            name = "bitwindow-evaluation"
            self._thread = threading.Thread(target=_work, args=(weakref.ref(self),), name=name, daemon=True)
            self._thread.start()

    def _ended(self) -> None:
        """Tell that the thread ends; called in it, under the lock."""
        self._thread = None
        self._news.notify_all()

    def _join(self) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()


def _work(reference: weakref.ref[Worker]) -> None:
    """Work until there is nothing to do or nobody to do it for."""
    while True:
        worker = reference()
        if worker is None or not worker._step():  # noqa: SLF001  (this is its thread)
            return
        del worker


def _fails(check: Check) -> bool:
    try:
        check()
    except Abandoned:
        return True
    return False


@atexit.register
def _stop_all() -> None:
    """End all threads before the interpreter goes: compiled code must not run into its end."""
    for worker in list(_alive):
        worker.stop()
