"""The settings of the whole network: scheme, word length, rounding, overflow, accumulator, undo and redo."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from bitwindow.assign.schemes import SCHEMES
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.panel.contract import QuantizerView

WORD_LENGTHS = range(2, 17)
EXACT = "exact"
"""Stands for None among the accumulators, which a dropdown would take for nothing chosen."""
ACCUMULATORS = ((EXACT, EXACT), ("16 bits", 16), ("24 bits", 24), ("32 bits", 32), ("48 bits", 48))

Action = Callable[[Callable[[], object]], None]
"""Runs what the user asked for and shows its error in words."""


class Controls:
    """The bar of settings; every change goes to the quantizer at once, by way of ``act``.

    ``show`` fills the bar from the quantizer. A value that the quantizer refused is put back by the next ``show``.
    """

    def __init__(self, quantizer: QuantizerView, act: Action) -> None:
        self._quantizer = quantizer
        self._act = act
        self._showing = False
        self.scheme = _dropdown("Scheme", "How each site's type is chosen from its spectrum")
        self.word_length = _dropdown("Bits", "Word length of weights and activations")
        self.rounding = _dropdown("Rounding", "How x * 2^F becomes an integer")
        self.overflow = _dropdown("Overflow", "What becomes of an integer outside the range")
        self.accumulator = _dropdown("Accumulator", "Width of the sums of products; exact keeps every bit")
        self.assign = _button("Assign", "Choose the type of every site anew, by scheme and word length", "magic")
        self.undo = _button("Undo", "Take back the last change", "undo")
        self.redo = _button("Redo", "Make the change again that was taken back", "repeat")
        self.widget = widgets.HBox(
            [
                self.scheme,
                self.word_length,
                self.assign,
                self.rounding,
                self.overflow,
                self.accumulator,
                self.undo,
                self.redo,
            ],
        )
        self.widget.add_class("bw-bar")
        self._connect()

    def show(self) -> None:
        """Fill the bar from the quantizer."""
        q = self._quantizer
        bits = EXACT if q.accumulator_bits is None else q.accumulator_bits
        self._showing = True
        try:
            _fill(self.scheme, [(name, name) for name in SCHEMES], q.scheme)
            _fill(self.word_length, [(str(bits), bits) for bits in WORD_LENGTHS], q.word_length)
            _fill(self.rounding, [(_spoken(mode.value), mode.value) for mode in Rounding], str(q.rounding))
            _fill(self.overflow, [(_spoken(mode.value), mode.value) for mode in Overflow], str(q.overflow))
            _fill(self.accumulator, list(ACCUMULATORS), bits)
            self.undo.disabled, self.redo.disabled = not q.can_undo, not q.can_redo
            self.assign.disabled = self.scheme.disabled = self.word_length.disabled = not q.calibrated
        finally:
            self._showing = False

    def _connect(self) -> None:
        for control in (self.scheme, self.word_length):
            control.observe(self._on_change(self._assign), "value")
        self.rounding.observe(self._on_change(self._set_rounding), "value")
        self.overflow.observe(self._on_change(self._set_overflow), "value")
        self.accumulator.observe(self._on_change(self._set_accumulator), "value")
        self.assign.on_click(lambda _: self._act(self._assign))
        self.undo.on_click(lambda _: self._act(self._quantizer.undo))
        self.redo.on_click(lambda _: self._act(self._quantizer.redo))

    def _on_change(self, action: Callable[[], object]) -> Callable[[object], None]:
        def changed(_: object) -> None:
            if not self._showing:
                self._act(action)

        return changed

    def _assign(self) -> object:
        return self._quantizer.assign(scheme=self.scheme.value, word_length=self.word_length.value)

    def _set_rounding(self) -> None:
        self._quantizer.rounding = self.rounding.value

    def _set_overflow(self) -> None:
        self._quantizer.overflow = self.overflow.value

    def _set_accumulator(self) -> None:
        chosen = self.accumulator.value
        self._quantizer.accumulator_bits = None if chosen == EXACT else chosen


def _dropdown(label: str, tooltip: str) -> widgets.Dropdown:
    return widgets.Dropdown(description=label, tooltip=tooltip, style={"description_width": "auto"})


def _button(label: str, tooltip: str, icon: str) -> widgets.Button:
    return widgets.Button(description=label, tooltip=tooltip, icon=icon)


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _fill(dropdown: widgets.Dropdown, options: list[tuple[str, object]], value: object) -> None:
    """Set the choices and the chosen; a value that is not among the choices joins them, so that it is shown too."""
    if value not in [option for _, option in options]:
        options = [*options, (f"{value}", value)]
    if list(dropdown.options) != options:
        dropdown.options = options
    dropdown.value = value
