"""What can be undone: the types and the settings, as one frozen record, and the history of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bitwindow.assign.records import Assignment
from bitwindow.execute.modes import Modes

MOST_STEPS = 1000


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything the user can change about the quantized network."""

    assignment: Assignment
    modes: Modes
    scheme: str
    word_length: int


@dataclass
class History:
    """The states before and after the present one; a new state forgets what was undone."""

    present: State
    past: list[State] = field(default_factory=list)
    future: list[State] = field(default_factory=list)

    def go(self, state: State) -> bool:
        """Make ``state`` the present one; return whether anything changed."""
        if state == self.present:
            return False
        self.past = [*self.past[-(MOST_STEPS - 1) :], self.present]
        self.future = []
        self.present = state
        return True

    def undo(self) -> bool:
        """Go one state back; return whether there was one."""
        if not self.past:
            return False
        self.future.append(self.present)
        self.present = self.past.pop()
        return True

    def redo(self) -> bool:
        """Go one undone state forward; return whether there was one."""
        if not self.future:
            return False
        self.past.append(self.present)
        self.present = self.future.pop()
        return True
