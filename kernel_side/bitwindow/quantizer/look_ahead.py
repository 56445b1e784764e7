"""Look-ahead: in idle time, the accuracy of the windows that the user has not tried yet.

First every position of the focused row on a small part of the data, then the race among them, then the neighbouring
rows, then the focused row one bit narrower and wider, and last the positions that had dropped out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from bitwindow.assign.records import Format
from bitwindow.errors import FormatError
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.layered import Check
from bitwindow.evaluate.race import Race, Runner
from bitwindow.evaluate.strips import Strip, outward, positions
from bitwindow.network.records import Network
from bitwindow.numbers.format import FixedPoint
from bitwindow.quantizer.changes import apart_by, moved_window, surroundings, window_of, with_formats
from bitwindow.quantizer.state import State
from bitwindow.spectrum.record import Spectrum

NEIGHBOURS = 2
"""How many rows above and below the focused one are looked at."""
MOST_RACES = 40

Spectra = Mapping[str, Spectrum | None]


class LookAhead:
    """The races of one data set, kept by what they rest on, so that going back to earlier types finds them again."""

    def __init__(self, bench: Bench, network: Network) -> None:
        self._bench, self._network = bench, network
        self._races: OrderedDict[Any, Race] = OrderedDict()

    def work(
        self, state: State, focus: str | None, spectra: Spectra, check: Check, compile_all: Check
    ) -> Iterator[str]:
        """Do the idle work for a state, chunk by chunk; yields the site whose strip has grown.

        Args:
            state: The present state.
            focus: The site that the user looks at, or None.
            spectra: By site.
            check: Asked before every layer.
            compile_all: Compiles what later changes may need; its turn is after the first look.

        Raises:
            Abandoned: By ``check``.
        """
        if focus is None:
            compile_all()
            return
        here = self._race(state, focus, state.assignment.formats[focus], spectra)
        if here is not None:
            yield from self._of(focus, here.first_look(check))
        compile_all()
        if here is not None:
            yield from self._of(focus, here.run(check))
        for site in self._near(focus):
            race = self._race(state, site, state.assignment.formats[site], spectra)
            if race is not None:
                yield from self._of(site, race.run(check))
        for fmt in _other_widths(state.assignment.formats[focus]):
            race = self._race(state, focus, fmt, spectra)
            if race is not None:
                yield from self._of(focus, race.run(check))
        if here is not None:
            yield from self._of(focus, here.finish(check))

    def strips(self, state: State, sites: Iterable[str]) -> Mapping[str, Strip]:
        """Return the strips that hold for a state, of those sites that were looked at under it."""
        found = {}
        for site in sites:
            fmt = window_of(state.assignment.formats[site])
            race = None if fmt is None else self._races.get(self._name(state, site, fmt))
            if race is not None and fmt is not None:
                found[site] = self.strip(site, fmt, race)
        return MappingProxyType(found)

    def strip(self, site: str, fmt: FixedPoint, race: Race) -> Strip:
        """Return a race as it is shown."""
        bench = self._bench
        floats = bench.float_outcome
        return Strip(
            site=site,
            signed=fmt.signed,
            word_length=fmt.word_length,
            metric_name=bench.data.metric.name,
            higher_is_better=bench.data.metric.higher_is_better,
            float_metric=bench.value(floats).value if floats.n else None,
            total=bench.data.total,
            cells=race.cells(),
        )

    def _race(self, state: State, site: str, present: Format, spectra: Spectra) -> Race | None:
        """Return the race of a site's positions at a width, a new one if need be; None for a float site.

        The windows of a site with a type for each output channel move together.
        """
        fmt = window_of(present)
        if fmt is None:
            return None
        name = self._name(state, site, fmt)
        race = self._races.setdefault(name, Race(self._bench, state.modes))
        self._races.move_to_end(name)
        if len(self._races) > MOST_RACES:
            self._races.popitem(last=False)
        # A window dragged beyond the positions so far brings new ones.
        own = state.assignment.formats[site]
        tried = outward(positions(fmt, spectra[site]), fmt.fraction_length)
        moved = ((one, moved_window(own, one)) for one in tried if one not in race.formats)
        race.add(
            Runner(fmt=one, assignment=with_formats(self._network, state, {site: made}).assignment)
            for one, made in moved
            if made is not None
        )
        return race

    def _name(self, state: State, site: str, fmt: FixedPoint) -> Any:
        return site, fmt.signed, fmt.word_length, apart_by(state.assignment.formats[site]), surroundings(state, site)

    def _near(self, focus: str) -> list[str]:
        names = list(self._network.sites)
        place = names.index(focus)
        steps = [step for distance in range(1, NEIGHBOURS + 1) for step in (distance, -distance)]
        return [names[place + step] for step in steps if 0 <= place + step < len(names)]

    @staticmethod
    def _of(site: str, steps: Iterator[Runner]) -> Iterator[str]:
        for _ in steps:
            yield site


def _other_widths(present: Format) -> list[FixedPoint]:
    fmt = window_of(present)
    if fmt is None:
        return []
    made = []
    for width in (fmt.word_length - 1, fmt.word_length + 1):
        try:
            # The edge at the LSB moves, as when the user pulls it: the top stays.
            made.append(FixedPoint(fmt.signed, width, fmt.fraction_length + width - fmt.word_length))
        except FormatError:
            continue
    return made
