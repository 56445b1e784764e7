"""Running a notebook's cells in the kernel that JupyterLab will show it with.

JupyterLab shows an output only where its own page ran the cell, or where the file holds it. So the cells run here, in
a kernel that the server keeps for this notebook's path; the file with their outputs is saved through the server,
which signs it as trusted; and the page, opened after that, connects to the same living kernel and its widgets.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bitwindow.demo.server import Server
from bitwindow.errors import SettingError

SECONDS_FOR_A_KERNEL = 120
SECONDS_FOR_A_CELL = 300
OUTPUTS = {"stream", "display_data", "execute_result", "error"}


def run_notebook(server: Server, name: str, report: Callable[[int, int], None]) -> str | None:
    """Run all code cells of a notebook and save it with their outputs.

    Args:
        server: that shows the notebook.
        name: of the notebook in the server's folder.
        report: is called before each code cell with its number, from 1, and with the count of them.

    Returns:
        None, or the last line of the error that a cell ended with; the cells after it have not run.

    Raises:
        SettingError: the kernel does not start or answer.
    """
    notebook = server.call("GET", f"contents/{quote(name)}?type=notebook")["content"]
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    client = _connect(server, name)
    failure = None
    try:
        for number, cell in enumerate(cells, 1):
            report(number, len(cells))
            failure = _run_cell(client, cell)
            if failure is not None:
                break
    finally:
        client.stop_channels()
    for cell in cells:
        cell["metadata"]["trusted"] = (
            True  # the server signs what it is told to trust, and keeps the mark out of the file
        )
    server.call("PUT", f"contents/{quote(name)}", {"type": "notebook", "format": "json", "content": notebook})
    return failure


def _connect(server: Server, name: str) -> Any:
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_core.paths import jupyter_runtime_dir

    session = server.call(
        "POST", "sessions", {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
    )
    client = BlockingKernelClient()
    client.load_connection_file(str(Path(jupyter_runtime_dir()) / f"kernel-{session['kernel']['id']}.json"))
    # Without heartbeats: on a busy machine a kernel that still imports misses some, and would be taken for dead.
    client.start_channels(hb=False)
    try:
        client.wait_for_ready(timeout=SECONDS_FOR_A_KERNEL)
    except RuntimeError as error:
        client.stop_channels()
        raise SettingError(f"demo: the notebook's kernel did not answer ({error}). Start the demo again.") from error
    return client


def _run_cell(client: Any, cell: dict[str, Any]) -> str | None:
    from queue import Empty

    outputs: list[dict[str, Any]] = []
    clearing = False

    def keep(message: dict[str, Any]) -> None:
        nonlocal clearing
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "clear_output":
            clearing = bool(content.get("wait"))
            if not clearing:
                outputs.clear()
        if kind in OUTPUTS:
            if clearing:
                outputs.clear()
                clearing = False
            _append(outputs, kind, content)

    try:
        reply = client.execute_interactive(
            cell["source"], output_hook=keep, allow_stdin=False, timeout=SECONDS_FOR_A_CELL
        )
    except (Empty, TimeoutError):
        return f"a cell took longer than {SECONDS_FOR_A_CELL} s"
    cell["outputs"] = outputs
    cell["execution_count"] = reply["content"].get("execution_count")
    if reply["content"]["status"] == "ok":
        return None
    return f"{reply['content'].get('ename')}: {reply['content'].get('evalue')}"


def _append(outputs: list[dict[str, Any]], kind: str, content: dict[str, Any]) -> None:
    output = {"output_type": kind, **{key: value for key, value in content.items() if key != "transient"}}
    last = outputs[-1] if outputs else {}
    if kind == "stream" and last.get("output_type") == kind and last["name"] == output["name"]:
        last["text"] += output["text"]
    else:
        outputs.append(output)
