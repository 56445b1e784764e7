"""The search for the sites that need more bits, measured on data.

First, one site after the other is given 16 bits alone: what that saves ranks the sites. The fewest first ones of the
ranking that together reach the goal are widened, and each of these is then narrowed again as far as the goal allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bitwindow.assign.assign import follow_biases
from bitwindow.assign.noise import MOST_BITS
from bitwindow.assign.offer import Better, Offer
from bitwindow.assign.records import Assignment
from bitwindow.network.records import Network
from bitwindow.numbers.format import FixedPoint

Loss = Callable[[Assignment], float]
"""The loss of types over all of the data, lower is better; infinite where they allow no exact execution."""


def widened(
    network: Network,
    start: Assignment,
    wider: Callable[[str, int], FixedPoint],
    *,
    loss: Loss,
    error: Loss,
    goal: float,
    describe: Callable[[float], str],
) -> Offer:
    """Return what must be widened for the loss to be at most ``goal``.

    Args:
        network: The traced network.
        start: The present types.
        wider: The type of a site with so many bits.
        loss: What is to be lowered.
        error: What ranks the sites; the loss itself, or something finer.
        goal: The largest loss that is enough.
        describe: Writes a loss for people.
    """
    before = loss(start)
    if before <= goal:
        return Offer(summary=f"no site needs more bits: {describe(before)}, wanted {describe(goal)} or better")
    run = _Search(network, start, wider, loss, goal)
    ranked = sorted(run.sites, key=lambda site: error(run.types({site: MOST_BITS})))
    count = run.fewest(ranked)
    chosen = dict.fromkeys(ranked[:count], MOST_BITS)
    after = loss(run.types(chosen))
    enough = after <= goal
    if enough:
        chosen = run.narrowed(chosen)
        after = loss(run.types(chosen))
    made = run.types(chosen)
    figures = f"{describe(before)} at the present types, {describe(after)} with these; wanted {describe(goal)}"
    return Offer(
        summary=_summary(len(chosen), figures, enough=enough), sites=_better(run, made, enough=enough), enough=enough
    )


class _Search:
    def __init__(
        self, network: Network, start: Assignment, wider: Callable[[str, int], FixedPoint], loss: Loss, goal: float
    ) -> None:
        self.network, self.start, self.loss, self.goal = network, start, loss, goal
        self._wider = wider
        self.present = {
            name: fmt
            for name, fmt in start.formats.items()
            if isinstance(fmt, FixedPoint) and name not in start.following and fmt.word_length < MOST_BITS
        }
        self.sites = list(self.present)

    def types(self, bits: Mapping[str, int]) -> Assignment:
        """Return the present types with other widths at some sites."""
        formats = {name: self._wider(name, width) for name, width in bits.items()}
        return follow_biases(self.network, replace(self.start, formats={**self.start.formats, **formats}))

    def reaches(self, bits: Mapping[str, int]) -> bool:
        """Whether these widths are enough."""
        return self.loss(self.types(bits)) <= self.goal

    def fewest(self, ranked: Sequence[str]) -> int:
        """Return how many of the ranked sites are enough; all of them where even they are not."""
        low, high = 1, 1
        while high < len(ranked) and not self.reaches(dict.fromkeys(ranked[:high], MOST_BITS)):
            low, high = high + 1, min(2 * high, len(ranked))
        while low < high:
            middle = (low + high) // 2
            if self.reaches(dict.fromkeys(ranked[:middle], MOST_BITS)):
                high = middle
            else:
                low = middle + 1
        return high

    def narrowed(self, chosen: Mapping[str, int]) -> dict[str, int]:
        """Return the widths with each site, the least needed first, as narrow as the goal allows."""
        bits = dict(chosen)
        for site in reversed(list(chosen)):
            without = {name: width for name, width in bits.items() if name != site}
            if self.reaches(without):
                bits = without
                continue
            # The present width comes first: another window of it may be all that is needed.
            widths = range(self.present[site].word_length, MOST_BITS)
            bits[site] = next((width for width in widths if self.reaches({**bits, site: width})), MOST_BITS)
        return bits


def _better(run: _Search, made: Assignment, *, enough: bool) -> dict[str, Better]:
    found = {}
    ends = "as measured" if enough else "which is not enough, as measured"
    for site, present in run.present.items():
        fmt = made.formats[site]
        if isinstance(fmt, FixedPoint) and fmt != present:
            same = fmt.word_length == present.word_length
            what = "another window" if same else f"{fmt.word_length} bits"
            found[site] = Better(present=present, format=fmt, reason=f"{what}, {ends}")
    return found


def _summary(count: int, figures: str, *, enough: bool) -> str:
    if enough:
        return f"{count} site{'' if count == 1 else 's'} of more bits or another window: {figures}"
    return f"not even {MOST_BITS} bits at all sites that can be widened are enough: {figures}"
