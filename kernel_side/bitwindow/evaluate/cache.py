"""Boundaries held for the next change, within a budget of bytes.

Beyond the budget goes first what the present types do not lead to, then, within both groups, what costs least to
recompute per byte. Whatever is missing is computed again, so the budget changes the time and never a result.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from bitwindow.evaluate.fingerprint import Key

ROOM = 0.03
"""The part of the budget that is made free at once, so that the order of eviction is seldom worked out."""
MOST_RECIPES = 20_000


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a boundary is made: the value's name, the keys it is made from, and its layer's seconds for one chunk."""

    value: str
    operands: tuple[Key, ...]
    seconds: float


@dataclass(kw_only=True)
class Held:
    """The chunks of one boundary that are held; ``used`` is the turn of its last use."""

    chunks: dict[int, Any] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    hits: int = 0
    used: int = 0

    @property
    def bytes(self) -> int:
        """The bytes of all chunks held."""
        return sum(self.sizes.values())


class BoundaryCache:
    """Boundaries by (key, chunk).

    Args:
        budget: Bytes to hold at most.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bytes = 0
        self._held: dict[Key, Held] = {}
        self._recipes: dict[Key, Recipe] = {}
        self._present: frozenset[Key] = frozenset()
        self._turn = 0

    def begin(self, present: Collection[Key]) -> None:
        """Start a turn: from now on these keys are the present ones."""
        self._turn += 1
        self._present = frozenset(present)
        if len(self._recipes) > MOST_RECIPES:
            kept = self._present | self._held.keys()
            self._recipes = {key: recipe for key, recipe in self._recipes.items() if key in kept}

    def get(self, key: Key, chunk: int) -> Any | None:
        """Return a boundary, or None where it is not held."""
        held = self._held.get(key)
        array = None if held is None else held.chunks.get(chunk)
        if held is not None and array is not None:
            held.hits += 1
            held.used = self._turn
        return array

    def note(self, key: Key, recipe: Recipe) -> None:
        """Remember how a boundary is made; operands are noted before what is made from them."""
        self._recipes[key] = recipe

    def put(self, key: Key, chunk: int, array: Any) -> None:
        """Hold a boundary, if the budget allows it beside what is worth more."""
        size = int(array.nbytes)
        held = self._held.get(key)
        if size > self.budget or (held is not None and chunk in held.chunks):
            return
        if held is None:
            held = self._held[key] = Held()
        held.used = self._turn
        held.chunks[chunk], held.sizes[chunk] = array, size
        self.bytes += size
        if self.bytes > self.budget:
            self._evict(self.budget - int(self.budget * ROOM))

    def resize(self, budget: int) -> None:
        """Set the budget and keep to it."""
        self.budget = budget
        if self.bytes > budget:
            self._evict(budget)

    def snapshot(self) -> list[tuple[Key, Held]]:
        """Return what is held, for a report; safe while another thread works."""
        return list(self._held.items())

    def value_of(self, key: Key) -> str:
        """Return the name of a boundary's value; empty where it was never noted."""
        recipe = self._recipes.get(key)
        return "" if recipe is None else recipe.value

    def is_present(self, key: Key) -> bool:
        """Whether the present types lead to this boundary."""
        return key in self._present

    def _evict(self, wanted: int) -> None:
        """Let the cheapest go until at most ``wanted`` bytes are held; of one boundary the last chunks go first."""
        for key in self._order():
            held = self._held[key]
            for chunk in sorted(held.chunks, reverse=True):
                if self.bytes <= wanted:
                    return
                del held.chunks[chunk]
                self.bytes -= held.sizes.pop(chunk)
            del self._held[key]

    def _order(self) -> list[Key]:
        costs = self._costs()

        def worth(key: Key) -> tuple[bool, float]:
            held = self._held[key]
            each = held.bytes / max(1, len(held.chunks))
            # What was not used for long is worth less: a window that the user left behind is seldom visited again.
            return key in self._present, costs.get(key, 0.0) / max(1.0, each) / (1 + self._turn - held.used)

        return sorted(self._held, key=worth)

    def _costs(self) -> dict[Key, float]:
        """Return the seconds to make one chunk of every boundary from those that are held."""
        costs: dict[Key, float] = {}
        for key, recipe in self._recipes.items():
            missing = (costs.get(operand, 0.0) for operand in recipe.operands if operand not in self._held)
            costs[key] = recipe.seconds + sum(missing)
        return costs
