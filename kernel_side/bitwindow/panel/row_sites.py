"""The rows of the panel: one a site, and one a channel of those sites that are opened.

A site with a type for each output channel has one row with one window, that of its coarsest channel. Its values are
counted there as they lie in their own channels' windows, so that the counts are exact while all windows move together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bitwindow.calibrate.channels import Channels
from bitwindow.network.records import SiteKind
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding
from bitwindow.panel.contract import QuantizerView, SiteView
from bitwindow.spectrum.counts import Counts
from bitwindow.spectrum.record import Spectrum

MOST_ROWS = 64
"""Rows of an opened site at a time: of a site with more channels first those that lose most."""
_SHOWN_VALUES = 256


@runtime_checkable
class KnowsValues(Protocol):
    """A quantizer that gives the values of a parameter."""

    def site_values(self, name: str) -> NDArray[Any] | None:
        """Return a parameter's values; None for an input or activation."""
        ...


@dataclass(frozen=True, kw_only=True)
class TogetherSite:
    """A site with a type for each output channel as one row, whose window moves those of all channels."""

    site: SiteView
    formats: ChannelFormats

    # What follows is the contract of a row; the site documents its own members.
    # ruff: noqa: D102
    @property
    def name(self) -> str:
        return self.site.name

    @property
    def kind(self) -> SiteKind:
        return self.site.kind

    @property
    def shape(self) -> tuple[int, ...]:
        return self.site.shape

    @property
    def format(self) -> AnyFormat | str | None:
        return self.formats.coarsest

    @property
    def reason(self) -> str:
        return f"{self.formats.short()}, as seen from the coarsest channel: {self.site.reason}"

    @property
    def flag(self) -> str:
        return self.site.flag

    @property
    def spectrum(self) -> Spectrum | None:
        return self.site.aligned_spectrum

    @property
    def aligned_spectrum(self) -> Spectrum | None:
        return self.site.aligned_spectrum

    @property
    def counts(self) -> Counts | None:
        return self.site.counts

    @property
    def sqnr(self) -> float | None:
        return self.site.sqnr

    @property
    def sqnr_is_exact(self) -> bool:
        return self.site.sqnr_is_exact

    @property
    def rounded(self) -> int | None:
        return self.site.rounded

    @property
    def minimum(self) -> float | None:
        return self.site.minimum

    @property
    def maximum(self) -> float | None:
        return self.site.maximum

    @property
    def examples(self) -> NDArray[np.float64] | None:
        return None

    @property
    def channel_axis(self) -> int | None:
        return self.site.channel_axis

    @property
    def channels(self) -> Channels | None:
        return self.site.channels


@dataclass(frozen=True, kw_only=True)
class ChannelSite:
    """One output channel of a site as a row of its own."""

    site: SiteView
    index: int
    formats: ChannelFormats
    spectrum: Spectrum
    rounding: str
    overflow: str
    values: NDArray[Any] | None
    channel_axis: int | None = None
    channels: Channels | None = None
    flag: str = ""
    rounded: int | None = None

    @property
    def name(self) -> str:
        return channel_name(self.site.name, self.index)

    @property
    def kind(self) -> SiteKind:
        return self.site.kind

    @property
    def shape(self) -> tuple[int, ...]:
        axis = self.site.channel_axis
        return tuple(size for place, size in enumerate(self.site.shape) if place != axis)

    @property
    def format(self) -> AnyFormat | str | None:
        return self.formats[self.index]

    @property
    def reason(self) -> str:
        return f"channel {self.index} of {len(self.formats)}; {self.site.reason}"

    @property
    def aligned_spectrum(self) -> Spectrum | None:
        return self.spectrum

    @property
    def counts(self) -> Counts | None:
        if Rounding.parse(self.rounding) is Rounding.STOCHASTIC:
            return None
        return self.spectrum.counts(self.formats[self.index], self.rounding, self.overflow)

    @property
    def sqnr(self) -> float | None:
        return None if self.counts is None else self._estimate()[0]

    @property
    def sqnr_is_exact(self) -> bool:
        return self.counts is not None and self._estimate()[1]

    @property
    def minimum(self) -> float | None:
        return self.spectrum.minimum

    @property
    def maximum(self) -> float | None:
        return self.spectrum.maximum

    @property
    def examples(self) -> NDArray[np.float64] | None:
        axis = self.site.channel_axis
        if self.values is None or axis is None:
            return None
        own = np.ravel(np.take(self.values, self.index, axis)).astype(np.float64)
        ordered = own[np.argsort(np.abs(own))]
        return ordered[np.linspace(0, ordered.size - 1, min(_SHOWN_VALUES, ordered.size)).astype(np.int64)]

    def _estimate(self) -> tuple[float, bool]:
        result = self.spectrum.sqnr(self.formats[self.index], self.rounding, self.overflow)
        return result.db, result.exact


@dataclass(frozen=True, kw_only=True)
class Pages:
    """What is shown of an opened site's channels: so many pages of them, in words, and which one."""

    labels: tuple[str, ...] = ()
    shown: int = 0


@dataclass(kw_only=True)
class RowSites:
    """The rows of one panel: which sites are opened, and what a change of a row means for its site.

    ``opened`` holds the channels that are shown, ``ranked`` all of them from those that lose most on.
    """

    quantizer: QuantizerView
    opened: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ranked: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _spectra: dict[tuple[str, int], tuple[Spectrum, Spectrum]] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, SiteView]:
        """All rows by name, in order: the channels of an opened site follow it."""
        rows: dict[str, SiteView] = {}
        for name, site in self.quantizer.sites.items():
            row = as_row(site)
            rows[name] = row
            if isinstance(row, TogetherSite) and name in self.opened:
                rows.update((one.name, one) for one in self._channel_rows(row))
        return rows

    def site_of(self, row: str | None) -> str | None:
        """Return the name of a row's site."""
        if row is None or row in self.quantizer.sites:
            return row
        return row.rpartition("[")[0]

    def toggle(self, row: str) -> None:
        """Open the site of a row, or close it; one with a single type stays closed."""
        name = self.site_of(row) or ""
        if name in self.opened:
            del self.opened[name]
        else:
            self.open(name)

    def open(self, name: str) -> None:
        """Open a site; one with a single type stays closed."""
        site = as_row(self.quantizer.sites[name])
        channels = site.channels
        if isinstance(site, TogetherSite) and channels is not None:
            self.ranked[name] = _ranked(site.formats, channels.spectrum, self.quantizer)
            self.show_page(name, 0)

    def show_page(self, row: str, page: int) -> None:
        """Show other channels of an opened site: those of a page, in their order."""
        name = self.site_of(row) or ""
        if name in self.opened or page == 0:
            ranked = self.ranked[name][page * MOST_ROWS : (page + 1) * MOST_ROWS]
            self.opened[name] = tuple(sorted(ranked))

    def pages(self, row: str | None) -> Pages:
        """Return the pages of a row's site; none where it is closed, or all of its channels are shown."""
        name = self.site_of(row) or ""
        ranked = self.ranked.get(name, ())
        if name not in self.opened or len(ranked) <= MOST_ROWS:
            return Pages()
        ends = [(start + 1, min(start + MOST_ROWS, len(ranked))) for start in range(0, len(ranked), MOST_ROWS)]
        first = ranked.index(self.opened[name][0]) // MOST_ROWS
        return Pages(labels=tuple(f"{low} to {high} of {len(ranked)}" for low, high in ends), shown=first)

    def moved(self, windows: Mapping[str, FixedPoint]) -> dict[str, AnyFormat | str]:
        """Return what moved or resized windows of rows make of their sites, one after the other."""
        made: dict[str, AnyFormat | str] = {}
        for row, fmt in windows.items():
            name = self.site_of(row) or ""
            present = made.get(name, self.quantizer.sites[name].format)
            if not isinstance(present, ChannelFormats):
                made[name] = fmt
            elif row == name:
                made[name] = present.moved_to(fmt)
            else:
                made[name] = present.with_channel(int(row.rpartition("[")[2][:-1]), fmt)
        return made

    def typed(self, row: str, fmt: AnyFormat | str) -> dict[str, AnyFormat | str]:
        """Return what a type that the user wrote for a row makes of its site: of a channel's row, one channel's."""
        if row in self.quantizer.sites or not isinstance(fmt, FixedPoint):
            return {self.site_of(row) or "": fmt}
        return self.moved({row: fmt})

    def _channel_rows(self, row: TogetherSite) -> list[ChannelSite]:
        channels, q = row.channels, self.quantizer
        if channels is None:
            return []
        values = q.site_values(row.name) if isinstance(q, KnowsValues) else None
        return [
            ChannelSite(
                site=row.site,
                index=index,
                formats=row.formats,
                spectrum=self._spectrum(row.name, index, channels.spectrum),
                rounding=str(q.rounding),
                overflow=str(q.overflow),
                values=values,
            )
            for index in self.opened[row.name]
            if index < len(row.formats)
        ]

    def _spectrum(self, name: str, index: int, whole: Spectrum) -> Spectrum:
        # The same object as long as nothing was counted anew: only what is another one is drawn again.
        known = self._spectra.get((name, index))
        if known is None or known[0] is not whole:
            known = self._spectra[name, index] = (whole, whole[index])
        return known[1]


def as_row(site: SiteView) -> SiteView:
    """Return a site as the row that stands for it."""
    fmt = site.format
    return TogetherSite(site=site, formats=fmt) if isinstance(fmt, ChannelFormats) else site


def site_name(row: SiteView) -> str:
    """Return the name of a row's site."""
    return row.site.name if isinstance(row, ChannelSite) else row.name


def site_rows(quantizer: QuantizerView) -> list[SiteView]:
    """Return a row for each site, none of them opened."""
    return [as_row(site) for site in quantizer.sites.values()]


def channel_name(site: str, index: int) -> str:
    """Return the name of a channel's row."""
    return f"{site}[{index}]"


def type_words(fmt: AnyFormat | str | None) -> str:
    """Return a format in words that are as short for a thousand channels.

    >>> type_words(ChannelFormats(True, 8, (7, 6))), type_words("float"), type_words(None)
    ('sfix8_En6..7 (2 channels)', 'float', 'not chosen')
    """
    if fmt is None:
        return "not chosen"
    return fmt.short() if isinstance(fmt, ChannelFormats) else str(fmt)


def _ranked(formats: ChannelFormats, spectrum: Spectrum, quantizer: QuantizerView) -> tuple[int, ...]:
    """Return all channels, those that lose most first; in their order where all are shown at once."""
    count = len(formats)
    if count <= MOST_ROWS or Rounding.parse(str(quantizer.rounding)) is Rounding.STOCHASTIC:
        return tuple(range(count))
    under, over = spectrum.channel_counts(formats, str(quantizer.rounding), str(quantizer.overflow))
    return tuple(np.lexsort((-under, -over)).tolist())
