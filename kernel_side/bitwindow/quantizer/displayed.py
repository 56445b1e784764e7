"""The widgets of a quantizer: one for all cells that display it, and those that were asked for."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, cast

from bitwindow.quantizer.watching import Watching

if TYPE_CHECKING:
    from bitwindow.panel.contract import QuantizerView


class Displayed(Watching):
    """A quantizer that notebooks can display."""

    def __init__(self, *begin: Any) -> None:
        super().__init__(*begin)
        self._panels: weakref.WeakSet[Any] = weakref.WeakSet()
        self._displayed: Any = None

    def panel(self) -> Any:
        """Return a new widget that shows this quantizer."""
        from bitwindow.panel.panel import Panel

        # A whole quantizer, of which this class is a part.
        panel = Panel(cast("QuantizerView", self))
        self._panels.add(panel)
        return panel

    @property
    def panels(self) -> list[Any]:
        """The widgets of this quantizer that are not closed."""
        return [panel for panel in self._panels if panel.comm is not None]

    def _ipython_display_(self, **_wanted: object) -> None:
        from bitwindow.panel.display import show

        show(self._shown_panel())

    def _repr_mimebundle_(self, **_wanted: object) -> Any:
        from bitwindow.panel.display import mimebundle

        return mimebundle(self._shown_panel())

    def _shown_panel(self) -> Any:
        # One widget for every cell that displays this quantizer, as its views are linked anyway.
        if self._displayed is None or self._displayed.comm is None:
            self._displayed = self.panel()
        return self._displayed
