"""Makes the comm known to a running kernel; anywhere else it does nothing and loads nothing."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

TARGET = "bitwindow.sessions"
"""The name by which JupyterLab opens the comm."""


def announce() -> bool:
    """Register the comm's target with the kernel that runs this process; return whether there is one."""
    kernel = running_kernel()
    if kernel is None:
        return False
    kernel.comm_manager.register_target(TARGET, opened)
    kernel.comm_manager.register_comm(Beacon())
    return True


class Beacon:
    """Stands among the kernel's open comms, so that a browser that asks for them learns that this package is imported.

    To try the target and fail would leave an error in the log of every kernel that has nothing to do with it.
    """

    comm_id = "bitwindow.beacon"
    target_name = TARGET

    def handle_msg(self, _message: object) -> None:
        """Nobody writes to it."""

    def handle_close(self, _message: object) -> None:
        """Nobody closes it."""


def running_kernel() -> Any:
    """Return this process's IPython kernel; None outside of one. Nothing is imported for the question."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    kernel = getattr(shell, "kernel", None)
    return kernel if hasattr(kernel, "comm_manager") else None


def opened(comm: Any, message: dict[str, Any]) -> None:
    """Answer a comm that a browser has opened."""
    # By name, as the channel stands above everything that imports this package.
    import_module("bitwindow.channel.connection").connect(comm, message)
