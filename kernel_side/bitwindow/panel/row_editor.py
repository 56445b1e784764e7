"""The selected row: its type as text, buttons that move and resize its window, and its facts."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from bitwindow.errors import FormatError, SettingError
from bitwindow.numbers.channel_formats import AnyFormat, as_any_format
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import markup
from bitwindow.panel.contract import SiteView
from bitwindow.panel.controls import Action
from bitwindow.panel.moves import moved, widened
from bitwindow.panel.picture import fixed_format
from bitwindow.panel.row_sites import MOST_ROWS, ChannelSite, Pages, TogetherSite
from bitwindow.panel.rows import details

_WHAT_OPENS = (
    f"Show a row for each output channel, {MOST_ROWS} at a time: first those that lose most. "
    "The site's own row moves all of them together."
)
_FORMS = "sfix8_En3, fixdt(1,8,3), ap_fixed<8,5>, Q4.3 or float; Enter sets it"
LOCKED = "The row is locked: unlock it first"
_WHAT_PAGES = "Which channels have rows, counted from those that lose most; the site's own row moves all channels"


class RowEditor:
    """Edits one site at a time.

    Args:
        set_format: Gives a row, by name, the type that was written: a type, types by channel, or "float".
        move_window: Gives a row's window, by the row's name, another place or width.
        select: Called with the name that the user chose.
        act: Runs what the user asked for and shows its error in words.
        reset: Called with a name whose type shall be the scheme's again.
        toggle_channels: Opens the site of a row into its channels, or closes it.
        show_page: Called with a row's name and the number of a page of its site's channels.
    """

    def __init__(
        self,
        set_format: Callable[[str, AnyFormat | str], object],
        move_window: Callable[[str, FixedPoint], object],
        select: Callable[[str], None],
        act: Action,
        reset: Callable[[str], object],
        toggle_channels: Callable[[str], object],
        show_page: Callable[[str, int], object],
    ) -> None:
        self._show_page = show_page
        self._move_window = move_window
        self._toggle_channels = toggle_channels
        self._set_format = set_format
        self._reset = reset
        self._select = select
        self._act = act
        self._site: SiteView | None = None
        self._showing = False
        self.name = widgets.Dropdown(description="Row", tooltip="The selected site")
        self.name.style.description_width = "auto"
        self.up = _button("arrow-left", "One bit up", "Move the window one bit up: larger range, coarser steps")
        self.down = _button("arrow-right", "One bit down", "Move the window one bit down: smaller range, finer steps")
        self.narrower = _button("minus", "Narrower", "One bit less at the low end")
        self.wider = _button("plus", "Wider", "One bit more at the low end")
        self.type = widgets.Text(
            description="Type",
            placeholder="sfix8_En3",
            tooltip=_FORMS,
            continuous_update=False,
            style={"description_width": "auto"},
            layout=widgets.Layout(width="170px"),
        )
        self.reset = widgets.Button(icon="history", description="Reset row")
        self.channels = widgets.Button(icon="caret-right", description="Channels")
        self.page = widgets.Dropdown(description="Shown", tooltip=_WHAT_PAGES, layout=widgets.Layout(display="none"))
        self.page.style.description_width = "auto"
        self.message = widgets.HTML()
        self.facts = widgets.HTML()
        moves = widgets.HBox([self.up, self.down, self.narrower, self.wider])
        moves.add_class("bw-moves")
        self.bar = widgets.HBox([self.name, moves, self.type, self.reset, self.channels, self.page])
        self.bar.add_class("bw-bar")
        self.bar.add_class("bw-editor")
        self.widget = widgets.VBox([self.bar, self.message, self.facts])
        self._connect()

    def show(
        self,
        names: list[str],
        site: SiteView | None,
        modes: tuple[str, str],
        why_no_reset: str,
        *,
        opened: bool = False,
        locked: bool = False,
        pages: Pages | None = None,
    ) -> None:
        """Show a row, or that there is none, among the names of all; say why its type cannot be reset, if so.

        ``modes`` are those of rounding and overflow.
        """
        self._site = site
        self._explain("")
        fmt = None if site is None else fixed_format(site)
        self._showing = True
        try:
            if list(self.name.options) != names:
                self.name.options = names
            self.name.value = None if site is None else site.name
            self.type.value = "" if site is None or site.format is None else _type_of(site)
            self._show_pages(pages or Pages())
        finally:
            self._showing = False
        self.type.disabled = site is None or locked
        self.type.tooltip = LOCKED if locked else _FORMS
        for button in (self.up, self.down, self.narrower, self.wider):
            button.disabled = fmt is None or locked
        by_channel = isinstance(site, TogetherSite | ChannelSite)
        self.channels.layout.display = None if by_channel else "none"
        self.channels.icon = "caret-down" if opened else "caret-right"
        self.channels.tooltip = "Hide the channels' rows" if opened else _WHAT_OPENS
        self.reset.disabled = bool(why_no_reset)
        self.reset.tooltip = why_no_reset or "Give this row the type that the scheme chose"
        self.facts.value = "" if site is None else markup.details(details(site, *modes))

    def _show_pages(self, pages: Pages) -> None:
        options = [(label, page) for page, label in enumerate(pages.labels)]
        self.page.layout.display = None if options else "none"
        if list(self.page.options) != options:
            self.page.options = options
        self.page.value = pages.shown if options else None

    def _connect(self) -> None:
        self.page.observe(self._paged, "value")
        self.up.on_click(lambda _: self._act(lambda: self._change(moved, 1)))
        self.down.on_click(lambda _: self._act(lambda: self._change(moved, -1)))
        self.narrower.on_click(lambda _: self._act(lambda: self._change(widened, -1)))
        self.wider.on_click(lambda _: self._act(lambda: self._change(widened, 1)))
        self.reset.on_click(lambda _: self._act(lambda: self._reset(self._selected().name)))
        self.channels.on_click(lambda _: self._act(lambda: self._toggle_channels(self._selected().name)))
        self.type.observe(self._typed, "value")
        self.name.observe(self._named, "value")

    def _change(self, change: Callable[[FixedPoint, int], FixedPoint], bits: int) -> None:
        site = self._selected()
        fmt = fixed_format(site)
        if fmt is None:
            message = f"{site.name}: wanted a fixed-point type; it is {site.format}. Type one first, like sfix8_En3."
            raise SettingError(message)
        self._move_window(site.name, change(fmt, bits))

    def _typed(self, change: dict[str, str]) -> None:
        if self._showing:
            return
        try:
            fmt = _read(change["new"])
            site = self._selected()
        except ValueError as error:
            # What was typed stays, to be mended; the message stands below it.
            self._explain(str(error))
            return
        self._explain("")
        self._act(lambda: self._set_format(site.name, fmt))

    def _explain(self, problem: str) -> None:
        self.message.value = markup.error(problem)
        (self.type.add_class if problem else self.type.remove_class)("bw-invalid")

    def _named(self, change: dict[str, str | None]) -> None:
        name = change["new"]
        if not self._showing and name is not None:
            self._select(name)

    def _paged(self, change: dict[str, int | None]) -> None:
        page = change["new"]
        if not self._showing and page is not None:
            self._act(lambda: self._show_page(self._selected().name, page))

    def _selected(self) -> SiteView:
        if self._site is None:
            message = "type: wanted a selected row; none is. Click a name on the left of the heat map."
            raise SettingError(message)
        return self._site


def _type_of(site: SiteView) -> str:
    """Return a row's type as the user may edit it."""
    if isinstance(site, TogetherSite):
        return str(site.formats)
    return "" if site.format is None else str(site.format)


def _read(text: str) -> AnyFormat | str:
    """Return the type that a text names, "float" in any case of letters.

    Raises:
        FormatError: If it names none; the message says which forms there are.
    """
    if text.strip().lower() == "float":
        return "float"
    try:
        return as_any_format(text)
    except FormatError as error:
        raise FormatError(f"{error} 'float' leaves the site without a type.") from None


def _button(icon: str, name: str, tooltip: str) -> widgets.Button:
    """Return a button that shows its icon alone; its name is for those who hear the page."""
    return widgets.Button(icon=icon, description=name, tooltip=tooltip)
