"""What changed since the scheme chose: one button for each site, which takes its change back, and one for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets as widgets

from bitwindow.panel import wording
from bitwindow.panel.below import answer_where_asked, close_below
from bitwindow.panel.contract import QuantizerView
from bitwindow.panel.controls import Action
from bitwindow.panel.row_sites import type_words

MOST = 8
"""Changes that have a button of their own; the rest are counted."""


class Changes:
    """A line of buttons, each with a site, the type that the scheme chose and the present one. Empty without a change.

    The buttons are made when they are first needed and then kept, so that a network of any size costs eight at most.

    Args:
        quantizer: What is shown and changed.
        act: Runs what the user asked for and shows its error in words.
        reset: Called with the names to reset; none stands for all.
    """

    def __init__(self, quantizer: QuantizerView, act: Action, reset: Callable[..., object]) -> None:
        self._quantizer = quantizer
        self._act = act
        self._reset = reset
        self._names: list[str] = []
        self.buttons: list[widgets.Button] = []
        self.label = widgets.Label()
        self.more = widgets.Label()
        self.all = widgets.Button(description="Reset all", icon="undo", tooltip="Take all of these changes back")
        self.all.on_click(lambda _: self._act(self._reset))
        self.widget = widgets.HBox([])
        self.widget.add_class("bw-changes")
        answer_where_asked(self.widget, self.label, self.more, self.all)

    def show(self) -> None:
        """Show what differs now."""
        names = list(self._quantizer.changed_sites)
        self._names = names[:MOST]
        while len(self.buttons) < len(self._names):
            self.buttons.append(self._button(len(self.buttons)))
        for button, name in zip(self.buttons, self._names, strict=False):
            self._fill(button, name)
        self.label.value = f"Changed since {self._quantizer.scheme}:"
        self.more.value = f"and {wording.count(len(names) - MOST)} more" if len(names) > MOST else ""
        shown: Sequence[widgets.Widget] = ()
        if names:
            more = [self.more] if self.more.value else []
            every = [self.all] if len(names) > 1 else []
            shown = (self.label, *self.buttons[: len(self._names)], *more, *every)
        if tuple(self.widget.children) != tuple(shown):
            self.widget.children = tuple(shown)

    def close(self) -> None:
        """Close the buttons that are not shown now; the others are closed with the panel."""
        for widget in (*self.buttons, self.label, self.more, self.all):
            close_below(widget)
            widget.close()

    def _fill(self, button: widgets.Button, name: str) -> None:
        chosen, present = self._quantizer.chosen_formats[name], self._quantizer.sites[name].format
        button.description = f"{name}: {type_words(chosen)} → {type_words(present)}"
        button.tooltip = f"Give {name} back {type_words(chosen)}, which {self._quantizer.scheme} chose"

    def _button(self, place: int) -> widgets.Button:
        button = widgets.Button(icon="undo")
        button.add_class("bw-change")
        button.on_click(partial(self._clicked, place))
        answer_where_asked(button)
        return button

    def _clicked(self, place: int, _button: widgets.Button) -> None:
        if place < len(self._names):
            name = self._names[place]
            self._act(lambda: self._reset(name))
