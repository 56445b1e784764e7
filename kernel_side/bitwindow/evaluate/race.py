"""A race of window positions: all start on a small part of the data, and those that cannot win any more drop out.

Racing by confidence bounds: after every round the survivors have seen the same samples; whoever is worse than the
leader with 99.9 % confidence, by the interval of the paired difference, is dropped, and the part of the data doubles.

Source: O. Maron and A. W. Moore, "Hoeffding races", NIPS 6 (1994), here with intervals of paired differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bitwindow.assign.records import Assignment
from bitwindow.errors import ExecutionError
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.layered import Check
from bitwindow.evaluate.outcome import Outcome
from bitwindow.evaluate.strips import StripCell
from bitwindow.execute.modes import Modes
from bitwindow.numbers.format import FixedPoint

Z_999 = 3.2905267314918945
"""The two-sided 99.9 % point of the standard normal distribution."""


@dataclass(kw_only=True)
class Runner:
    """One position: its types, what is known of it, and whether it is out (``failed``: its types cannot run)."""

    fmt: FixedPoint
    assignment: Assignment
    outcome: Outcome = field(default_factory=Outcome)
    dropped: bool = False
    failed: bool = False

    @property
    def runs(self) -> bool:
        """Whether it is still in the race."""
        return not (self.dropped or self.failed)


class Race:
    """The positions of one site at one width.

    Args:
        bench: Where they are evaluated.
        modes: The modes.
        runners: The positions, in the order in which they are looked at.
    """

    def __init__(self, bench: Bench, modes: Modes, runners: Iterable[Runner] = ()) -> None:
        self.bench, self.modes = bench, modes
        self.runners = tuple(runners)

    @property
    def formats(self) -> frozenset[FixedPoint]:
        """The positions' types."""
        return frozenset(runner.fmt for runner in self.runners)

    def add(self, runners: Iterable[Runner]) -> None:
        """Let more positions take part, with nothing known of them yet."""
        self.runners = (*self.runners, *runners)

    def first_look(self, check: Check) -> Iterator[Runner]:
        """Evaluate the first chunk of every position; yields after each chunk."""
        yield from self._all_to(self.runners, 1, check)

    def run(self, check: Check) -> Iterator[Runner]:
        """Run the race until the survivors are exact; yields after each chunk."""
        chunks, last = 1, self.bench.data.chunks
        yield from self.first_look(check)
        while chunks < last:
            self.drop()
            chunks = min(2 * chunks, last)
            yield from self._all_to([runner for runner in self.runners if runner.runs], chunks, check)
        self.drop()

    def finish(self, check: Check) -> Iterator[Runner]:
        """Evaluate the dropped positions to the end, too; yields after each chunk."""
        yield from self._all_to(self.runners, self.bench.data.chunks, check)

    def drop(self) -> None:
        """Drop whoever is worse than the leader with 99.9 % confidence."""
        racing = [runner for runner in self.runners if runner.runs and runner.outcome.n]
        if len(racing) < 2:
            return
        sign = 1 if self.bench.data.metric.higher_is_better else -1
        leader = max(racing, key=lambda runner: sign * self.bench.value(runner.outcome).value)
        for runner in racing:
            interval = self.bench.difference(runner.outcome, leader.outcome, Z_999)
            if interval is not None and max(sign * interval[0], sign * interval[1]) < 0:
                runner.dropped = True

    def cells(self) -> tuple[StripCell, ...]:
        """Return what is known of every position, from the highest fraction length down."""
        ordered = sorted(self.runners, key=lambda runner: -runner.fmt.fraction_length)
        return tuple(self._cell(runner) for runner in ordered)

    def _cell(self, runner: Runner) -> StripCell:
        outcome = runner.outcome
        value = self.bench.value(outcome) if outcome.n else None
        return StripCell(
            fraction_length=runner.fmt.fraction_length,
            value=None if value is None else value.value,
            interval=None if value is None else value.interval,
            n=outcome.n,
            dropped=runner.failed or (runner.dropped and outcome.n < self.bench.data.total),
        )

    def _all_to(self, runners: Sequence[Runner], chunks: int, check: Check) -> Iterator[Runner]:
        for runner in runners:
            while not runner.failed and runner.outcome.chunks < chunks:
                check()
                self._advance(runner, chunks, check)
                yield runner

    def _advance(self, runner: Runner, chunks: int, check: Check) -> None:
        try:
            prepared = self.bench.prepare(runner.assignment, self.modes)
        except ExecutionError:
            runner.failed = True
            return
        # Positions with the same stored words share an outcome, which may have gone further by now.
        runner.outcome = self.bench.outcome(prepared)
        if runner.outcome.chunks < chunks:
            self.bench.advance_far(prepared, check, most=chunks, keep=False)
