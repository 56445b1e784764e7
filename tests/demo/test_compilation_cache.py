from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bitwindow.demo import server
from bitwindow.demo.compilation_cache import cache_folder, cache_variables

PROGRAM = """
import json
import jax
import numpy as np
from tests.execute import networks as build
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes

seen = {}

def count(event, **kwargs):
    seen[event.rsplit("/", 1)[-1]] = seen.get(event.rsplit("/", 1)[-1], 0) + 1

jax.monitoring.register_event_listener(count)
net = build.dense_network(activation=build.RELU)
one = Executor(net)
types = build.assignment(input="sfix8_En5", dense__kernel="sfix8_En6", dense__bias="sfix32_En11", dense="sfix8_En5")
stored = one.store_parameters(types, Modes())
one.run(stored, types, Modes(), (np.ones((4, 6), np.float32),), 0, 4)
one.warm(one.plan(stored, types, Modes()))
print(json.dumps({name: seen.get(name, 0) for name in ("cache_hits", "cache_misses")}))
"""


def run_program(folder: Path) -> dict[str, int]:
    base = {name: value for name, value in os.environ.items() if not name.startswith("JAX_PERSISTENT")}
    base |= {"BITWINDOW_CACHE_DIR": str(folder), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**base, **cache_variables(base)},
        capture_output=True,
        text=True,
        check=True,
    )
    counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return counts


def test_a_second_start_compiles_nothing(tmp_path: Path) -> None:
    first, second = run_program(tmp_path / "cache"), run_program(tmp_path / "cache")
    assert first["cache_misses"] > 0
    assert second["cache_misses"] == 0
    assert second["cache_hits"] >= first["cache_misses"]


def test_the_folder_is_the_users_own_and_can_be_another_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "bitwindow" / "compiled"
    assert cache_folder({}) == Path.home() / ".cache" / "bitwindow" / "compiled"
    assert cache_folder({"BITWINDOW_CACHE_DIR": str(tmp_path / "x")}) == tmp_path / "x"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder({}) == Path.home() / "Library" / "Caches" / "bitwindow" / "compiled"
    monkeypatch.setattr(sys, "platform", "win32")
    assert cache_folder({"LOCALAPPDATA": str(tmp_path)}) == tmp_path / "bitwindow" / "compiled"
    assert cache_variables({"BITWINDOW_CACHE_DIR": ""}) == {}


def test_a_folder_that_cannot_be_written_and_a_cache_of_the_users_are_left_alone(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("in the way")
    assert cache_variables({"BITWINDOW_CACHE_DIR": str(taken / "inside")}) == {}
    own = {"BITWINDOW_CACHE_DIR": str(tmp_path / "x"), "JAX_COMPILATION_CACHE_DIR": "mine"}
    assert cache_variables(own) == {}


def test_the_demos_server_and_so_its_kernels_get_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITWINDOW_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    started: dict[str, dict[str, str]] = {}
    monkeypatch.setattr(subprocess, "Popen", lambda command, *, env, **others: started.update(env=env))
    server._start(tmp_path, 0, 0)
    assert started["env"]["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path.resolve())
