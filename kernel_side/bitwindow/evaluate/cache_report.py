"""What is cached, for people."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bitwindow.evaluate.bench import Bench


@dataclass(frozen=True, kw_only=True)
class CachedBoundary:
    """The boundaries of one value: what its stored integers take, and how often they were used instead of computed.

    ``present`` says that the present types lead to it. The others, one entry for all of a value's, are held for undo
    and the way back: ``types`` counts the earlier types that they belong to.
    """

    value: str
    bytes: int
    chunks: int
    hits: int
    present: bool
    types: int = 1


@dataclass(frozen=True, kw_only=True)
class CacheReport:
    """All boundaries that are held, those of the present types first; ``chunks`` is how many the data has."""

    budget: int
    bytes: int
    chunks: int
    boundaries: tuple[CachedBoundary, ...]

    def __str__(self) -> str:
        lines = [f"{self.bytes / 2**20:.1f} of {self.budget / 2**20:.1f} MiB hold boundaries"]
        for one in self.boundaries:
            held = f"{one.chunks} of {self.chunks} chunks" if one.present else f"of {one.types} earlier types"
            lines.append(f"{one.value}: {one.bytes / 2**20:.2f} MiB, {held}, {one.hits} hits")
        return "\n".join(lines)


def report(bench: Bench | None, budget: int) -> CacheReport:
    """Return what a bench's cache holds, nothing where there is none."""
    if bench is None:
        return CacheReport(budget=budget, bytes=0, chunks=0, boundaries=())
    cache = bench.cache
    order = {name: place for place, name in enumerate(bench.engine.network.values)}
    merged: dict[tuple[bool, str], CachedBoundary] = {}
    for key, held in cache.snapshot():
        one = CachedBoundary(
            value=cache.value_of(key),
            bytes=held.bytes,
            chunks=len(held.chunks),
            hits=held.hits,
            present=cache.is_present(key),
        )
        name = (one.present, one.value)
        merged[name] = _together(merged[name], one) if name in merged else one
    boundaries = sorted(merged.values(), key=lambda one: (not one.present, order.get(one.value, 0)))
    return CacheReport(budget=budget, bytes=cache.bytes, chunks=bench.data.chunks, boundaries=tuple(boundaries))


def _together(one: CachedBoundary, other: CachedBoundary) -> CachedBoundary:
    return replace(
        one,
        bytes=one.bytes + other.bytes,
        chunks=one.chunks + other.chunks,
        hits=one.hits + other.hits,
        types=one.types + other.types,
    )
