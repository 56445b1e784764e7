"""One comm to one page of a browser: it pushes the list of quantizers and answers requests."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from bitwindow.channel.listing import listing
from bitwindow.channel.requests import answer
from bitwindow.channel.throttle import Throttle
from bitwindow.registry.announce import running_kernel
from bitwindow.registry.living import QUANTIZERS
from bitwindow.registry.subshells import handle_where_asked

SECONDS_BETWEEN_PUSHES = 0.2
PROCESS = uuid.uuid4().hex
"""Another one after a restart of the kernel, when quantizers are numbered from 1 again."""

_CONNECTIONS: dict[str, Connection] = {}
_LOCK = threading.RLock()


def connect(comm: Any, message: dict[str, Any]) -> None:
    """Make a connection of a comm that a page has opened.

    A page that was loaded again names the one it was before, whose connection nobody else would close.
    """
    said = message["content"]["data"]
    client = str(said.get("client", comm.comm_id))
    with _LOCK:
        gone = [_CONNECTIONS[name] for name in {client, said.get("replaces")} if name in _CONNECTIONS]
        made = Connection(comm, client)
    for before in gone:
        before.close()
    with _LOCK:
        _CONNECTIONS[client] = made
    made.push()


def connections() -> list[Connection]:
    """Return the open connections."""
    with _LOCK:
        return list(_CONNECTIONS.values())


class Connection:
    """Follows all quantizers for one page.

    Args:
        comm: The open comm.
        client: The page's own name.
    """

    def __init__(self, comm: Any, client: str) -> None:
        self.client = client
        self._comm = comm
        self._throttle = Throttle(self.push, SECONDS_BETWEEN_PUSHES)
        self._lock = threading.RLock()
        self._listening: dict[int, Callable[[], None]] = {}
        self._last: list[dict[str, Any]] | None = None
        self._closed = False
        self._unwatch = QUANTIZERS.watch(self._throttle.ask)
        handle_where_asked(comm)
        comm.on_msg(self._asked)
        comm.on_close(lambda _message: self.close())

    @property
    def listeners(self) -> int:
        """How many quantizers are listened to."""
        return len(self._listening)

    def push(self) -> None:
        """Send the list of quantizers, if it differs from what was sent last."""
        with self._lock:
            if self._closed:
                return
            self._listen()
            found = listing()
            if found != self._last:
                self._last = found
                self.send({"kind": "sessions", "process": PROCESS, "sessions": found})

    def send(self, content: dict[str, Any]) -> None:
        """Send a message to the page."""
        if not self._closed:
            self._comm.send(content)

    def close(self) -> None:
        """Stop following; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._unwatch()
            self._throttle.stop()
            for stop in self._listening.values():
                stop()
            self._listening.clear()
        with _LOCK:
            if _CONNECTIONS.get(self.client) is self:
                del _CONNECTIONS[self.client]
        # As if its page had closed it. To close it here would tell the page that came after, which does not know it; so
        # would a comm that is dropped while it is open.
        manager, known = running_kernel().comm_manager, self._comm.comm_id
        if known in manager.comms:
            manager.comm_close(None, "", {"content": {"comm_id": known}})

    def _listen(self) -> None:
        living = QUANTIZERS.items()
        for number in set(self._listening) - set(living):
            self._listening.pop(number)()
        for number in set(living) - set(self._listening):
            self._listening[number] = living[number].listen(lambda _event: self._throttle.ask())

    def _asked(self, message: dict[str, Any]) -> None:
        request = message["content"]["data"]
        reply = answer(request, self.send)
        self.send({"kind": "reply", "request": request.get("request"), **reply})
        self._throttle.ask()
