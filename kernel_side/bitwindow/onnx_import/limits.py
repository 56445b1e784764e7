"""What a file may make this process do before anything of it is computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from bitwindow.errors import ModelError

MOST_FILE_BYTES = 2**31 - 1
"""Protocol buffers hold no more than 2 GiB; larger models keep their tensors in external files."""
MOST_TENSOR_BYTES = 2**34
"""Of one tensor in an external file; it must be there in full before memory is taken for it."""
MOST_VALUE_ELEMENTS = 2**28
"""Of one value that a graph computes, for one sample."""
MOST_FOLDED_VALUE = 2**24
"""Elements of one value that is computed while constants are folded."""
MOST_FOLDED_ELEMENTS = 2**26
"""Of all values that are folded in one run of a graph."""
MOST_CALLS = 50_000
"""Operators that one run of a graph may call, functions and subgraphs read in place."""
MOST_LEVELS = 40
"""Functions and subgraphs inside one another."""
MOST_AXES = 32


@dataclass
class Budget:
    """What one run of a graph has left; the one thing that changes while it runs."""

    calls: int = field(default_factory=lambda: MOST_CALLS)
    folded: int = field(default_factory=lambda: MOST_FOLDED_ELEMENTS)

    def call(self, where: str) -> None:
        """Count one operator.

        Raises:
            ModelError: If the graph calls more than any network does.
        """
        self.calls -= 1
        if self.calls < 0:
            raise ModelError(
                f"{where}: wanted a graph that calls at most {MOST_CALLS:,} operators, got more (loops and functions "
                "are read in place); load a smaller part of the network"
            )

    def fold(self, elements: int, where: str) -> None:
        """Count the elements of a folded value.

        Raises:
            ModelError: If the graph's constants take more memory than any network's do.
        """
        self.folded -= elements
        if self.folded < 0:
            raise ModelError(
                f"{where}: wanted constant expressions of at most {MOST_FOLDED_ELEMENTS:,} elements in all, got more; "
                "store such constants as initializers"
            )


def elements_of(shape: tuple[int, ...], where: str, *, samples: int = 1, folding: bool = False) -> int:
    """Return how many elements a shape has.

    Args:
        shape: Of a value that is to be made.
        where: The file and node, for the message.
        samples: How many samples the value may hold.
        folding: Whether the value is made now, while constants are folded.

    Raises:
        ModelError: If it is negative, has too many axes, or is larger than memory is taken for.
    """
    if len(shape) > MOST_AXES or any(size < 0 for size in shape):
        raise ModelError(
            f"{where}: wanted a shape of at most {MOST_AXES} axes, none negative, got {list(shape)[: MOST_AXES + 1]}; "
            "the file is damaged or its shapes do not fit together"
        )
    elements = prod(shape)
    most = MOST_FOLDED_VALUE if folding else MOST_VALUE_ELEMENTS * max(1, samples)
    if elements > most:
        raise ModelError(
            f"{where}: wanted a value of at most {most:,} elements here, got shape {list(shape)}; the file is "
            "damaged, or give smaller sizes with dims= or example="
        )
    return elements
