"""The layer of the selected row in words: its formula, its operands' types, the width that its sums need."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from bitwindow.panel import markup
from bitwindow.panel.contract import Explains, QuantizerView
from bitwindow.panel.controls import Action


class LayerText:
    """A section that begins folded, as the widths of accumulators take a look at every stored parameter.

    Args:
        quantizer: Whose sites they are; one that explains nothing has no such section.
        act: Runs what the user asked for and shows its error in words.
    """

    def __init__(self, quantizer: QuantizerView, act: Action) -> None:
        self._quantizer = quantizer
        self._act = act
        self._name: str | None = None
        self.fold = widgets.ToggleButton(
            value=False,
            description="Layer",
            icon="caret-right",
            tooltip="Show or hide what computes this site: formula, types of the operands, width of the accumulator",
        )
        self.text = widgets.HTML()
        head = widgets.HBox([self.fold])
        head.add_class("bw-bar")
        head.add_class("bw-detail-head")
        self.widget = widgets.VBox([head, self.text])
        self.widget.add_class("bw-detail")
        if not isinstance(quantizer, Explains):
            self.widget.layout.display = "none"
        self.fold.observe(self._folded, "value")

    def show(self, name: str | None) -> None:
        """Follow the site of the selected row, and all that its layer depends on."""
        self._name = name
        if self.fold.value:
            self._write()

    def _write(self) -> None:
        if isinstance(self._quantizer, Explains) and self._name is not None:
            self.text.value = markup.explanation(self._quantizer.explain(self._name))

    def _folded(self, change: dict[str, Any]) -> None:
        is_open = change["new"]
        self.fold.icon = "caret-down" if is_open else "caret-right"
        if is_open:
            self._act(self._write, "Looking at the layer \N{HORIZONTAL ELLIPSIS}")
        else:
            self.text.value = ""
