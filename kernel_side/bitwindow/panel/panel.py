"""The panel of a quantizer: the heat map of all sites with everything around it, live."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import ipywidgets as widgets

from bitwindow.numbers.channel_formats import AnyFormat
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import markup, palette, wording
from bitwindow.panel.below import answer_where_asked, close_below
from bitwindow.panel.changes import Changes
from bitwindow.panel.contract import AssignsByChannel, QuantizerView, Searches, SearchView, SiteView
from bitwindow.panel.controls import MEASURED, Controls, Selected
from bitwindow.panel.detail import Detail
from bitwindow.panel.heat_map import HeatMap
from bitwindow.panel.layer_text import LayerText
from bitwindow.panel.looks import Looks
from bitwindow.panel.paced import Paced
from bitwindow.panel.resting import Resting
from bitwindow.panel.row_editor import LOCKED, RowEditor
from bitwindow.panel.row_sites import RowSites
from bitwindow.panel.saved_picture import SavedPicture
from bitwindow.panel.summary import Summary

SECONDS_BETWEEN_UPDATES = 0.1
"""How often the progress of an evaluation or a calibration is drawn at most; its end is always drawn."""

HAND_RESTS, HAND_MOVES = 0.4, 1.5
"""What stands around the map follows a drag when the hand rests so long, and else so often, in seconds."""

_STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


class Panel(widgets.VBox):
    """The widget that ``q.panel()`` shows: it follows the quantizer and changes it.

    The quantizer may tell of changes from any thread, and JupyterLab may deliver the user's from another. Whoever comes
    first draws for all: a change that arrives while another thread draws is marked and drawn by that thread, so that
    nobody waits for a lock and no change is lost.

    Args:
        quantizer: What to show; it is listened to until ``close``.
    """

    def __init__(self, quantizer: QuantizerView) -> None:
        self.quantizer = quantizer
        self.controls = Controls(quantizer, self._act, assign=self._assign, reset=self._reset, lock=self._lock_selected)
        self.summary = Summary(quantizer)
        self.changes = Changes(quantizer, self._act, self._reset)
        self._in_gesture = False
        self.row_sites = RowSites(quantizer=quantizer)
        self.heat_map = HeatMap(self._windows_changed, self._window_action, self._select_row, self._window_settled)
        self.editor = RowEditor(
            self._set_format,
            self._move_window,
            self._select,
            self._act,
            self._reset,
            self._toggle_channels,
            self._show_page,
        )
        self.layer = LayerText(quantizer, self._act)
        self.detail = Detail(self._act)
        self.legend = widgets.HTML(markup.legend(self.heat_map.shades.colors))
        self.error = widgets.HTML()
        self.busy = widgets.HTML()
        self.looks = Looks(quantizer, self.heat_map.window, self.row_sites)
        self._selected = self.looks.take_up() or next(iter(quantizer.sites), None)
        self._drawing = threading.Lock()
        self._waiting: set[str] = set()
        self._last_progress = 0.0
        self._closed = False
        self._draw_around_soon = Resting(lambda: self._draw("around"), HAND_RESTS, HAND_MOVES)
        self._paced = {
            event: Paced(partial(self._draw, event), SECONDS_BETWEEN_UPDATES) for event in ("strips", "search")
        }
        super().__init__([*self._parts()])
        self.add_class("bw-panel")
        answer_where_asked(self)
        self.saved_picture = SavedPicture(quantizer, str(self.model_id))
        self._stop_listening = quantizer.listen(self._heard)
        self.heat_map.window.observe(self._selection_changed, "selected")
        self._draw("formats", "settings", "calibration", "evaluation")

    def _parts(self) -> Iterator[widgets.Widget]:
        yield widgets.HTML(f"<style>{_STYLE}</style>", layout=widgets.Layout(display="none"))
        yield self.summary.widget
        yield self.controls.widget
        yield self.busy
        yield self.error
        yield self.heat_map.widget
        yield self.legend
        yield self.changes.widget
        yield self.editor.widget
        yield self.layer.widget
        yield self.detail.widget

    @property
    def selected(self) -> str | None:
        """The name of the selected row: a site, or a channel of an opened one. Assign a name to select.

        None when the network has no site.
        """
        return self._selected

    @selected.setter
    def selected(self, name: str) -> None:
        if name not in self.row_sites.rows:
            message = f"selected: wanted the name of a site; got {name!r}. See q.sites for the names."
            raise KeyError(message)
        self._select(name)

    def colour(self, colours: Sequence[str]) -> None:
        """Draw the map in these colours, from few to many MSBs; the detail and the saved picture follow.

        Args:
            colours: Two or more like ``"#08306b"``, from light to dark.

        Raises:
            ValueError: If they are not such colours.
        """
        ramp = palette.ramp(colours)
        self.heat_map.shades.colors = list(colours)
        self.legend.value = markup.legend(colours)
        self.detail.colour(ramp)
        self.saved_picture.colour(ramp)

    def _ipython_display_(self, **_wanted: object) -> None:
        from bitwindow.panel.display import show

        show(self)

    def __repr__(self) -> str:
        return f"Panel({self.quantizer!r})"

    def close(self) -> None:
        """Stop listening to the quantizer and close this widget and all below it; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._stop_listening()
        self.looks.close()
        self.saved_picture.close()
        self.heat_map.window.unobserve(self._selection_changed, "selected")
        self._draw_around_soon.close()
        for paced in self._paced.values():
            paced.close()
        self.heat_map.focus(self.quantizer, None)
        self.heat_map.close()
        close_below(self)
        self.changes.close()
        self.detail.close()
        super().close()

    def _heard(self, event: str) -> None:
        if event in {"evaluation", "calibration"} and self._is_too_soon(event):
            return
        if event in self._paced:
            self._paced[event]()
        else:
            self._draw(event)

    def _is_too_soon(self, event: str) -> bool:
        """Tell whether a step of a progress may be left out, since another comes after it."""
        evaluation, progress = self.quantizer.evaluation, self.quantizer.calibration_progress
        if event == "evaluation" and (evaluation is None or not evaluation.running):
            return False
        if event == "calibration" and (progress is None or progress[0] in {0, progress[1]}):
            return False
        now = time.monotonic()
        if now - self._last_progress < SECONDS_BETWEEN_UPDATES:
            return True
        self._last_progress = now
        return False

    def _draw(self, *events: str) -> None:
        """Draw what changed, in this thread or in the one that draws already."""
        self._waiting.update(events)
        while self._waiting and not self._closed and self._drawing.acquire(blocking=False):
            try:
                self._draw_waiting()
            finally:
                self._drawing.release()

    def _draw_waiting(self) -> None:
        waiting = {self._waiting.pop() for _ in range(len(self._waiting))}
        if waiting & {"formats", "settings", "calibration", "selection", "locks"}:
            with self._errors_shown(clear=False):
                self._draw_rows(map_too=waiting != {"selection"})
        elif "around" in waiting:
            with self._errors_shown(clear=False):
                self._draw_around(self.row_sites.rows)
        if "strips" in waiting:
            self.heat_map.show_strips(self.quantizer, list(self.row_sites.rows))
        if "search" in waiting:
            self._show_search()
        if "evaluation" in waiting:
            self.summary.show_evaluation(self.quantizer.evaluation)

    def _draw_rows(self, *, map_too: bool) -> None:
        """Draw the map, unless only the selection changed, and all that is around it."""
        rows = self.row_sites.rows
        names = list(rows)
        if self._selected not in rows:  # the row of a channel whose site is closed, or has one type now
            self._selected = self.row_sites.site_of(self._selected)
        self.looks.keep(self._selected)
        if map_too:
            self.heat_map.show(self.quantizer, list(rows.values()))
        if self._selected in names:
            self.heat_map.select(names.index(self._selected))
        self.heat_map.focus(self.quantizer, self.row_sites.site_of(self._selected))
        if map_too and self.heat_map.window.dragging:
            # The browser draws the moved row by itself; the rest of the page would cost it frames of the drag.
            self._draw_around_soon()
        else:
            self._draw_around_soon.cancel()
            self._draw_around(rows)

    def _draw_around(self, rows: Mapping[str, SiteView]) -> None:
        q = self.quantizer
        site = None if self._selected is None else rows.get(self._selected)
        self.controls.show(self._selection())
        self.summary.show(len(q.locked))
        self.changes.show()
        opened = self.row_sites.site_of(self._selected) in self.row_sites.opened
        locked = self.row_sites.site_of(self._selected) in q.locked
        pages = self.row_sites.pages(self._selected)
        why = self._why_no_reset()
        modes = str(q.rounding), str(q.overflow)
        self.editor.show(list(rows), site, modes, why, opened=opened, locked=locked, pages=pages)
        self.layer.show(self.row_sites.site_of(self._selected))
        self.detail.show(site, *modes)

    def _selection(self) -> Selected:
        rows, window = self.heat_map.window.rows, self.heat_map.window
        chosen = [rows[row] for row in window.selected if row < len(rows)]
        return Selected(rows=len(chosen), locked=sum(row.locked for row in chosen))

    def _why_no_reset(self) -> str:
        if self._selected is None:
            return "No row is selected"
        if self.row_sites.site_of(self._selected) in self.quantizer.locked:
            return LOCKED
        if self.row_sites.site_of(self._selected) not in self.quantizer.changed_sites:
            return f"The type is as {self.quantizer.scheme} chose it"
        return ""

    def _select(self, name: str) -> None:
        if name != self._selected:
            self._selected = name
            self._draw("selection")

    def _select_row(self, row: int) -> None:
        names = list(self.row_sites.rows)
        if row < len(names):
            self._select(names[row])

    def _selection_changed(self, _change: object) -> None:
        self.controls.show(self._selection())

    def _windows_changed(self, changed: Mapping[int, FixedPoint]) -> None:
        names, locked = list(self.row_sites.rows), self.quantizer.locked
        windows = {names[row]: fmt for row, fmt in changed.items()}
        free = {name: fmt for name, fmt in windows.items() if self.row_sites.site_of(name) not in locked}
        # All of one drag, over all selected rows, is one step to undo.
        self._act(lambda: self.quantizer.set_formats(self.row_sites.moved(free), join=self._in_gesture))
        self._in_gesture = True
        rows = self.row_sites.rows
        if any(name not in rows or rows[name].format != fmt for name, fmt in windows.items()):
            self._draw("formats")  # a refused type goes back to where it was

    def _window_settled(self) -> None:
        self._in_gesture = False
        self._draw("formats")  # the map may want more columns for where the window stands now

    def _window_action(self, action: str, rows: tuple[int, ...]) -> None:
        if action == "undo":
            self._act(self.quantizer.undo)
        elif action == "redo":
            self._act(self.quantizer.redo)
        else:
            names = self._sites_of(rows)
            change = {"reset": self._reset, "lock": self.quantizer.lock, "unlock": self.quantizer.unlock}[action]
            self._act(lambda: change(*names))

    def _sites_of(self, rows: Iterable[int]) -> list[str]:
        """Return the sites of rows, by place. A lock or a reset of a channel's row is one of its site."""
        names = list(self.row_sites.rows)
        return list(dict.fromkeys(self.row_sites.site_of(names[row]) or "" for row in rows if row < len(names)))

    def _assign(self, scheme: str, word_length: int, per_channel: bool | None) -> None:  # noqa: FBT001  (a setting)
        """Choose all types anew, but not those of locked rows; a scheme that measures does so in the background."""
        q, kept = self.quantizer, sorted(self.quantizer.locked)
        if scheme == MEASURED and isinstance(q, Searches):
            q.search(word_length, per_channel=per_channel, keep=kept)
        elif per_channel is not None and isinstance(q, AssignsByChannel):
            q.assign(scheme=scheme, word_length=word_length, per_channel=per_channel, keep=kept)
        else:
            q.assign(scheme=scheme, word_length=word_length, keep=kept)

    def _show_search(self) -> None:
        """Show how far a search is, or what went wrong in it."""
        progress = self._search_progress()
        self.busy.value = self._searching()
        if progress is not None and progress.error is not None:
            self.error.value = markup.error(f"The search for better types failed: {progress.error}")
        self.controls.show(self._selection())

    def _search_progress(self) -> SearchView | None:
        return self.quantizer.search_progress if isinstance(self.quantizer, Searches) else None

    def _searching(self) -> str:
        """Return the line that says what is under way; nothing where no search runs."""
        progress = self._search_progress()
        running = progress is not None and progress.running
        return markup.busy(wording.searching(progress.evaluations, progress.best)) if progress and running else ""

    def _reset(self, *names: str) -> None:
        """Give rows the scheme's types, or all of them; locked ones keep theirs."""
        wanted = {self.row_sites.site_of(name) or "" for name in names or self.quantizer.changed_sites}
        free = wanted - set(self.quantizer.locked)
        if free:
            self.quantizer.reset(*free)

    def _lock_selected(self) -> None:
        """Lock the selected rows, or unlock them where all are locked."""
        names = self._sites_of(self.heat_map.window.selected)
        if names:
            (self.quantizer.unlock if self._selection().all_locked else self.quantizer.lock)(*names)

    def _set_format(self, name: str, fmt: AnyFormat | str) -> None:
        self.quantizer.set_formats(self.row_sites.typed(name, fmt))

    def _move_window(self, name: str, fmt: FixedPoint) -> None:
        self.quantizer.set_formats(self.row_sites.moved({name: fmt}))

    def _toggle_channels(self, name: str) -> None:
        self.row_sites.toggle(name)
        self._draw("formats")

    def _show_page(self, name: str, page: int) -> None:
        self.row_sites.show_page(name, page)
        self._select(self.row_sites.site_of(name) or name)  # a channel that goes away cannot stay selected
        self._draw("formats")

    def _act(self, action: Callable[[], object], doing: str = "") -> None:
        """Do what the user asked for; what went wrong stands in the error line until something goes right."""
        self.busy.value = markup.busy(doing)
        try:
            with self._errors_shown(clear=True):
                action()
        finally:
            self.busy.value = self._searching()

    @contextmanager
    def _errors_shown(self, *, clear: bool) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            self.error.value = markup.error(str(error))
            self.controls.show(self._selection())  # a refused setting goes back to what holds
        except Exception as error:
            self.error.value = markup.error(f"Unexpected {type(error).__name__}: {error}. The kernel's log tells more.")
            raise
        else:
            if clear:
                self.error.value = ""
