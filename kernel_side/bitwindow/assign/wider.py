"""The search for the sites that need better types, measured on data.

What costs no bits comes first: a window for each channel of a weight. Each such weight alone ranks the weights by what
it saves, and the fewest first ones that together reach the goal are taken; all of them where that is not enough but
helps. Then, if need be, one site after the other is given 16 bits alone, which ranks the sites; the fewest first ones
that together reach the goal are widened, and each of these is then narrowed again as far as the goal allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bitwindow.assign.assign import follow_biases
from bitwindow.assign.noise import MOST_BITS
from bitwindow.assign.offer import Better, Offer
from bitwindow.assign.reach import within_reach
from bitwindow.assign.records import Assignment
from bitwindow.network.records import Network
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats

Loss = Callable[[Assignment], float]
"""The loss of types over all of the data, lower is better; infinite where they allow no exact execution."""

Wider = Callable[[str, AnyFormat, int], AnyFormat]
"""From a site, the kind of types that it has and a width to the types of that kind and width."""


def widened(
    network: Network,
    start: Assignment,
    wider: Wider,
    *,
    loss: Loss,
    error: Loss,
    goal: float,
    describe: Callable[[float], str],
    apart: Mapping[str, AnyFormat] | None = None,
) -> Offer:
    """Return what must be changed for the loss to be at most ``goal``.

    Args:
        network: The traced network.
        start: The present types.
        wider: The types of a site with so many bits.
        loss: What is to be lowered.
        error: What ranks the sites; the loss itself, or something finer.
        goal: The largest loss that is enough.
        describe: Writes a loss for people.
        apart: Types by channel, as wide as the present ones, of weights that have one type.
    """
    before = loss(start)
    if before <= goal:
        return Offer(summary=f"no site needs more bits: {describe(before)}, wanted {describe(goal)} or better")
    run = _Search(network, start, loss, goal)
    chosen = _by_channel(run, apart or {}, error, before)
    if not run.reaches(chosen):
        chosen = _more_bits(run, chosen, wider, error)
    made = run.types(chosen)
    after = loss(made)
    return _offer(run, made, f"{describe(before)} at the present types, {describe(after)} with these", after, describe)


class _Search:
    def __init__(self, network: Network, start: Assignment, loss: Loss, goal: float) -> None:
        self.network, self.start, self.loss, self.goal = network, start, loss, goal
        self.present = {
            name: fmt
            for name, fmt in start.formats.items()
            if isinstance(fmt, AnyFormat) and name not in start.following and fmt.word_length < MOST_BITS
        }

    def types(self, other: Mapping[str, AnyFormat]) -> Assignment:
        """Return the present types with others at some sites, as far as exact sums allow them."""
        made = follow_biases(self.network, replace(self.start, formats={**self.start.formats, **other}))
        return within_reach(self.network, made)

    def reaches(self, other: Mapping[str, AnyFormat]) -> bool:
        """Whether these types are enough."""
        return self.loss(self.types(other)) <= self.goal

    def fewest(
        self, ranked: Sequence[str], wanted: Mapping[str, AnyFormat], base: Mapping[str, AnyFormat]
    ) -> dict[str, AnyFormat]:
        """Return the wanted types of as few of the ranked sites as are enough, of all where even they are not."""
        low, high = 1, 1

        def first(count: int) -> dict[str, AnyFormat]:
            return {**base, **{name: wanted[name] for name in ranked[:count]}}

        while high < len(ranked) and not self.reaches(first(high)):
            low, high = high + 1, min(2 * high, len(ranked))
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.reaches(first(middle)) else (middle + 1, high)
        return first(high)


def _by_channel(run: _Search, apart: Mapping[str, AnyFormat], error: Loss, before: float) -> dict[str, AnyFormat]:
    """Return the weights that get a window for each channel: as few as are enough, else all if that helps."""
    usable = {name: fmt for name, fmt in apart.items() if name in run.present}
    if not usable:
        return {}
    together = run.loss(run.types(usable))
    if together <= run.goal:
        ranked = sorted(usable, key=lambda site: error(run.types({site: usable[site]})))
        return run.fewest(ranked, usable, {})
    helps = together < before or (together == before and error(run.types(usable)) < error(run.start))
    return dict(usable) if helps else {}


def _more_bits(run: _Search, base: Mapping[str, AnyFormat], wider: Wider, error: Loss) -> dict[str, AnyFormat]:
    """Return types with as few more bits as are enough; the most bits everywhere where even that is not."""
    present = {**run.present, **base}
    widest = {name: wider(name, fmt, MOST_BITS) for name, fmt in present.items()}
    ranked = sorted(present, key=lambda site: error(run.types({**base, site: widest[site]})))
    chosen = run.fewest(ranked, widest, base)
    if not run.reaches(chosen):
        return chosen
    for site in reversed([site for site in ranked if chosen.get(site) == widest[site]]):
        without = {name: fmt for name, fmt in chosen.items() if name != site} | (
            {site: base[site]} if site in base else {}
        )
        if run.reaches(without):
            chosen = without
            continue
        # The present width comes first: another window of it may be all that is needed.
        tried = (wider(site, present[site], bits) for bits in range(present[site].word_length, MOST_BITS))
        chosen[site] = next((fmt for fmt in tried if run.reaches({**chosen, site: fmt})), widest[site])
    return chosen


def _offer(run: _Search, made: Assignment, figures: str, after: float, describe: Callable[[float], str]) -> Offer:
    enough = after <= run.goal
    sites = _better(run, made, enough=enough)
    words = f"{figures}; wanted {describe(run.goal)}"
    if not enough:
        summary = f"not even {MOST_BITS} bits at all sites that can be widened are enough: {words}"
    elif all(site.format.word_length == site.present.word_length for site in sites.values()):
        summary = f"{_count(len(sites))} of no more bits, but other windows: {words}"
    else:
        summary = f"{_count(len(sites))} of more bits or another window: {words}"
    return Offer(summary=summary, sites=sites, enough=enough)


def _count(sites: int) -> str:
    return f"{sites} site{'' if sites == 1 else 's'}"


def _better(run: _Search, made: Assignment, *, enough: bool) -> dict[str, Better]:
    found = {}
    ends = "as measured" if enough else "which is not enough, as measured"
    for site, present in run.present.items():
        fmt = made.formats[site]
        if isinstance(fmt, AnyFormat) and fmt != present:
            found[site] = Better(present=present, format=fmt, reason=f"{_what(present, fmt)}, {ends}")
    return found


def _what(present: AnyFormat, fmt: AnyFormat) -> str:
    bits = "" if fmt.word_length == present.word_length else f"{fmt.word_length} bits"
    if isinstance(fmt, ChannelFormats) and not isinstance(present, ChannelFormats):
        return " and ".join(filter(None, [bits, "a window for each channel"]))
    return bits or "another window"
