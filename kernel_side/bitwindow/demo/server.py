"""A JupyterLab of our own: started on the loopback address, spoken to over HTTP, and stopped without a trace."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bitwindow.demo.compilation_cache import cache_variables
from bitwindow.errors import SettingError

SECONDS_TO_START = 60
SECONDS_TO_STOP = 10
PORTS_TO_TRY = 50
QUIET_CONFIG = Path(__file__).parent / "config"
"""A layer of JupyterLab's default settings: a fresh profile else asks about news over the demo's panel."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running JupyterLab. ``url`` ends with a slash; ``token`` lets its user in."""

    process: subprocess.Popen[bytes]
    url: str
    port: int
    token: str

    def address(self, notebook: str) -> str:
        """Return the address that opens a notebook, given by its path under the server's folder."""
        return f"{self.url}lab/tree/{quote(notebook)}?token={self.token}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the server's REST interface and return the parsed answer.

        Raises:
            SettingError: the server refused or did not answer.
        """
        request = urllib.request.Request(  # noqa: S310  (always http://127.0.0.1)
            f"{self.url}api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        try:
            with _DIRECT.open(request, timeout=30) as answer:
                content = answer.read()
        except OSError as error:
            raise SettingError(
                f"demo: JupyterLab did not answer {method} {path} ({error}). Start the demo again."
            ) from error
        return json.loads(content) if content else None


# A proxy that the user has set for the web is not for 127.0.0.1.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextlib.contextmanager
def serving(folder: Path, port: int) -> Iterator[Server]:
    """Run JupyterLab on a folder for the time of the context; afterwards neither it nor a kernel of it runs.

    Args:
        folder: what it shows.
        port: to listen on at 127.0.0.1; the next free one is taken when it is in use.

    Raises:
        SettingError: JupyterLab is not installed, or did not start.
    """
    if find_spec("jupyterlab") is None:
        raise SettingError(
            "demo: wanted JupyterLab, which is not installed. Install it: pip install 'bitwindow[demo]'."
        )
    with tempfile.TemporaryFile() as log:
        process = _start(folder, port, log.fileno())
        try:
            yield _wait_for(process, log)
        finally:
            _stop(process)


def _start(folder: Path, port: int, log: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"]
    command += [
        f"--ServerApp.port={port}",
        f"--ServerApp.port_retries={PORTS_TO_TRY}",
        f"--ServerApp.root_dir={folder}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--ServerApp.allow_root=True")  # in a container there is often no other user
    # By the environment, as a command line can be read by every user of the machine; in a session of its own, as a
    # Ctrl-C in the terminal is ours to answer: Jupyter would ask whether it is meant. The kernels inherit the cache's
    # variables, so that a second start compiles nothing.
    environment = {**os.environ, **cache_variables(os.environ), **quiet_variables(os.environ)}
    environment["JUPYTER_TOKEN"] = secrets.token_hex(24)
    return subprocess.Popen(  # noqa: S603  (no text of the user's but the folder, and no shell)
        command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )


def quiet_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which JupyterLab asks nothing about news; settings that the user has made still win."""
    before = environment.get("JUPYTER_CONFIG_PATH")
    return {"JUPYTER_CONFIG_PATH": os.pathsep.join([str(QUIET_CONFIG), *([before] if before else [])])}


def _wait_for(process: subprocess.Popen[bytes], log: Any) -> Server:
    from jupyter_core.paths import jupyter_runtime_dir

    announced = Path(jupyter_runtime_dir()) / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, KeyError, SettingError):
            found = json.loads(announced.read_text(encoding="utf-8"))
            server = Server(process=process, url=found["url"], port=found["port"], token=found["token"])
            server.call("GET", "status")
            return server
        time.sleep(0.1)
    log.seek(0)
    last = log.read().decode(errors="replace").strip()[-1500:]
    raise SettingError(f"demo: JupyterLab did not start. Its last words:\n{last}\nTry: {sys.executable} -m jupyterlab")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # the server shuts its kernels down, and a kernel ends when its server is gone
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_STOP)
    finally:  # also when a second Ctrl-C cuts the waiting short
        process.kill()
        process.wait()
