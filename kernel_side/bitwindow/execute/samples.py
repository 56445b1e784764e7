"""Which samples a chunk holds: how many count, and the numbers that seed their stochastic rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from bitwindow.errors import SettingError
from bitwindow.execute.modes import Modes

if TYPE_CHECKING:
    from jax import Array
    from jaxtyping import Int64, UInt32

SampleNumbers = int | NDArray[np.integer]
"""The absolute number of a chunk's first sample, or those of all its valid samples, one by one."""
_HEAD = 3


class Samples(NamedTuple):
    """A chunk's samples as a step takes them: int64[3 + rows] = (seed, stream, valid rows, each row's number)."""

    numbers: Int64[Array, "head+rows"]

    @property
    def valid(self) -> Int64[Array, ""]:
        """The rows that count."""
        return self.numbers[2]

    def random_bits(self, shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
        """Return a word a value, by (seed, stream, the sample's number): the same in any chunk and any order."""
        seed, stream = (self.numbers[index].astype(np.uint32) for index in range(2))
        key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), stream)
        rows = self.numbers[_HEAD:].astype(np.uint32)
        if shape[0] != rows.shape[0]:  # a value whose first axis is not the batch
            rows = rows[0] + jnp.arange(shape[0], dtype=np.uint32)
        keys = jax.vmap(lambda row: jax.random.fold_in(key, row))(rows)
        bits: Array = jax.vmap(lambda own: jax.random.bits(own, shape[1:], np.uint32))(keys)
        return bits


def packed_samples(modes: Modes, stream: int, samples: SampleNumbers, valid: int, rows: int) -> NDArray[np.int64]:
    """Return what `Samples` reads.

    Args:
        modes: Its seed is taken.
        stream: The layer's number; inputs and layers draw from streams of their own.
        samples: The first sample's number, or all valid samples' numbers.
        valid: Rows that count.
        rows: Rows of the chunk, padding included.

    Raises:
        SettingError: If the numbers are not as many as the valid rows.
    """
    if isinstance(samples, int | np.integer):
        numbers = np.arange(int(samples), int(samples) + rows)
    elif np.shape(samples) == (valid,):
        numbers = np.concatenate([samples, np.zeros(rows - valid, np.int64)])
    else:
        message = f"first_sample: wanted a number or {valid} numbers, got an array of shape {np.shape(samples)}."
        raise SettingError(message)
    return np.concatenate([np.array([modes.seed, stream, valid]), numbers]).astype(np.int64)
