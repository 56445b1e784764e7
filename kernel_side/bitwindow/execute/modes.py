"""The modes of an execution: how values are rounded, what overflow does, and how wide an accumulator is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bitwindow.errors import SettingError
from bitwindow.numbers.modes import Overflow, Rounding

AccumulatorOverflow = Literal["saturate", "wrap"]
MAX_SEED = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class Modes:
    """The settings that hold for every cast and every accumulator of a network.

    Attributes:
        rounding: Rounding mode of every cast, parameters included.
        overflow: Overflow mode of every cast, parameters included.
        accumulator_bits: Width of the accumulators of convolutions and dense layers, in bits, 2 to 64; None: as wide
            as the sum needs.
        accumulator_overflow: What a sum outside a limited accumulator becomes.
        seed: Seed of stochastic rounding, 0 to 2^32 - 1.

    Raises:
        SettingError: If a setting does not exist or is out of range.

    >>> Modes(rounding="floor").rounding
    <Rounding.FLOOR: 'floor'>
    """

    rounding: Rounding = Rounding.ROUND
    overflow: Overflow = Overflow.SATURATE
    accumulator_bits: int | None = None
    accumulator_overflow: AccumulatorOverflow = "wrap"
    seed: int = 0

    def __post_init__(self) -> None:
        """Read the modes' names and check the ranges."""
        object.__setattr__(self, "rounding", Rounding.parse(self.rounding))
        object.__setattr__(self, "overflow", Overflow.parse(self.overflow))
        if self.accumulator_bits is not None and not _is_integer_in(self.accumulator_bits, 2, 64):
            message = f"accumulator_bits: wanted None (exact) or 2 to 64 bits; got {self.accumulator_bits!r}."
            raise SettingError(message)
        if self.accumulator_overflow not in ("saturate", "wrap"):
            message = f"accumulator_overflow: wanted 'saturate' or 'wrap'; got {self.accumulator_overflow!r}."
            raise SettingError(message)
        if not _is_integer_in(self.seed, 0, MAX_SEED):
            message = f"seed: wanted an integer from 0 to {MAX_SEED}; got {self.seed!r}."
            raise SettingError(message)


def _is_integer_in(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
