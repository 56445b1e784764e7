"""JupyterLab is really started here, with everyone's settings moved out of the way."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from bitwindow.demo.notebook import NAME
from bitwindow.demo.run import run_notebook
from bitwindow.demo.server import Server, quiet_variables, serving
from bitwindow.errors import SettingError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shown = tmp_path / "shown"
    shown.mkdir()
    return shown


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, 0) as running:
        yield running


def write_notebook(path: Path, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def is_running(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def test_a_kernel_that_misses_heartbeats_is_not_taken_for_dead(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats = iter([True])
    monkeypatch.setattr("jupyter_client.channels.HBChannel.is_beating", lambda _channel: next(beats, False))
    write_notebook(folder / "tiny.ipynb", "print('here')")
    assert run_notebook(server, "tiny.ipynb", lambda _number, _count: None) is None


def test_jupyterlab_does_not_ask_about_news(server: Server) -> None:
    request = urllib.request.Request(  # noqa: S310 (our own http address)
        f"{server.url}lab/api/settings/@jupyterlab/apputils-extension:notification",
        headers={"Authorization": f"token {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (our own http address)
        shown = json.load(answer)["schema"]["properties"]
    # "none", JupyterLab's own default, is what makes it ask.
    assert shown["fetchNews"]["default"] == "false"
    assert shown["checkForUpdates"]["default"] is False


def test_the_users_own_configuration_stays_in_the_path() -> None:
    path = quiet_variables({"JUPYTER_CONFIG_PATH": "/mine"})["JUPYTER_CONFIG_PATH"]
    assert path.split(os.pathsep)[1:] == ["/mine"]


def test_cells_run_in_the_kernel_that_jupyterlab_keeps_and_their_outputs_are_trusted(
    server: Server, folder: Path
) -> None:
    write_notebook(
        folder / "tiny.ipynb",
        "import os\nx = 6\nprint('a')\nprint('b')",
        "x * 7",
        "from IPython.display import clear_output\nprint('gone')\nclear_output(wait=True)\nprint(os.getpid())",
        "1 / 0",
        "'never'",
    )
    steps: list[tuple[int, int]] = []
    failure = run_notebook(server, "tiny.ipynb", lambda number, count: steps.append((number, count)))
    assert failure == "ZeroDivisionError: division by zero"
    assert steps == [(1, 5), (2, 5), (3, 5), (4, 5)]
    cells = nbformat.read(folder / "tiny.ipynb", as_version=4).cells
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, None]
    assert cells[0].outputs == [{"output_type": "stream", "name": "stdout", "text": "a\nb\n"}]
    assert cells[1].outputs[0].data["text/plain"] == "42"
    assert [output.output_type for output in cells[2].outputs] == ["stream"]
    assert cells[3].outputs[0].ename == "ZeroDivisionError"
    (session,) = server.call("GET", "sessions")
    assert session["path"] == "tiny.ipynb"
    assert session["kernel"]["execution_state"] == "idle"
    shown = server.call("GET", "contents/tiny.ipynb?type=notebook")["content"]
    assert all(cell["metadata"]["trusted"] for cell in shown["cells"])
    kernel = int(cells[2].outputs[0].text)
    assert is_running(kernel)
    server.process.terminate()
    server.process.wait()
    assert not is_running(kernel)


def test_a_refusal_of_the_server_is_an_error_in_words(server: Server) -> None:
    with pytest.raises(SettingError, match=r"JupyterLab did not answer GET contents/none\.ipynb.*404"):
        server.call("GET", "contents/none.ipynb")


def test_a_folder_that_jupyterlab_refuses_is_told_with_its_last_words(tmp_path: Path, folder: Path) -> None:
    with (
        pytest.raises(SettingError, match=r"JupyterLab did not start\. Its last words:"),
        serving(tmp_path / "none", 0),
    ):
        pytest.fail("it should not have started")


def test_the_command_takes_the_next_port_and_leaves_nothing_behind(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "bitwindow", "demo", "--no-browser", "--no-run", f"--port={port}"]
        process = subprocess.Popen([*command, f"--folder={folder}"], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        found = re.search(r"(http://127\.0\.0\.1:(\d+)/lab/tree/\S+)\?token=(\w+)", "".join(lines))
        assert found is not None, lines
        assert int(found[2]) != port
        assert f"Port {port} is in use" in "".join(lines)
        with urllib.request.urlopen(f"{found[1]}?token={found[3]}") as page:  # noqa: S310  (our own http address)
            assert page.status == 200
        runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
        (announced,) = runtime.glob("jpserver-*.json")
        server = int(announced.stem.removeprefix("jpserver-"))
        assert is_running(server)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
    assert "shut down" in rest
    assert process.returncode == 0
    assert not is_running(server)
    assert list(runtime.glob("*.json")) == []
    assert (folder / NAME).is_file()
