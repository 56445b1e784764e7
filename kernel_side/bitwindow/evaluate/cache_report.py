"""What is cached, for people."""

from __future__ import annotations

from dataclasses import dataclass

from bitwindow.evaluate.bench import Bench


@dataclass(frozen=True, kw_only=True)
class CachedBoundary:
    """One boundary: the value whose stored integers are held, and how often they were used instead of computed.

    ``present`` says that the present types lead to it; the others belong to types of before, for undo and the way back.
    """

    value: str
    bytes: int
    chunks: int
    hits: int
    present: bool


@dataclass(frozen=True, kw_only=True)
class CacheReport:
    """All boundaries that are held, those of the present types first; ``chunks`` is how many the data has."""

    budget: int
    bytes: int
    chunks: int
    boundaries: tuple[CachedBoundary, ...]

    def __str__(self) -> str:
        lines = [f"{self.bytes / 2**20:.1f} of {self.budget / 2**20:.1f} MiB hold {len(self.boundaries)} boundaries"]
        for one in self.boundaries:
            age = "" if one.present else ", of earlier types"
            lines.append(
                f"{one.value}: {one.bytes / 2**20:.2f} MiB, {one.chunks} of {self.chunks} chunks, {one.hits} hits{age}"
            )
        return "\n".join(lines)


def report(bench: Bench | None, budget: int) -> CacheReport:
    """Return what a bench's cache holds, nothing where there is none."""
    if bench is None:
        return CacheReport(budget=budget, bytes=0, chunks=0, boundaries=())
    cache = bench.cache
    order = {name: place for place, name in enumerate(bench.engine.network.values)}
    boundaries = [
        CachedBoundary(
            value=cache.value_of(key),
            bytes=held.bytes,
            chunks=len(held.chunks),
            hits=held.hits,
            present=cache.is_present(key),
        )
        for key, held in cache.snapshot()
    ]
    boundaries.sort(key=lambda one: (not one.present, order.get(one.value, 0)))
    return CacheReport(budget=budget, bytes=cache.bytes, chunks=bench.data.chunks, boundaries=tuple(boundaries))
