"""The ``loss`` scheme: windows chosen by what they do to the network's metric, measured on data, site by site.

Coordinate descent in data-flow order: from the best of the other schemes, each site tries a few windows while all other
sites stay as they are, and keeps the best. A window is taken only if it is better over all of the data, so that the
result is never worse there than its start.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bitwindow.assign.assign import follow_biases
from bitwindow.assign.records import Assignment
from bitwindow.errors import ExecutionError, FormatError
from bitwindow.network.records import Network
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import FixedPoint

MOST_SWEEPS = 3
"""Sweeps over all sites; a sweep that changes nothing is the last one."""

Measure = Callable[[Assignment, Assignment | None], float | None]
"""``measure(types, best)`` gives the loss of types over all of the data, lower is better.

It may give None as soon as the types are hopeless beside ``best``, or where they allow no exact execution.
"""


@dataclass(kw_only=True)
class _Search:
    network: Network
    measure: Measure
    budget: int | None
    loss: float
    present: Assignment
    spent: int = 0
    tried: dict[str, int] = field(default_factory=dict)
    seen: set[tuple[object, ...]] = field(default_factory=set)

    @property
    def over(self) -> bool:
        return self.budget is not None and self.spent >= self.budget

    def try_window(self, site: str, fmt: AnyFormat) -> bool:
        """Measure one window of a site; keep it if it is better. Types that were seen before are not measured again."""
        moved = replace(self.present, formats={**self.present.formats, site: fmt})
        candidate = follow_biases(self.network, moved)
        name = tuple(candidate.formats.values())
        if name in self.seen or self.over:
            return False
        self.seen.add(name)
        self.spent += 1
        self.tried[site] = self.tried.get(site, 0) + 1
        loss = self.measure(candidate, self.present)
        if loss is None or not loss < self.loss:
            return False
        self.present, self.loss = candidate, loss
        return True


def search(
    network: Network,
    starts: Mapping[str, Assignment],
    measure: Measure,
    *,
    budget: int | None = None,
    keep: Collection[str] = (),
    describe: Callable[[float], str] = "{:.4g}".format,
) -> Assignment:
    """Choose the window of every typed site by measured loss; deterministic if ``measure`` is.

    Args:
        network: The traced network.
        starts: What other schemes chose, by their names; their windows are the candidates, too.
        measure: The loss of types.
        budget: Most measurements, those of the starts left out; None: as many as ``MOST_SWEEPS`` sweeps take.
        keep: Sites whose windows stay as they are in ``starts``.
        describe: Writes a loss for people.

    Raises:
        ExecutionError: If no start allows an exact execution.
    """
    measured = {name: measure(start, None) for name, start in starts.items()}
    losses = {name: loss for name, loss in measured.items() if loss is not None}
    if not losses:
        message = "loss: wanted types to start from that allow an exact execution, got none. Choose narrower types."
        raise ExecutionError(message)
    best = min(losses, key=losses.__getitem__)
    run = _Search(network=network, measure=measure, budget=budget, loss=losses[best], present=starts[best])
    run.seen.update(tuple(start.formats.values()) for start in starts.values())
    movable = [site for site in _movable(starts[best]) if site not in keep]
    for _ in range(MOST_SWEEPS):
        before = run.present
        for site in movable:
            _descend(run, site, [start.formats[site] for start in starts.values()])
        if run.present is before or run.over:
            break
    return _explained(run, starts[best], movable, best, len(starts), describe)


def _movable(start: Assignment) -> list[str]:
    """Return the sites that have a window of their own: typed, and no bias that follows its layer."""
    return [name for name, fmt in start.formats.items() if isinstance(fmt, AnyFormat) and name not in start.following]


def _descend(run: _Search, site: str, chosen: Sequence[object]) -> None:
    """Try the other schemes' windows, then neighbours of the best as long as that helps."""
    for fmt in dict.fromkeys(chosen):
        if isinstance(fmt, AnyFormat) and fmt != run.present.formats[site]:
            run.try_window(site, fmt)
    for step in (-1, 1):
        helps = True
        while helps:
            moved = _moved(run.present.formats[site], step)
            helps = moved is not None and run.try_window(site, moved)


def _moved(fmt: object, step: int) -> AnyFormat | None:
    """Return a type one bit on; types by channel move together."""
    if not isinstance(fmt, AnyFormat):
        return None
    try:
        if isinstance(fmt, ChannelFormats):
            return fmt.moved_to(replace(fmt.coarsest, fraction_length=fmt.coarsest.fraction_length + step))
        return FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length + step)
    except FormatError:
        return None


def _explained(
    run: _Search,
    start: Assignment,
    movable: Sequence[str],
    scheme: str,
    starts: int,
    describe: Callable[[float], str],
) -> Assignment:
    total = f"{run.spent + starts} evaluations in all"
    reasons, flags = dict(run.present.reasons), dict(run.present.flags)
    for site in movable:
        count = run.tried.get(site, 0)
        cost = f"{count} evaluation{'' if count == 1 else 's'} of other windows, {total}"
        if run.present.formats[site] == start.formats[site]:
            reasons[site] = f"loss: the window of {scheme} stays, {cost}; {describe(run.loss)}"
        else:
            reasons[site] = f"loss: better than the window of {scheme}, {cost}; {describe(run.loss)}"
            # What was flagged was the other window.
            flags.pop(site, None)
    return replace(run.present, reasons=reasons, flags=flags, scheme="loss")
