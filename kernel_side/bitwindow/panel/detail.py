"""The detail of the selected row: its MSBs by sign, real values as binary words, and its worst channels."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import ipywidgets as widgets
import numpy as np

from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding
from bitwindow.panel import lanes, markup, palette
from bitwindow.panel.below import close_below
from bitwindow.panel.channel_table import channel_table
from bitwindow.panel.contract import SiteView
from bitwindow.panel.controls import Action
from bitwindow.panel.examples import examples
from bitwindow.panel.histogram import Histogram
from bitwindow.panel.picture import Columns, columns, fixed_format, limited
from bitwindow.panel.row_sites import TogetherSite
from bitwindow.spectrum.record import Spectrum

COUNTED_UNASKED = 1 << 22
"""Values of a parameter whose channels are counted at once; for more, which take seconds, the user asks."""

LEAST_COLUMNS = 16
"""So many bit positions the axis has at least, so that short windows do not look wide."""

View = tuple[SiteView | None, Columns, str, str]
"""The site, the bit positions of the axis, and the modes of rounding and overflow."""


class Detail:
    """A section that can be folded; folded it costs nothing, open it draws only what differs from before.

    Args:
        act: Runs what the user asked for and shows its error in words.
    """

    def __init__(self, act: Action) -> None:
        self._act = act
        self._view: View | None = None
        self._drawn: dict[str, tuple[object, ...]] = {}
        self._asked: set[str] = set()
        self._ramp = palette.BLUES
        self._fitted: tuple[str, Spectrum | None, Columns] | None = None
        self.histogram = Histogram()
        self.fold = widgets.ToggleButton(
            value=True, description="Detail", icon="caret-down", tooltip="Show or hide the detail of the selected row"
        )
        self.scale = widgets.Dropdown(
            options=[("logarithmic", "log"), ("linear", "linear")],
            value="log",
            description="Counts",
            tooltip="Logarithmic: rare MSBs stay visible. Linear: heights are proportional to counts.",
            style={"description_width": "auto"},
        )
        self.legend = widgets.HTML()
        self.examples = widgets.HTML()
        self.channels = widgets.HTML()
        self.count_channels = widgets.Button(description="Count the channels", icon="bars")
        lane = widgets.Box([self.legend, self.histogram.figure])
        lane.add_class("bw-chart")
        self._body = widgets.VBox([lane, self.examples, self.channels, self.count_channels])
        self._body.add_class("bw-detail-body")
        head = widgets.HBox([self.fold, self.scale])
        head.add_class("bw-bar")
        head.add_class("bw-detail-head")
        self.widget = widgets.VBox([head, self._body])
        self.widget.add_class("bw-detail")
        self.fold.observe(self._folded, "value")
        self.scale.observe(lambda change: self.histogram.use(change["new"]), "value")
        self.count_channels.on_click(lambda _: self._act(self._ask))

    def show(self, site: SiteView | None, rounding: str, overflow: str) -> None:
        """Follow the selected site, its type and the modes."""
        self._view = (site, self._axis(site), rounding, overflow)
        if self.fold.value:
            self._draw(*self._view)

    def colour(self, ramp: palette.Ramp) -> None:
        """Draw the channels in the colours of the map."""
        self._ramp = ramp
        self._drawn.pop("channels", None)
        if self._view is not None and self.fold.value:
            self._draw(*self._view)

    def _axis(self, site: SiteView | None) -> Columns:
        """Return the positions of the map that this row needs; while the row stays they only grow.

        So a window that is dragged does not shift the picture under it.
        """
        if site is None:
            return columns([])
        wanted = columns([site])
        name, spectrum = site.name, site.spectrum
        if self._fitted is not None and self._fitted[0] == name and self._fitted[1] is spectrum:
            wanted = limited(wanted.joined(self._fitted[2]))
        wanted = roomy(wanted)
        self._fitted = (name, spectrum, wanted)
        return wanted

    def close(self) -> None:
        """Close what is folded away; the rest is closed with the panel."""
        close_below(self._body)
        self._body.close()

    def _draw(self, site: SiteView | None, shown: Columns, rounding: str, overflow: str) -> None:
        fmt = None if site is None else fixed_format(site)
        spectrum = None if site is None else site.spectrum
        self._once("bars", (spectrum, shown), lambda: self._draw_bars(site, shown))
        self._once("frame", (fmt, shown), lambda: self.histogram.frame(fmt, shown))
        modes = (rounding, overflow)
        name = None if site is None else site.name
        key = (spectrum, name, fmt, shown, *modes)
        self._once("examples", key, lambda: self._draw_examples(site, shown, *modes))
        own = str(site.formats) if isinstance(site, TogetherSite) else ""
        self._once("channels", (*key, own, name in self._asked), lambda: self._draw_channels(site, shown, *modes))

    def _once(self, part: str, key: tuple[object, ...], draw: Callable[[], None]) -> None:
        """Draw a part unless it was drawn from the same things before."""
        before = self._drawn.get(part)
        if before is None or not all(_same(old, new) for old, new in zip(before, key, strict=True)):
            draw()
            self._drawn[part] = key

    def _draw_bars(self, site: SiteView | None, shown: Columns) -> None:
        spectrum = None if site is None else site.spectrum
        self.legend.value = markup.sign_legend(spectrum)
        counts = np.zeros((2, len(shown.exponents)), np.int64)
        if spectrum is not None:
            for exponent, *signs in zip(*(array.tolist() for array in spectrum.msb_counts()), strict=True):
                counts[:, shown.high - min(max(exponent, shown.low), shown.high)] += signs
        self.histogram.show(shown.exponents, counts, shown)

    def _draw_examples(self, site: SiteView | None, shown: Columns, rounding: str, overflow: str) -> None:
        values = None if site is None else site.examples
        if site is None or values is None:
            self.examples.value = "" if site is None else markup.empty(_no_examples(site))
            return
        fmt = fixed_format(site)
        chosen = examples(values, fmt, rounding, overflow)
        heads = "" if fmt is None else "<span>after the cast</span><span>class</span><span>stored integer</span>"
        head = lanes.axis(shown, "value", heads) + lanes.example_lanes(chosen, shown, fmt)
        self.examples.value = markup.section(
            "bw-examples", "Values as binary words", lanes.lanes(head, shown, fmt), _WORD_KEY
        )

    def _draw_channels(self, site: SiteView | None, shown: Columns, rounding: str, overflow: str) -> None:
        fmt = None if site is None else fixed_format(site)
        waits = site is not None and fmt is not None and self._waits(site)
        self.count_channels.layout.display = None if waits else "none"
        if site is None or fmt is None or site.channel_axis is None or waits:
            self.channels.value = "" if site is None else markup.empty(_no_channels(site, waits=waits))
            return
        if Rounding.parse(rounding) is Rounding.STOCHASTIC:
            self.channels.value = markup.empty("Channels: under stochastic rounding only a run has counts.")
            return
        channels = site.channels
        if channels is None:
            self.channels.value = markup.empty("Channels: none counted yet; q.calibrate(data) counts them.")
            return
        own = site.formats if isinstance(site, TogetherSite) else None
        table = channel_table(channels, fmt, rounding, overflow, shown, own)
        heads = "<span>overflow</span><span>underflow</span><span>would want</span><span>range</span>"
        content = lanes.axis(shown, "worst first", heads) + lanes.channel_lanes(table, fmt, shown, self._ramp)
        self.channels.value = markup.section(
            "bw-channels", "Channels", lanes.lanes(content, shown, fmt), markup.text(lanes.channel_heading(table))
        )

    def _waits(self, site: SiteView) -> bool:
        is_large = site.kind in {"weight", "bias"} and prod(site.shape) > COUNTED_UNASKED
        return is_large and site.channel_axis is not None and site.name not in self._asked

    def _ask(self) -> None:
        if self._view is not None and self._view[0] is not None:
            self._asked.add(self._view[0].name)
            self._draw(*self._view)

    def _folded(self, change: dict[str, Any]) -> None:
        is_open = change["new"]
        self.fold.icon = "caret-down" if is_open else "caret-right"
        self.scale.layout.display = None if is_open else "none"
        # Taken out of the page and not hidden: bqplot measures itself when it comes in.
        self.widget.children = (self.widget.children[0], *([self._body] if is_open else []))
        if is_open and self._view is not None:
            self._draw(*self._view)


_WORD_KEY = (
    '<span class="bw-key"><span><i class="bw-msb bw-kept">1</i> MSB</span> '
    '<span><i class="bw-kept">10</i> bits kept</span> '
    '<span><i class="bw-lost">01</i> bits lost</span> <span><i class="bw-above">1</i> bits above the window</span> '
    '<span><i class="bw-stored">01</i> stored word, two\'s complement</span></span>'
)


def roomy(wanted: Columns) -> Columns:
    """Return the positions, and as many below them as make sixteen."""
    return Columns(high=wanted.high, low=min(wanted.low, wanted.high - LEAST_COLUMNS + 1))


def _same(old: object, new: object) -> bool:
    # Spectra are compared by identity: they never change, and their equality looks at arrays.
    return old is new or (isinstance(old, str | bool | Columns | FixedPoint) and old == new)


def _no_examples(site: SiteView) -> str:
    if isinstance(site, TogetherSite):
        return "Values: every channel has a window of its own; open the channels and select one."
    if site.spectrum is None:
        return "Values: none seen yet; q.calibrate(data) shows some."
    return "Values: none were kept with this calibration; q.calibrate(data, restart=True) keeps some."


def _no_channels(site: SiteView, *, waits: bool) -> str:
    if waits:
        return f"Channels: counting {prod(site.shape):,} values apart takes a few seconds."
    if site.channel_axis is None:
        return "Channels: this tensor has no axis of channels."
    return "Channels: a float site has no window that could lose values."
