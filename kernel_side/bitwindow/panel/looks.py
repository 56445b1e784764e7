"""How a panel is looked at: begun as it was left, and told to the quantizer, which saves it with the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from bitwindow.network.records import SiteKind
from bitwindow.panel.bit_window import SORT_KEYS, BitWindow
from bitwindow.panel.contract import KeepsView, QuantizerView
from bitwindow.panel.row_sites import RowSites
from bitwindow.session.view import View

_THRESHOLDS = ("underflow_threshold", "overflow_threshold")
_ORDER = ("search", "kinds", "sort_by", "descending")


class Looks:
    """Follows what the user sets in a panel that is no part of the network: thresholds, filter, order, opened rows.

    Thresholds are the user's own only once they are set in the panel; until then each panel has those it was made with.

    Args:
        quantizer: Whose panel it is.
        window: The panel's heat map.
        row_sites: The panel's rows.
    """

    def __init__(self, quantizer: QuantizerView, window: BitWindow, row_sites: RowSites) -> None:
        self._quantizer = quantizer
        self._window = window
        self._row_sites = row_sites
        self._selected: str | None = None
        self._own: dict[str, float] = {}

    def take_up(self) -> str | None:
        """Give the panel the looks of the one before, and follow it from now on; return the row that was selected."""
        view = self._quantizer.view if isinstance(self._quantizer, KeepsView) else None
        if view is not None:
            self._give(view)
        self._window.observe(self._set_by_user, [*_THRESHOLDS, *_ORDER])
        return self._selected

    def begin_with(self, underflow: float, overflow: float) -> None:
        """Give the panel thresholds, where its user has not set others."""
        self._window.unobserve(self._set_by_user, [*_THRESHOLDS, *_ORDER])
        for name, value in zip(_THRESHOLDS, (underflow, overflow), strict=True):
            if name not in self._own:
                self._window.set_trait(name, value)
        self._window.observe(self._set_by_user, [*_THRESHOLDS, *_ORDER])

    def keep(self, selected: str | None) -> None:
        """Tell the quantizer how the panel is looked at."""
        self._selected = selected
        if isinstance(self._quantizer, KeepsView):
            self._quantizer.view = self._view()

    def close(self) -> None:
        """Stop following the panel; what was told stays."""
        self._window.unobserve(self._set_by_user, [*_THRESHOLDS, *_ORDER])

    def _give(self, view: View) -> None:
        window, sites = self._window, self._quantizer.sites
        given = {name: value for name in _THRESHOLDS if (value := getattr(view, name)) is not None}
        self._own = given
        window.search, window.descending = view.search, view.descending
        window.kinds = [kind for kind in view.kinds if kind in get_args(SiteKind)]
        window.sort_by = view.sort_by if view.sort_by in SORT_KEYS else "network"
        for name, value in given.items():
            window.set_trait(name, value)
        for name in view.opened:
            if name in sites:
                self._row_sites.open(name)
        self._selected = view.selected if view.selected in self._row_sites.rows else None

    def _view(self) -> View:
        window = self._window
        return View(
            **self._own,
            search=window.search,
            kinds=tuple(window.kinds),
            sort_by=window.sort_by,
            descending=window.descending,
            opened=tuple(self._row_sites.opened),
            selected=self._selected,
        )

    def _set_by_user(self, change: Mapping[str, Any]) -> None:
        if change["name"] in _THRESHOLDS:
            self._own[change["name"]] = change["new"]
        self.keep(self._selected)
