"""A search for better types in the background: what it rests on, how it is done, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakMethod

from bitwindow.assign.records import Assignment
from bitwindow.evaluate.layered import Check
from bitwindow.quantizer.loss import Progress
from bitwindow.quantizer.state import State


@dataclass(frozen=True, kw_only=True)
class Search:
    """How far a search is: ``evaluations`` so far, the ``best`` figure among them in words, and what went wrong."""

    evaluations: int = 0
    best: str = ""
    running: bool = True
    error: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchTask:
    """A search to be done.

    Attributes:
        before: The state when it was asked for; a change of it ends the search.
        begun: That state with the settings of the search.
        work: ``work(check, progress)`` returns the types that were found.
        adopt: ``adopt(task, types)`` takes them over; weak, as no thread may keep a quantizer alive.
    """

    before: State
    begun: State
    work: Callable[[Check, Progress], Assignment]
    adopt: WeakMethod[Callable[[SearchTask, Assignment], None]]
