"""The documented random words of stochastic rounding, from Threefry-2x32 written out in NumPy.

A word belongs to (seed, stream, sample, place in the sample); a parameter's words to (seed, stream, place).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bitwindow.execute.modes import Modes
from bitwindow.network.records import Network
from tests.execute.reference import Words

Uint32s = NDArray[np.uint32]
Key = tuple[int, int]
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(key: Key, low: Uint32s) -> tuple[Uint32s, Uint32s]:
    """Encrypt the counters (0, low) in 20 rounds (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3)."""
    schedule = [np.uint32(word) for word in (*key, key[0] ^ key[1] ^ 0x1BD11BDA)]
    x, y = np.zeros_like(low) + schedule[0], low + schedule[1]
    for group in range(5):
        for by in ROTATIONS[group % 2]:
            x = x + y
            y = (y << np.uint32(by)) | (y >> np.uint32(32 - by))
            y = y ^ x
        x = x + schedule[(group + 1) % 3]
        y = y + schedule[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


def fold_in(key: Key, number: int) -> Key:
    x, y = threefry(key, np.array([number], np.uint32))
    return int(x[0]), int(y[0])


def bits(key: Key, shape: tuple[int, ...]) -> Uint32s:
    x, y = threefry(key, np.arange(math.prod(shape), dtype=np.uint32))
    return (x ^ y).reshape(shape)


def words(modes: Modes, first_sample: int = 0) -> Words:
    """The words of the layers' casts (stream: the layer's number) and the input's (stream 2^30)."""

    def draw(index: int | None, shape: tuple[int, ...]) -> np.ndarray:
        key = fold_in((0, modes.seed), 2**30 if index is None else index)
        return np.stack([bits(fold_in(key, first_sample + row), shape[1:]) for row in range(shape[0])])

    return draw


def parameter_words(modes: Modes, network: Network) -> dict[str, np.ndarray]:
    """The words of the parameters' casts: stream 2^31 + place, drawn whole."""
    return {
        site: bits(fold_in((0, modes.seed), 2**31 + place), array.shape)
        for place, (site, array) in enumerate(network.parameters.items())
    }
