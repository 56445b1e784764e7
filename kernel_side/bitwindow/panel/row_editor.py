"""The selected row: its type as text, buttons that move and resize its window, and its facts."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from bitwindow.errors import SettingError
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import markup
from bitwindow.panel.contract import SiteView
from bitwindow.panel.controls import Action
from bitwindow.panel.moves import moved, widened
from bitwindow.panel.picture import fixed_format
from bitwindow.panel.rows import details


class RowEditor:
    """Edits one site at a time.

    Args:
        set_format: Gives a site, by name, a type, its text form or "float".
        select: Called with the name that the user chose.
        act: Runs what the user asked for and shows its error in words.
    """

    def __init__(
        self,
        set_format: Callable[[str, FixedPoint | str], object],
        select: Callable[[str], None],
        act: Action,
    ) -> None:
        self._set_format = set_format
        self._select = select
        self._act = act
        self._site: SiteView | None = None
        self._showing = False
        self.name = widgets.Dropdown(description="Row", tooltip="The selected site")
        self.name.style.description_width = "auto"
        self.up = _button("arrow-left", "Move the window one bit up: larger range, coarser steps")
        self.down = _button("arrow-right", "Move the window one bit down: smaller range, finer steps")
        self.narrower = _button("minus", "One bit less at the low end")
        self.wider = _button("plus", "One bit more at the low end")
        self.type = widgets.Text(
            description="Type",
            placeholder="sfix8_En3",
            tooltip="sfix8_En3, fixdt(1,8,3), ap_fixed<8,5>, Q4.3 or float; Enter sets it",
            continuous_update=False,
            style={"description_width": "auto"},
            layout=widgets.Layout(width="170px"),
        )
        self.facts = widgets.HTML()
        self.bar = widgets.HBox([self.name, self.up, self.down, self.narrower, self.wider, self.type])
        self.bar.add_class("bw-bar")
        self.widget = widgets.VBox([self.bar, self.facts])
        self._connect()

    def show(self, names: list[str], site: SiteView | None, rounding: str) -> None:
        """Show a site, or that there is none, among the names of all."""
        self._site = site
        fmt = None if site is None else fixed_format(site)
        self._showing = True
        try:
            if list(self.name.options) != names:
                self.name.options = names
            self.name.value = None if site is None else site.name
            self.type.value = "" if site is None or site.format is None else str(site.format)
        finally:
            self._showing = False
        self.type.disabled = site is None
        for button in (self.up, self.down, self.narrower, self.wider):
            button.disabled = fmt is None
        self.facts.value = "" if site is None else markup.details(details(site, rounding))

    def _connect(self) -> None:
        self.up.on_click(lambda _: self._act(lambda: self._change(moved, 1)))
        self.down.on_click(lambda _: self._act(lambda: self._change(moved, -1)))
        self.narrower.on_click(lambda _: self._act(lambda: self._change(widened, -1)))
        self.wider.on_click(lambda _: self._act(lambda: self._change(widened, 1)))
        self.type.observe(self._typed, "value")
        self.name.observe(self._named, "value")

    def _change(self, change: Callable[[FixedPoint, int], FixedPoint], bits: int) -> None:
        site = self._selected()
        fmt = fixed_format(site)
        if fmt is None:
            message = f"{site.name}: wanted a fixed-point type; it is {site.format}. Type one first, like sfix8_En3."
            raise SettingError(message)
        self._set_format(site.name, change(fmt, bits))

    def _typed(self, change: dict[str, str]) -> None:
        if not self._showing:
            self._act(lambda: self._set_text(change["new"]))

    def _named(self, change: dict[str, str | None]) -> None:
        name = change["new"]
        if not self._showing and name is not None:
            self._select(name)

    def _set_text(self, text: str) -> None:
        # A float written in any case; all else is for FixedPoint.parse to read or to refuse in words.
        is_float = text.strip().lower() == "float"
        self._set_format(self._selected().name, "float" if is_float else FixedPoint.parse(text))

    def _selected(self) -> SiteView:
        if self._site is None:
            message = "type: wanted a selected row; none is. Click a name on the left of the heat map."
            raise SettingError(message)
        return self._site


def _button(icon: str, tooltip: str) -> widgets.Button:
    return widgets.Button(icon=icon, tooltip=tooltip)
