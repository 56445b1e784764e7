"""Where the messages of a page are handled in the kernel: in the subshell that the page asked for."""

from __future__ import annotations

from typing import Any

_ROUTE = "_reply_subshell_for"


def handle_where_asked(comm: Any) -> None:
    """Let a comm's messages be handled in the subshell that their sender names, and by nothing else.

    ipykernel 7.4 hands a message to whichever subshell the kernel last wrote to that comm from. That is meant for code
    that awaits an answer in a running cell, which nothing here does. A thread writes in the name of the kernel's last
    request: then a message waits for a running cell to end, or is refused, for good, where that request came from a
    page that has closed its subshell. Other kernels have no such route, and nothing is changed.

    Args:
        comm: An open comm, or None.
    """
    if comm is not None and hasattr(comm, _ROUTE):
        setattr(comm, _ROUTE, None)
