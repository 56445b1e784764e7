"""The panels in JupyterLab's tabs: the one that a cell shows already, else one that lives as long as the tabs."""

from __future__ import annotations

import threading
import weakref
from typing import Any

COLOUR_MAPS: dict[str, tuple[str, ...]] = {
    "blues": ("#ffffff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"),
    "purples": ("#ffffff", "#dadaeb", "#9e9ac8", "#6a51a3", "#3f007d"),
    "grays": ("#ffffff", "#d9d9d9", "#969696", "#525252", "#000000"),
    "oranges": ("#ffffff", "#fdd0a2", "#fd8d3c", "#d94801", "#7f2704"),
}
"""The colours at shade 0, 1/4, 1/2, 3/4 and 1; each runs from light to dark, so that it reads without colour vision."""


class Tabs:
    """Which tabs show which panel. A panel made for a tab is closed with the last tab that shows it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._made: weakref.WeakSet[Any] = weakref.WeakSet()
        self._shown: dict[str, Any] = {}

    def open(self, tab: str, quantizer: Any, display: dict[str, Any]) -> str:
        """Return the model's id of the panel that the tab is to show; the same tab gets the same panel again.

        Args:
            tab: The browser's name of the tab; it stays the same when the page is loaded again.
            quantizer: What to show.
            display: The user's settings: ``underflowThreshold``, ``overflowThreshold`` (fractions), ``colourMap``.
        """
        with self._lock:
            shown = self._shown.get(tab)
            if shown is not None and shown.comm is not None and shown.quantizer is quantizer:
                return str(shown.model_id)
            living = quantizer.panels
            panel = living[0] if living else self._new(quantizer, display)
            self._shown[tab] = panel
            return str(panel.model_id)

    def close(self, tab: str) -> None:
        """Forget a tab, and close its panel if it was made for tabs and no other tab shows it."""
        with self._lock:
            panel = self._shown.pop(tab, None)
            if panel is not None and panel in self._made and panel not in self._shown.values():
                panel.close()

    def _new(self, quantizer: Any, display: dict[str, Any]) -> Any:
        panel = quantizer.panel()
        dress(panel, display)
        self._made.add(panel)
        return panel


def dress(panel: Any, display: dict[str, Any]) -> None:
    """Give a panel the user's thresholds and colours."""
    window = panel.heat_map.window
    panel.looks.begin_with(
        float(display.get("underflowThreshold", window.underflow_threshold)),
        float(display.get("overflowThreshold", window.overflow_threshold)),
    )
    colours = COLOUR_MAPS.get(str(display.get("colourMap", "")))
    if colours is not None:
        panel.colour(colours)


TABS = Tabs()
"""The tabs of every page that is connected to this process."""
