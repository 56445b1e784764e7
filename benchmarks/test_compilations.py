"""What compiles: how long warming takes with an empty and with a filled cache on disk, and what changes compile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from bitwindow.demo.compilation_cache import cache_variables

PROGRAM = """
import json, time
import jax
import numpy as np
from benchmarks.demo_types import typed_demo
from bitwindow.execute.modes import Modes
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS
from dataclasses import replace

compiled, missed = [], []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, **_: compiled.append(event) if "backend_compile" in event else None
)
jax.monitoring.register_event_listener(lambda event, **_: missed.append(event) if "cache_misses" in event else None)
demo = typed_demo(8)
executor, types = demo.quantizer._engine.executor, demo.assignment
images = np.zeros((demo.quantizer.network.batch, 28, 28, 1), np.float32)
start = time.perf_counter()
stored = executor.store_parameters(types, Modes())
executor.run(stored, types, Modes(), (images,), 0, 1, tally=False)
first = time.perf_counter() - start
executor.warm(executor.plan(stored, types, Modes()), tally=False)
warm = time.perf_counter() - start - first
before, rng, changes = len(compiled), np.random.default_rng(0), 40
for _ in range(changes):
    site = str(rng.choice([name for name in types.formats if not name.endswith("bias")]))
    fmt = FixedPoint(bool(rng.integers(2)), int(rng.integers(2, 17)), int(rng.integers(-2, 12)))
    types = replace(types, formats={**types.formats, site: fmt})
    modes = Modes(
        rounding=ROUNDINGS[rng.integers(9)],
        overflow=OVERFLOWS[rng.integers(4)],
        accumulator_bits=[None, 16, 24][rng.integers(3)],
    )
    executor.run(executor.store_parameters(types, modes), types, modes, (images,), 0, 1, tally=False)
print(json.dumps({"first": first, "warm": warm, "by changes": len(compiled) - before, "misses": len(missed)}))
"""


def start(folder: Path) -> dict[str, float]:
    environment = {**os.environ, "BITWINDOW_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**environment, **cache_variables(environment)},
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def test_warming_with_an_empty_and_a_filled_cache(tmp_path: Path) -> None:
    for name in ("empty", "filled"):
        figures = start(tmp_path)
        assert figures["by changes"] == 0
        print(
            f"\n{name} cache: first chunk {figures['first']:.1f} s, warming {figures['warm']:.1f} s, "
            f"{figures['misses']:.0f} compilations; 40 random changes compiled {figures['by changes']:.0f}"
        )
    assert figures["misses"] == 0
