"""A kernel's comm without a kernel, and a small quantizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from comm.base_comm import CommManager

import bitwindow as bw
from bitwindow.channel import connection


class FakeComm:
    """Keeps what is sent; ``receive`` plays the page."""

    def __init__(self) -> None:
        self.comm_id = f"comm-{id(self)}"
        self.sent: list[dict[str, Any]] = []
        self._heard: Callable[[dict[str, Any]], None] = lambda _message: None
        self._left: Callable[[dict[str, Any]], None] = lambda _message: None

    def on_msg(self, callback: Callable[[dict[str, Any]], None]) -> None:
        self._heard = callback

    def on_close(self, callback: Callable[[dict[str, Any]], None]) -> None:
        self._left = callback

    def send(self, content: dict[str, Any]) -> None:
        self.sent.append(content)

    def receive(self, **request: Any) -> dict[str, Any]:
        """Ask for something; return the reply."""
        self._heard({"content": {"data": {"request": 7, **request}}})
        return next(sent for sent in reversed(self.sent) if sent["kind"] == "reply")

    def handle_close(self, message: dict[str, Any]) -> None:
        self._left(message)

    def leave(self) -> None:
        self._left({})


class FakeKernel:
    """Has open comms."""

    def __init__(self) -> None:
        self.comm_manager = CommManager()
        self.comms: dict[str, Any] = self.comm_manager.comms
        self.shell = self
        self.user_ns: dict[str, Any] = {}


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    made = FakeKernel()
    for place in ("bitwindow.channel.connection", "bitwindow.channel.listing"):
        monkeypatch.setattr(f"{place}.running_kernel", lambda: made)
    return made


@pytest.fixture
def page(kernel: FakeKernel) -> Callable[..., FakeComm]:
    """Opens a comm as a page does."""

    def opened(client: str, replaces: str = "") -> FakeComm:
        comm = FakeComm()
        kernel.comms[comm.comm_id] = comm
        connection.connect(comm, {"content": {"data": {"client": client, "replaces": replaces}}})
        return comm

    return opened


def network(params: dict[str, Any], x: jax.Array) -> jax.Array:
    return jax.nn.relu(x @ params["kernel"])


@pytest.fixture(scope="module")
def calibrated() -> bw.Quantizer:
    random = np.random.default_rng(0)
    x = random.normal(size=(16, 4)).astype(np.float32)
    params = {"kernel": random.normal(size=(4, 3)).astype(np.float32)}
    return bw.Quantizer(bw.Model(network, params, x[:1], name="<b>net</b>")).calibrate(x, progress=False)
