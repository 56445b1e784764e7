"""``bitwindow demo``: the notebook's copy, JupyterLab on it, its cells run, and the page opened."""

from __future__ import annotations

import contextlib
import signal
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bitwindow.demo.notebook import copy_notebook
from bitwindow.demo.run import run_notebook
from bitwindow.demo.server import serving


def launch(folder: Path, *, port: int = 8888, browser: bool = True, run: bool = True) -> None:
    """Show the demo in JupyterLab until the user stops it with Ctrl-C.

    Args:
        folder: for the notebook's copy; made if needed. An edited copy in it is kept.
        port: at 127.0.0.1; the next free one is taken when it is in use.
        browser: whether to open the page, or only to print its address.
        run: whether the cells run before the page opens.

    Raises:
        SettingError: JupyterLab is missing or does not start, or the folder cannot be written to.
    """
    copy = copy_notebook(folder)
    if copy.kept is not None:
        print(f"Your edited {copy.kept} stays as it is.")
    print(f"Starting JupyterLab on {copy.path} ...", flush=True)
    with _ended_by_signals(), serving(copy.path.parent.resolve(), port) as server:
        if server.port != port:
            print(f"Port {port} is in use; using {server.port}.")
        if run:
            failure = run_notebook(server, copy.path.name, _report)
            print("" if failure is None else f"\nThe notebook stopped: {failure}", flush=True)
        address = server.address(copy.path.name)
        print(f"The demo is at {address}\nPress Ctrl-C here to end it.", flush=True)
        if browser:
            webbrowser.open(address)
        server.process.wait()
        print("JupyterLab was shut down.")


def _report(number: int, count: int) -> None:
    print(f"\rRunning the notebook: cell {number} of {count}", end="", flush=True)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the context in order on Ctrl-C, on termination and when the terminal closes."""

    def end(signum: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001  (Python passes them)
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    except KeyboardInterrupt:
        print("\nJupyterLab and its kernels are shut down.", flush=True)
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
