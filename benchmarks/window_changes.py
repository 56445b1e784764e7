"""What the benchmarks of changes share: a window moved by a bit, and when the listeners hear of its first figure."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

import bitwindow as bw
from benchmarks.layer_times import settle


@dataclass(kw_only=True)
class Row:
    """The times of one site, in seconds, one a round."""

    first: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    layers: list[float] = field(default_factory=list)
    samples: int = 0

    def first_in_ms(self) -> str:
        """Return the median and the 95th percentile of the first estimates."""
        median, last = np.percentile(self.first, [50, 95]) * 1e3
        return f"first estimate (n={self.samples:3}): median {median:6.1f} ms, p95 {last:6.1f} ms"


def moved(q: bw.Quantizer, name: str, steps: int) -> bw.FixedPoint:
    """Return a site's type with its window moved."""
    fmt = q[name].format
    assert isinstance(fmt, bw.FixedPoint)
    return bw.FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length + steps)


class Watcher:
    """Notes when the first figure of a change is told."""

    def __init__(self, q: bw.Quantizer) -> None:
        self.q, self.heard, self.samples = q, 0.0, 0
        q.listen(self._hear)

    def _hear(self, event: str) -> None:
        figure = self.q.evaluation
        if event == "evaluation" and not self.heard and figure is not None and figure.n:
            self.heard, self.samples = time.perf_counter(), figure.n

    def change(self, name: str, fmt: bw.FixedPoint, row: Row) -> None:
        """Change one type, wait for the exact figure, and note both times."""
        self.heard = 0.0
        start = time.perf_counter()
        self.q[name].format = fmt
        settle(self.q)
        row.change.append(time.perf_counter() - start)
        row.first.append(self.heard - start)
        row.samples = self.samples

    def drag(self, name: str, changes: int) -> Row:
        """Move a site's window to and fro, with nothing known of other types, and note every first figure."""
        row = Row()
        for turn in range(changes):
            unseen(self.q)
            self.heard = 0.0
            start = time.perf_counter()
            self.q[name].format = moved(self.q, name, -1 if turn % 2 else 1)
            while not self.heard:
                time.sleep(0.0005)
            row.first.append(self.heard - start)
            row.samples = self.samples
            settle(self.q)
        return row


def unseen(q: bw.Quantizer) -> None:
    """Forget what was measured of other types, so that a change back is a change and no memory."""
    bench = settle(q)
    bench._outcomes.clear()  # noqa: SLF001
    present = set(bench.prepare(q.assignment, q.state.modes).keys.values())
    for key, held in bench.cache.snapshot():
        if key not in present:
            bench.cache.bytes -= held.bytes
            del bench.cache._held[key]  # noqa: SLF001


def unprepared(q: bw.Quantizer) -> None:
    """Forget the parameters stored and the layers planned for any types but the present ones."""
    bench = settle(q)
    bench.layered._prepared.clear()  # noqa: SLF001
    bench.layered._last = None  # noqa: SLF001
    bench.prepare(q.assignment, q.state.modes)
