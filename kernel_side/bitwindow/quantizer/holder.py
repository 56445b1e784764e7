"""The state of a quantizer: its settings, the history of its changes, and those who want to hear of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from bitwindow.assign.records import Assignment
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.quantizer.state import History, State

Listener = Callable[[str], None]


class StateHolder:
    """Holds the present ``State`` behind one lock; every change is one step of the history and is told to listeners."""

    def __init__(self, state: State) -> None:
        self._lock = threading.RLock()
        self._history = History(state)
        self._listeners: dict[object, Listener] = {}

    @property
    def state(self) -> State:
        """The present types and settings, as one frozen record."""
        return self._history.present

    @property
    def assignment(self) -> Assignment:
        """The present types."""
        return self.state.assignment

    @property
    def per_channel(self) -> bool | frozenset[str]:
        """Of the last ``assign``: whether weights got a type for each output channel, or the sites that were to."""
        return self.state.per_channel

    @property
    def scheme(self) -> str:
        """The scheme of the last ``assign``."""
        return self.state.scheme

    @property
    def word_length(self) -> int:
        """The word length of the last ``assign``, in bits."""
        return self.state.word_length

    # ------------------------------------------------------------------ settings

    @property
    def rounding(self) -> str:
        """The rounding mode of every cast."""
        return self.state.modes.rounding.value

    @rounding.setter
    def rounding(self, mode: str) -> None:
        self._set_modes(rounding=Rounding.parse(mode))

    @property
    def overflow(self) -> str:
        """The overflow mode of every cast."""
        return self.state.modes.overflow.value

    @overflow.setter
    def overflow(self, mode: str) -> None:
        self._set_modes(overflow=Overflow.parse(mode))

    @property
    def accumulator_bits(self) -> int | None:
        """The accumulators' width in bits; None: as wide as each sum needs."""
        return self.state.modes.accumulator_bits

    @accumulator_bits.setter
    def accumulator_bits(self, bits: int | None) -> None:
        self._set_modes(accumulator_bits=bits)

    @property
    def accumulator_overflow(self) -> str:
        """What a limited accumulator does beyond its range: ``"wrap"`` or ``"saturate"``."""
        return self.state.modes.accumulator_overflow

    @accumulator_overflow.setter
    def accumulator_overflow(self, mode: str) -> None:
        self._set_modes(accumulator_overflow=mode)

    # ------------------------------------------------------------------ history

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._history.past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change that was taken back."""
        return bool(self._history.future)

    def undo(self) -> bool:
        """Take the last change of types or settings back; return whether there was one."""
        return self._move(self._history.undo)

    def redo(self) -> bool:
        """Make the last change again that was taken back; return whether there was one."""
        return self._move(self._history.redo)

    # ------------------------------------------------------------------ listeners

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call ``callback(event)`` after every change, from whatever thread made it; return what ends that."""
        key = object()
        with self._lock:
            self._listeners[key] = callback

        def unsubscribe() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return unsubscribe

    # ------------------------------------------------------------------ inside

    def _changed(self) -> tuple[str, ...]:
        """Called after every change of the state, under the lock; returns what else changed with it."""
        return ()

    def _set_modes(self, **changes: Any) -> None:
        self._go(lambda state: replace(state, modes=replace(state.modes, **changes)), "settings")

    def _go(self, change: Callable[[State], State], event: str, *, join: bool = False) -> None:
        # One hold of the lock from reading the state to replacing it: no other thread's change gets lost.
        with self._lock:
            changed = self._history.go(change(self.state), join=join)
            events = (event, *self._changed()) if changed else ()
        self._tell_all(events)

    def _move(self, step: Callable[[], bool]) -> bool:
        with self._lock:
            moved = step()
            events = ("settings", "formats", *self._changed()) if moved else ()
        self._tell_all(events)
        return moved

    def _tell_all(self, events: Iterable[str]) -> None:
        for event in events:
            self._tell(event)

    def _tell(self, event: str) -> None:
        with self._lock:
            listeners = list(self._listeners.values())
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                # The change is made already, and the other listeners must hear of it.
                logging.getLogger(__name__).exception("A listener of a quantizer failed on %r", event)
