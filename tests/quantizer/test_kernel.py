"""A real kernel amid an evaluation: cells run, an interrupt ends a cell alone, a restart is an orderly end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipykernel")
from jupyter_client.manager import KernelManager

SETUP = """
import atexit, pathlib, threading, time
atexit.register(lambda: pathlib.Path({marker!r}).write_text(str(working())))
def working():
    return sum(thread.name == "bitwindow-evaluation" for thread in threading.enumerate())
import numpy as np
import bitwindow as bw
rng = np.random.default_rng(0)
x = rng.normal(size=(200_000, 6)).astype(np.float32)
w = rng.normal(size=(6, 4)).astype(np.float32)
q = bw.Quantizer(bw.Model(lambda p, x: x @ p, w, x[:2]), batch=2).calibrate(x[:64], progress=False)
q.watch(x, rng.integers(0, 4, 200_000))
"""


class Kernel:
    """A kernel and what its cells print."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self.client: Any = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=240)

    def run(self, code: str) -> tuple[str, str]:
        """Run a cell; return how it ended and what it printed."""
        printed: list[str] = []

        def heard(message: dict[str, Any]) -> None:
            printed.append(str(message["content"].get("text", "")))
            if "waiting" in printed[-1]:
                self.manager.interrupt_kernel()

        reply = self.client.execute_interactive(code, timeout=240, output_hook=heard)
        return reply["content"]["status"], "".join(printed)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    one = Kernel()
    yield one
    one.close()


def test_cells_run_and_a_restart_ends_the_evaluation_in_order(kernel: Kernel, tmp_path: Path) -> None:
    marker = tmp_path / "threads at the end"
    assert kernel.run(SETUP.format(marker=str(marker)))[0] == "ok"
    assert kernel.run("print(working(), q.evaluation.running, q(x[:2]).shape)") == ("ok", "1 True (2, 4)\n")
    status, _ = kernel.run("print('waiting', flush=True)\nwhile True: time.sleep(0.01)")
    assert status == "error"
    assert kernel.run("print(working(), q.evaluation.error)") == ("ok", "1 None\n")
    kernel.manager.restart_kernel(now=False)
    kernel.client.wait_for_ready(timeout=240)
    assert marker.read_text() == "0"
    assert kernel.run("print('q' in globals())") == ("ok", "False\n")
