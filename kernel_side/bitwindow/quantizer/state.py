"""What can be undone: the types and the settings, as one frozen record, and the history of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bitwindow.assign.records import Assignment
from bitwindow.execute.modes import Modes

MOST_STEPS = 1000


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything the user can change about the quantized network.

    Attributes:
        assignment: The types.
        modes: Rounding, overflow, accumulators.
        scheme: Of the last ``assign``.
        word_length: Of the last ``assign``, in bits.
        chosen: The types that the last ``assign`` chose.
        per_channel: Of the last ``assign``: True, False, or the sites with a type for each output channel.
    """

    assignment: Assignment
    modes: Modes
    scheme: str
    word_length: int
    chosen: Assignment | None = None
    per_channel: bool | frozenset[str] = False


@dataclass
class History:
    """The states before and after the present one; a new state forgets what was undone."""

    present: State
    past: list[State] = field(default_factory=list)
    future: list[State] = field(default_factory=list)
    _began: State | None = None
    """Where the last step began, for what joins it; None after an undo or redo."""

    def go(self, state: State, *, join: bool = False) -> bool:
        """Make ``state`` the present one; return whether anything changed.

        Args:
            state: The new state.
            join: Whether the change belongs to the step before it, as the parts of one drag do. Back where that step
                began, nothing is left to undo.
        """
        if state == self.present:
            return False
        if not join or self._began is None:
            self._began = self.present
        elif self.past and self.past[-1] is self._began:
            self.past = self.past[:-1]
        if state != self._began:
            self.past = [*self.past[-(MOST_STEPS - 1) :], self._began]
        self.future = []
        self.present = state
        return True

    def undo(self) -> bool:
        """Go one state back; return whether there was one."""
        if not self.past:
            return False
        self._began = None
        self.future.append(self.present)
        self.present = self.past.pop()
        return True

    def redo(self) -> bool:
        """Go one undone state forward; return whether there was one."""
        if not self.future:
            return False
        self._began = None
        self.past.append(self.present)
        self.present = self.future.pop()
        return True
