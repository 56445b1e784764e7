"""The live heat map: one bqplot figure of all rows with the bit windows over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bqplot
import ipywidgets as widgets
import numpy as np

from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import palette
from bitwindow.panel.bit_window import NO_MARGIN, BitWindow
from bitwindow.panel.contract import LooksAhead, QuantizerView, SiteView
from bitwindow.panel.figure import QuietFigure
from bitwindow.panel.picture import Columns, PictureRow, fixed_format, grown, limited, map_columns, picture_row
from bitwindow.panel.row_sites import TogetherSite, site_name
from bitwindow.panel.rows import note, precision
from bitwindow.panel.strips import strips_to_wire
from bitwindow.panel.wire import Row
from bitwindow.spectrum.record import Spectrum

_NO_HEIGHT = 1e-6


@dataclass(frozen=True, kw_only=True)
class _MadeRow:
    """A row and what it was made from."""

    spectrum: Spectrum | None
    made_from: tuple[object, ...]
    row: Row


class HeatMap:
    """The figure of the heat map; ``widget`` is what to place.

    Colours travel as float64, since bqplot's serializer casts int64 to int32. A single row travels with a second one of
    no visible height, because bqplot's ``GridHeatMap`` squeezes one row to a vector that it then refuses.

    Args:
        on_windows: Called with the types by row when the user moved windows with the mouse or the keyboard.
        on_action: Called with (action, rows) for ``lock``, ``unlock``, ``reset``, ``undo`` and ``redo``.
        on_select: Called with the row that the user made the active one.
        on_commit: Called when a drag has ended or a key has done its work, after its ``on_windows`` calls.
    """

    def __init__(
        self,
        on_windows: Callable[[Mapping[int, FixedPoint]], None],
        on_action: Callable[[str, tuple[int, ...]], None],
        on_select: Callable[[int], None],
        on_commit: Callable[[], None],
    ) -> None:
        self._on_select = on_select
        self._shown: Columns | None = None
        self._spectra: list[Spectrum | None] = []
        self._made: dict[str, _MadeRow] = {}
        self._sized = False
        self._focused: str | None = None
        self.window = BitWindow(tooltips=True)
        self.shades = bqplot.ColorScale(colors=[palette.hexadecimal(one) for one in palette.BLUES], min=0, max=1)
        self.mark = bqplot.GridHeatMap(
            color=np.zeros((2, 2)),
            row=np.arange(3.0),
            column=np.arange(3.0),
            scales={"row": self.window.y_scale, "column": self.window.x_scale, "color": self.shades},
            stroke="#e3e8ee",
        )
        self.figure = QuietFigure(
            marks=[self.mark],
            interaction=self.window,
            fig_margin=dict(NO_MARGIN),
            padding_x=0,
            padding_y=0,
            display_toolbar=False,
            layout=widgets.Layout(width="auto", height="100px"),
        )
        self.figure.add_class("bw-figure-box")
        body = widgets.Box([self.figure])
        body.add_class("bw-body")
        self.widget = widgets.Box([body])
        self.widget.add_class("bw-map")
        self.window.on_changes(on_windows)
        self.window.on_action(on_action)
        self.window.on_commit(on_commit)
        self.window.observe(self._activated, "active")

    def show(self, quantizer: QuantizerView, sites: Sequence[SiteView]) -> None:
        """Draw all sites. Only what differs from before is sent.

        The bit positions only grow, and never during a drag, so that no bit moves under the mouse: show again after it.
        """
        spectra_changed = not self._same_spectra(sites)
        shown = self._columns(sites, spectra_changed=spectra_changed)
        if spectra_changed or shown != self._shown:
            self._shown = shown
            self._paint([picture_row(site, shown) for site in sites], shown)
        with self.window.hold_sync():
            self._set_columns(shown)
            self.window.rounding, self.window.overflow = str(quantizer.rounding), str(quantizer.overflow)
            if spectra_changed:
                self._spectra = [site.spectrum for site in sites]
                self.window.tables = tuple(_table(spectrum) for spectrum in self._spectra)
            locked = set(quantizer.locked)
            modes = (self.window.rounding, self.window.overflow)
            self.window.rows = tuple(
                self._row(site, modes).with_lock(locked=site_name(site) in locked) for site in sites
            )
            self.show_strips(quantizer, [site.name for site in sites])
        if not self._sized and sites:
            # The browser keeps the height from here on: only there it is known how many rows are shown.
            self._sized = True
            self.figure.layout.height = f"{self.window.figure_height}px"

    def _row(self, site: SiteView, modes: tuple[str, str]) -> Row:
        """Return the row of a site, the one of before where all that it is made from is the same.

        With each step of a drag one of perhaps hundreds of rows differs.
        """
        made_from = (site.format, site.reason, site.flag, *modes)
        known = self._made.get(site.name)
        if known is None or known.spectrum is not site.spectrum or known.made_from != made_from:
            known = _MadeRow(spectrum=site.spectrum, made_from=made_from, row=window_row(site))
            self._made[site.name] = known
        return known.row

    def show_strips(self, quantizer: QuantizerView, names: Sequence[str]) -> None:
        """Send the accuracy of other windows, where the quantizer evaluates them."""
        if isinstance(quantizer, LooksAhead):
            wanted = strips_to_wire(quantizer.strips, names)
            if wanted != self.window.strips:
                self.window.strips = wanted

    def select(self, row: int) -> None:
        """Make a row the active one."""
        if self.window.active != row:
            self.window.active, self.window.selected = row, [row]

    def focus(self, quantizer: QuantizerView, name: str | None) -> None:
        """Tell the quantizer which site's windows to evaluate first, once for each change; None: none any more."""
        if isinstance(quantizer, LooksAhead) and name != self._focused:
            self._focused = name
            quantizer.focus(name)

    def close(self) -> None:
        """Stop listening; the widgets themselves are closed with the panel."""
        self.window.unobserve(self._activated, "active")

    def _columns(self, sites: Sequence[SiteView], *, spectra_changed: bool) -> Columns:
        """Return the bit positions to show; while the spectra stay, only a window can want more of them."""
        if self._shown is None or spectra_changed:
            wanted = map_columns(sites)
            return wanted if self._shown is None else limited(self._shown.joined(wanted))
        if self.window.dragging:
            return self._shown
        return grown(self._shown, [fmt for fmt in map(fixed_format, sites) if fmt is not None])

    def _paint(self, picture: Sequence[PictureRow], shown: Columns) -> None:
        # The wire runs from the lowest bit up, as the reversed scale wants it.
        shades = np.array([[cell.shade for cell in reversed(row.cells)] for row in picture], np.float64)
        edges = np.arange(len(shades) + 1, dtype=np.float64)
        if len(shades) == 1:
            shades, edges = np.repeat(shades, 2, axis=0), np.array([0, 1, 1 + _NO_HEIGHT])
        if len(shades) == 0:
            shades, edges = np.zeros((2, len(shown.exponents))), np.arange(3.0)
        # Rows and columns are checked against the colours, so the colours go first.
        with self.mark.hold_sync():
            self.mark.color = shades
            self.mark.row = edges
            self.mark.column = np.arange(shown.low, shown.high + 2, dtype=np.float64)

    def _set_columns(self, shown: Columns) -> None:
        # Each end is checked against the other, so the one that leaves room goes first.
        ends = [("exponent_low", shown.low), ("exponent_high", shown.high)]
        for name, value in ends if shown.low <= self.window.exponent_high else reversed(ends):
            self.window.set_trait(name, value)

    def _same_spectra(self, sites: Sequence[SiteView]) -> bool:
        return len(sites) == len(self._spectra) and all(
            site.spectrum is spectrum for site, spectrum in zip(sites, self._spectra, strict=True)
        )

    def _activated(self, change: Mapping[str, Any]) -> None:
        if change["new"] >= 0:
            self._on_select(change["new"])


def window_row(site: SiteView, *, locked: bool = False) -> Row:
    """Return what the bit window of a site shows."""
    fmt, spectrum = fixed_format(site), site.spectrum
    counted = {} if spectrum is None else {key: getattr(spectrum, key) for key in ("total", "zero", "nan", "inf")}
    return Row(
        name=site.name,
        kind=site.kind,
        format="float" if fmt is None else fmt,
        locked=locked,
        minimum=site.minimum,
        maximum=site.maximum,
        rounded=site.rounded,
        sqnr=None if fmt is None else site.sqnr,
        precision=precision(site),
        note=note(site),
        channels=len(site.formats) if isinstance(site, TogetherSite) else 0,
        **counted,
    )


def _table(spectrum: Spectrum | None) -> Any:
    return b"" if spectrum is None else spectrum.merged().wire()
