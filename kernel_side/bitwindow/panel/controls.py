"""The settings of the whole network: scheme, word length, rounding, overflow, accumulator; undo, redo, reset, lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import ipywidgets as widgets

from bitwindow.assign.schemes import SCHEMES
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.panel.contract import AssignsByChannel, QuantizerView, Searches, is_searching

WORD_LENGTHS = range(2, 17)
MEASURED = "loss"
"""The scheme that measures what its types do to the metric."""
EXACT = "exact"
"""Stands for None among the accumulators, which a dropdown would take for nothing chosen."""
ACCUMULATORS = ((EXACT, EXACT), ("16 bits", 16), ("24 bits", 24), ("32 bits", 32), ("48 bits", 48))


class Action(Protocol):
    """Runs what the user asked for and shows its error in words; ``doing`` says what takes long while it does."""

    def __call__(self, action: Callable[[], object], doing: str = "") -> None:
        """Run it."""


@dataclass(frozen=True, kw_only=True)
class Selected:
    """The selected rows: how many there are, and how many of them are locked."""

    rows: int = 0
    locked: int = 0

    @property
    def all_locked(self) -> bool:
        """Whether there is a selected row and every one is locked."""
        return 0 < self.rows == self.locked


class Controls:
    """The bar of settings; every change goes to the quantizer at once, by way of ``act``.

    ``show`` fills the bar from the quantizer. A value that the quantizer refused is put back by the next ``show``. What
    cannot be used says why in its tooltip.

    Args:
        quantizer: What is shown and changed.
        act: See ``Action``.
        assign: Called with (scheme, word length, per channel) when the user wants all types chosen anew; the last is
            None where it stays as it was.
        reset: Called when the user wants the scheme's types back.
        lock: Called when the user wants the selected rows locked, or unlocked where all of them are.
    """

    def __init__(
        self,
        quantizer: QuantizerView,
        act: Action,
        *,
        assign: Callable[[str, int, bool | None], object],
        reset: Callable[[], object],
        lock: Callable[[], object],
    ) -> None:
        self._quantizer = quantizer
        self._act = act
        self._assign_all, self._reset, self._lock = assign, reset, lock
        self._showing = False
        self.scheme = _dropdown("Scheme")
        self.word_length = _dropdown("Bits")
        self.rounding = _dropdown("Rounding", "How x * 2^F becomes an integer")
        self.overflow = _dropdown("Overflow", "What becomes of an integer outside the range")
        self.accumulator = _dropdown("Accumulator", "Width of the sums of products; exact keeps every bit")
        self.per_channel = widgets.Checkbox(description="Per channel", indent=False)
        self.per_channel.add_class("bw-check")
        self.assign = _button("Assign", "magic")
        self.stop = _button("Stop", "stop")
        self.stop.tooltip = _STOP
        self.undo = _button("Undo", "undo")
        self.redo = _button("Redo", "repeat")
        self.reset = _button("Reset", "history")
        self.lock = _button("Lock", "lock")
        self.widget = widgets.HBox(
            [
                _group(self.scheme, self.word_length, self.per_channel, self.assign, self.stop),
                _group(self.undo, self.redo, self.reset, self.lock),
                _group(self.rounding, self.overflow, self.accumulator),
            ],
        )
        self.widget.add_class("bw-bar")
        self.widget.add_class("bw-toolbar")
        self._connect()

    def show(self, selected: Selected) -> None:
        """Fill the bar from the quantizer and the selection."""
        q = self._quantizer
        bits = EXACT if q.accumulator_bits is None else q.accumulator_bits
        self._showing = True
        try:
            # What is watched is what this one measures on.
            measured = () if q.evaluation is None else (MEASURED,)
            scheme = MEASURED if is_searching(q) else q.scheme
            _fill(self.scheme, [(name, name) for name in (*SCHEMES, *measured)], scheme)
            _fill(self.word_length, [(str(bits), bits) for bits in WORD_LENGTHS], q.word_length)
            self.per_channel.value = isinstance(q, AssignsByChannel) and bool(q.per_channel)
            _fill(self.rounding, [(_spoken(mode.value), mode.value) for mode in Rounding], str(q.rounding))
            _fill(self.overflow, [(_spoken(mode.value), mode.value) for mode in Overflow], str(q.overflow))
            _fill(self.accumulator, list(ACCUMULATORS), bits)
        finally:
            self._showing = False
        self._enable(selected)

    def _enable(self, selected: Selected) -> None:
        q = self._quantizer
        uncalibrated = "" if q.calibrated else "no data counted yet, call q.calibrate(data)"
        _usable(self.scheme, "How each site's type is chosen from its spectrum", uncalibrated)
        _usable(self.word_length, "Word length of weights and activations, in bits", uncalibrated)
        self.per_channel.layout.display = None if isinstance(q, AssignsByChannel) else "none"
        _usable(self.per_channel, _PER_CHANNEL, uncalibrated)
        searching = is_searching(q)
        # Two buttons, so that a click that was meant for the one cannot reach the other.
        self.assign.layout.display, self.stop.layout.display = ("none", None) if searching else (None, "none")
        _usable(self.assign, _ASSIGN, uncalibrated)
        _usable(self.undo, "Take back the last change", "" if q.can_undo else "nothing was changed")
        _usable(self.redo, "Make the change again that was taken back", "" if q.can_redo else "nothing was taken back")
        unchanged = "" if q.changed_sites else f"all types are as {q.scheme} chose them"
        _usable(self.reset, "Give every site that is not locked the type that the scheme chose", unchanged)
        self.lock.description = "Unlock" if selected.all_locked else "Lock"
        self.lock.icon = "unlock" if selected.all_locked else "lock"
        what = "Let the types of the selected rows change again" if selected.all_locked else _LOCK
        _usable(self.lock, what, "" if selected.rows else "no row is selected")

    def _connect(self) -> None:
        for control in (self.scheme, self.word_length):
            control.observe(self._on_change(self._assign), "value")
        self.per_channel.observe(self._on_change(lambda: self._assign(per_channel=self.per_channel.value)), "value")
        self.rounding.observe(self._on_change(self._set_rounding), "value")
        self.overflow.observe(self._on_change(self._set_overflow), "value")
        self.accumulator.observe(self._on_change(self._set_accumulator), "value")
        self.assign.on_click(lambda _: self._assign())
        self.stop.on_click(lambda _: self._stop())
        self.undo.on_click(lambda _: self._act(self._quantizer.undo))
        self.redo.on_click(lambda _: self._act(self._quantizer.redo))
        self.reset.on_click(lambda _: self._act(self._reset))
        self.lock.on_click(lambda _: self._act(self._lock))

    def _on_change(self, action: Callable[[], None]) -> Callable[[object], None]:
        def changed(_: object) -> None:
            if not self._showing:
                action()

        return changed

    def _stop(self) -> None:
        if isinstance(self._quantizer, Searches):
            self._act(self._quantizer.stop_search)

    def _assign(self, *, per_channel: bool | None = None) -> None:
        scheme, bits = self.scheme.value, self.word_length.value
        self._act(lambda: self._assign_all(scheme, bits, per_channel), f"Choosing types by {scheme} …")

    def _set_rounding(self) -> None:
        self._act(lambda: setattr(self._quantizer, "rounding", self.rounding.value))

    def _set_overflow(self) -> None:
        self._act(lambda: setattr(self._quantizer, "overflow", self.overflow.value))

    def _set_accumulator(self) -> None:
        chosen = self.accumulator.value
        self._act(lambda: setattr(self._quantizer, "accumulator_bits", None if chosen == EXACT else chosen))


_ASSIGN = "Choose the type of every site anew, by scheme and word length"
_PER_CHANNEL = (
    "Give each output channel of a weight its own window; memory stays the same, "
    "and the sums of each channel are shifted by as many bits as its window asks for"
)
_STOP = "Stop the search; all types stay as they are"
_LOCK = "Keep the types of the selected rows, whatever is dragged, reset or assigned here"


def _group(*controls: widgets.Widget) -> widgets.HBox:
    group = widgets.HBox(controls)
    group.add_class("bw-group")
    return group


def _dropdown(label: str, tooltip: str = "") -> widgets.Dropdown:
    return widgets.Dropdown(description=label, tooltip=tooltip, style={"description_width": "auto"})


def _button(label: str, icon: str) -> widgets.Button:
    return widgets.Button(description=label, icon=icon)


def _usable(control: widgets.Widget, what: str, why_not: str) -> None:
    """Enable a control, or disable it and say why."""
    control.disabled = bool(why_not)
    control.tooltip = f"{what}. Not now: {why_not}." if why_not else what


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _fill(dropdown: widgets.Dropdown, options: list[tuple[str, object]], value: object) -> None:
    """Set the choices and the chosen; a value that is not among the choices joins them, so that it is shown too."""
    if value not in [option for _, option in options]:
        options = [*options, (f"{value}", value)]
    if list(dropdown.options) != options:
        dropdown.options = options
    dropdown.value = value
