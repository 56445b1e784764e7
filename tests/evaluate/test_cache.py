"""The cache of boundaries: its budget, what goes first, and its report."""

from __future__ import annotations

import numpy as np

from bitwindow.evaluate.budget import DEFAULT_BYTES, default_budget
from bitwindow.evaluate.cache import BoundaryCache, Recipe


def array(size: int) -> np.ndarray:
    return np.zeros(size, np.int8)


def filled(budget: int, seconds: dict[bytes, float], *, chunks: int = 2, size: int = 100) -> BoundaryCache:
    """A cache in which every boundary is made from the one before it."""
    cache = BoundaryCache(budget)
    cache.begin(seconds)
    before: tuple[bytes, ...] = ()
    for key, cost in seconds.items():
        cache.note(key, Recipe(value=key.decode(), operands=before, seconds=cost))
        before = (key,)
    for chunk in range(chunks):
        for key in seconds:
            cache.put(key, chunk, array(size))
    return cache


def held(cache: BoundaryCache) -> dict[bytes, list[int]]:
    return {key: sorted(one.chunks) for key, one in cache.snapshot()}


def test_what_costs_least_to_recompute_per_byte_goes_first_and_its_last_chunks_first() -> None:
    cache = filled(580, {b"dear": 3.0, b"cheap": 1.0, b"middle": 2.0})
    assert held(cache) == {b"dear": [0, 1], b"cheap": [0], b"middle": [0, 1]}
    assert cache.bytes == 500


def test_a_boundary_behind_one_that_is_not_held_costs_both_layers() -> None:
    cache = BoundaryCache(320)
    cache.begin([b"a", b"b", b"c"])
    cache.note(b"a", Recipe(value="a", operands=(), seconds=5.0))
    cache.note(b"b", Recipe(value="b", operands=(b"a",), seconds=1.0))
    cache.note(b"c", Recipe(value="c", operands=(), seconds=3.0))
    cache.put(b"b", 0, array(150))
    cache.put(b"c", 0, array(150))
    cache.put(b"c", 1, array(150))
    # b took 1 s of its own and 5 s to make what it is made from, which nobody holds.
    assert held(cache) == {b"b": [0], b"c": [0]}
    # Once that is held, b is the cheapest.
    cache.put(b"a", 0, array(100))
    assert held(cache) == {b"c": [0], b"a": [0]}


def test_boundaries_of_earlier_types_go_before_those_of_the_present() -> None:
    cache = filled(400, {b"old": 100.0, b"older": 100.0})
    cache.begin([b"new"])
    cache.note(b"new", Recipe(value="new", operands=(), seconds=0.001))
    cache.put(b"new", 0, array(100))
    assert cache.get(b"new", 0) is not None
    assert cache.bytes <= 400
    assert not cache.is_present(b"old")


def test_nothing_is_held_beyond_the_budget_and_a_smaller_one_holds_at_once() -> None:
    cache = BoundaryCache(0)
    cache.put(b"a", 0, array(1))
    assert cache.bytes == 0
    cache = filled(10_000, {b"a": 1.0, b"b": 2.0})
    cache.resize(250)
    assert held(cache) == {b"b": [0, 1]}
    assert cache.get(b"a", 0) is None
    assert cache.get(b"b", 1) is not None


class Gpu:
    """What JAX says of a device; there is none here."""

    platform = "gpu"

    def __init__(self, memory: int | None) -> None:
        self._memory = memory

    def memory_stats(self) -> dict[str, int] | None:
        return None if self._memory is None else {"bytes_limit": self._memory}


def test_a_small_gpu_lends_a_quarter_of_its_memory() -> None:
    assert default_budget() == DEFAULT_BYTES
    assert default_budget(Gpu(2**31)) == 2**29
    assert default_budget(Gpu(2**37)) == DEFAULT_BYTES
    assert default_budget(Gpu(None)) == DEFAULT_BYTES
