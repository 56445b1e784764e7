"""Documents from strangers: JSON with a few values exchanged for hostile ones, and bytes with flipped bits."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

HOSTILE: tuple[Any, ...] = (
    0, -1, 1, 2**31, 2**62, -(2**63), 10**30, 1.5, 1e308, "", "x" * 50, None, True, [], {}, [1, 2, 3], "float32",
    "string", [None, None], {"class_name": "Dense", "config": {}}, "\ud7ff", [[[[]]]],
)  # fmt: skip


def mutated(document: Any, rng: np.random.Generator) -> Any:
    """Return a JSON document with one to three of its values replaced, left out, or taken from elsewhere in it."""
    made = copy.deepcopy(document)
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(made))
        if not places:
            return made
        holder, key = places[int(rng.integers(len(places)))]
        way = int(rng.integers(4))
        if way < 2:
            holder[key] = copy.deepcopy(HOSTILE[int(rng.integers(len(HOSTILE)))])
        elif way == 2:
            del holder[key]
        else:
            other, at = places[int(rng.integers(len(places)))]
            holder[key] = copy.deepcopy(other[at])
    return made


def flipped(content: bytes, rng: np.random.Generator, most: int) -> bytes:
    """Return bytes with one to ``most`` bits flipped."""
    made = bytearray(content)
    for place in rng.integers(0, len(content), int(rng.integers(1, most + 1))):
        made[place] ^= 1 << int(rng.integers(8))
    return bytes(made)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from _places(node[key])
