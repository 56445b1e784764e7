"""Bit-true execution against the float32 jitted forward of the demo network, in one run: a ratio at 8 and 16 bits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jax
import numpy as np
import pytest

from bitwindow.assign.records import Assignment
from bitwindow.demo.network import forward, initial_parameters
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.model.record import Model
from bitwindow.network.trace import trace
from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 256


def wait(result: object) -> None:
    jax.block_until_ready(result)  # type: ignore[no-untyped-call]


def best_seconds(call: Callable[[], object], rounds: int = 15) -> float:
    """Return the least time of a call; the first one compiles."""
    wait(call())
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        wait(call())
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("bits", [8, 16])
def test_bit_true_execution_against_float(bits: int) -> None:
    params = initial_parameters(0)
    images = np.random.default_rng(0).random((CHUNK, 28, 28, 1), np.float32)
    network = trace(Model(forward, params, images[:1]), CHUNK)
    formats = {
        name: FixedPoint(signed=True, word_length=32, fraction_length=2 * bits - 4)
        if site.kind == "bias"
        else FixedPoint(signed=True, word_length=bits, fraction_length=bits - (1 if site.kind == "weight" else 3))
        for name, site in network.sites.items()
    }
    types = Assignment(formats=formats, reasons=dict.fromkeys(formats, "fixed for the benchmark"))
    executor, modes = Executor(network), Modes()
    stored = executor.store_parameters(types, modes)
    float_forward = jax.jit(forward)
    float_seconds = best_seconds(lambda: float_forward(params, images))
    for tally in (True, False):

        def run_chunk(*, tally: bool = tally) -> object:
            return executor.run(stored, types, modes, (images,), 0, CHUNK, tally=tally).outputs

        seconds = best_seconds(run_chunk)
        print(
            f"{bits} bits, tally {tally}: {seconds * 1e3:.1f} ms for {CHUNK} images, "
            f"{seconds / float_seconds:.2f} times the float32 forward ({float_seconds * 1e3:.1f} ms)"
        )
