"""How the benchmarks time things: in turns, the least of several rounds, as other programs run too."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import jax


def seconds(call: Callable[[], object]) -> float:
    """Time one call, its arrays included."""
    start = time.perf_counter()
    jax.block_until_ready(call())  # type: ignore[no-untyped-call]
    return time.perf_counter() - start


def least_seconds(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least time of each call over rounds in which they take turns; a round before them compiles."""
    least = dict.fromkeys(calls, float("inf"))
    for turn in range(rounds + 1):
        for name, call in calls.items():
            spent = seconds(call)
            least[name] = min(least[name], spent if turn else float("inf"))
    return least
