"""A Jupyter server of our own for a test, and one page in it: what the browser tests stand on."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import nbformat
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, expect

from bitwindow.demo.server import quiet_variables

START_SECONDS = 90
RUN_MILLISECONDS = 120_000

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

NUMBERED = re.compile(r"\[\d+\]")

# A run that is asked for before all this holds is dropped in silence, or makes JupyterLab ask which kernel to take. The
# notebook is looked for, as the shell's current widget may be a tab; its toolbar's indicator is no help, since that of
# JupyterLab 4.4 stays busy when cells run right after a restart.
CONNECTED = """() => {
    const panel = [...window.jupyterapp.shell.widgets('main')].find(
        ({ node }) => node.matches('.jp-NotebookPanel:not(.lm-mod-hidden)'));
    const context = panel?.sessionContext;
    const kernel = context?.session?.kernel;
    return context?.isReady === true && kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""

# Cells that were taken show a star until they have their number.
SETTLED = "prompts => prompts.every(prompt => !prompt.textContent.includes('*'))"

OTHER_PYTHON = os.environ.get("BITWINDOW_LAB_PYTHON", "")
"""The interpreter of another environment, whose JupyterLab is to be tested with these extensions; '' for this one."""

OTHER_KERNEL = os.environ.get("BITWINDOW_KERNEL_PACKAGES", "")
"""A folder with another ipykernel, for the kernels of `OTHER_PYTHON`'s JupyterLab; '' for the one here."""

App = Literal["lab", "notebook", "voila"]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server: its address without a slash at the end, its token, and the folder that it shows."""

    address: str
    token: str
    folder: Path

    def url(self, path: str) -> str:
        """The address of ``path`` on this server, with the token."""
        return f"{self.address}/{path.lstrip('/')}?token={self.token}"


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def isolated_environment(home: Path) -> dict[str, str]:
    """This process's environment with every Jupyter folder of the user moved into ``home``."""
    folders = {f"JUPYTER_{name}_DIR": home / name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
    folders["JUPYTERLAB_SETTINGS_DIR"] = home / "settings"
    folders["JUPYTERLAB_WORKSPACES_DIR"] = home / "workspaces"
    folders["IPYTHONDIR"] = home / "ipython"
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {name: str(folder) for name, folder in folders.items()} | {"JUPYTER_NO_CONFIG": ""}
    environment |= quiet_variables({})
    if OTHER_PYTHON:
        # That JupyterLab finds our extensions and our kernel here; its own environment holds neither.
        environment["JUPYTER_PATH"] = str(home / "ours")
        for name in ("bitwindow", "bitwindow-lab", "bqplot", "bqscales", "@jupyter-widgets"):
            link = home / "ours" / "labextensions" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(Path(sys.prefix) / "share" / "jupyter" / "labextensions" / name)
        kernel = home / "ours" / "kernels" / "python3"
        kernel.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        environ = {"PYTHONPATH": OTHER_KERNEL} if OTHER_KERNEL else {}
        described = {"argv": argv, "display_name": "Python 3", "language": "python", "env": environ}
        (kernel / "kernel.json").write_text(json.dumps(described), encoding="utf-8")
    return environment


def write_notebook(path: Path, *sources: str) -> None:
    """Writes a notebook of code cells that names its kernel, so that JupyterLab does not ask for one."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@contextmanager
def serve(app: App, folder: Path, home: Path) -> Iterator[Server]:
    """Runs ``jupyter lab``, ``notebook`` or ``voila`` on ``folder`` until the block ends.

    Args:
        app: The front end to serve.
        folder: The notebooks to show.
        home: An empty folder for settings and logs.

    Yields:
        The server, once it answers.

    Raises:
        RuntimeError: It ended or did not answer in time; the message holds the end of its log.
    """
    server = Server(address=f"http://127.0.0.1:{free_port()}", token=secrets.token_hex(16), folder=folder)
    log = home / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command(app, server),
            cwd=folder,
            env=isolated_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_it_answers(process, server, log)
        yield server
    finally:
        stop(process)


def command(app: App, server: Server) -> list[str]:
    """The command line that starts ``app``."""
    port = server.address.rpartition(":")[2]
    shared = ["--no-browser", f"--port={port}", f"--ServerApp.root_dir={server.folder}"]
    if app == "voila":
        return [sys.executable, "-m", "voila", *shared[:2], "--Voila.ip=127.0.0.1", f"--token={server.token}", "."]
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    module = {"lab": "jupyterlab", "notebook": "notebook"}[app]
    # The page's own application object is how the tests give commands without hunting through menus.
    options = {"lab": ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"]}
    options["notebook"] = ["--JupyterNotebookApp.expose_app_in_browser=True"]
    return [
        *(OTHER_PYTHON or sys.executable, "-m", module, *shared, "--ip=127.0.0.1", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={server.token}", *as_root, *options[app]),
    ]


def wait_until_it_answers(process: subprocess.Popen[bytes], server: Server, log: Path) -> None:
    """Returns when the server answers a request; raises with its log when it ends or stays silent."""
    patience = time.monotonic() + START_SECONDS
    while time.monotonic() < patience and process.poll() is None:
        try:
            with urllib.request.urlopen(server.url("/"), timeout=5):  # noqa: S310 (our own http address)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    tail = log.read_text(errors="replace")[-4000:]
    msg = f"the server should answer at {server.address} within {START_SECONDS} s, and did not; its log ends:\n{tail}"
    raise RuntimeError(msg)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the server's own process group (its kernels are in sessions that it ends itself)."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass(kw_only=True)
class Lab:
    """One JupyterLab page; ``problems`` gathers what its console reports as an error."""

    page: Page
    server: Server
    screenshots: Path
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listens to the page from the start."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error.message}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def open_notebook(self, path: str) -> None:
        """Opens the notebook ``path`` (relative to the server's folder) and waits until its kernel is idle."""
        # Without the reset JupyterLab also opens the notebooks of the page before, and may show those instead.
        self.page.goto(self.server.url(f"/lab/tree/{path}") + "&reset", wait_until="domcontentloaded")
        expect(self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")).to_be_visible(timeout=60_000)
        self.wait_for_idle()

    def wait_for_idle(self) -> None:
        """Waits until the kernel of the notebook in view is connected and idle, by its own word."""
        self.page.wait_for_function(CONNECTED, timeout=RUN_MILLISECONDS)

    def run_all(self) -> None:
        """Runs every cell and waits until each code cell has its number and the kernel is idle.

        JupyterLab forgets cells, all of them or the later ones, when the connection to the kernel is set up anew while
        they wait, so the run is asked for again until every cell has its number.
        """
        prompts = self.prompts()
        for _ in range(20):
            self.command("notebook:run-all-cells")
            self.page.wait_for_timeout(200)
            waiting = time.monotonic() + RUN_MILLISECONDS / 1000
            while not prompts.evaluate_all(SETTLED) and time.monotonic() < waiting:
                self.page.wait_for_timeout(100)
            if all(NUMBERED.search(text) for text in prompts.all_inner_texts()):
                break
        for index in range(prompts.count()):
            expect(prompts.nth(index)).to_have_text(NUMBERED)
        self.wait_for_idle()

    def prompts(self) -> Locator:
        """The input prompts of the code cells that hold something, in order."""
        cells = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
        return cells.locator(".jp-InputArea-prompt")

    def outputs(self) -> Locator:
        """The output areas of the code cells, in order."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output")

    def command(self, name: str, **arguments: str) -> None:
        """Starts one of JupyterLab's commands; what it does is for the caller to wait for."""
        # Not awaited here: a command may wait for a dialog or for a kernel, and this thread would wait without an end.
        start = """([name, given]) => {
            window.jupyterapp.commands.execute(name, given).catch(error => console.error(`command ${name}:`, error));
        }"""
        self.page.evaluate(start, [name, arguments])

    def theme(self, name: Literal["light", "dark"]) -> None:
        """Switches JupyterLab's theme and waits until it is on."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name.capitalize()}")
        expect(self.page.locator("body")).to_have_attribute(
            "data-jp-theme-light", "true" if name == "light" else "false", timeout=15_000
        )
        # JupyterLab covers the page with its own picture while it changes the theme.
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=15_000)

    def screenshot(self, name: str, target: Locator | None = None) -> Path:
        """Saves what the page (or ``target``) shows as ``name``.png and returns where."""
        self.screenshots.mkdir(parents=True, exist_ok=True)
        path = self.screenshots / f"{name}.png"
        (target or self.page).screenshot(path=path)
        return path

    def unexpected(self, allowed: Sequence[str] = ()) -> list[str]:
        """The problems so far that hold none of the ``allowed`` texts."""
        return [problem for problem in self.problems if not any(text in problem for text in allowed)]

    def shut_kernels(self) -> None:
        """Ends every kernel of the server, so that the next test finds none."""
        if "/lab" not in self.page.url:
            return
        try:
            self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
        except Error as error:
            self.problems.append(f"shutting the kernels down: {error.message}")
