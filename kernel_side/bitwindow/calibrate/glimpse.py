"""A glimpse of a tensor too large to keep: a few of its real values, and its channels over its first samples.

What is kept does not grow with the data and does not depend on how it was cut: which values are drawn follows from the
number of the sample alone, and the channels are counted over a number of first samples that the shape alone decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.calibrate.extremes import NOWHERE, Nearest
from bitwindow.errors import DataError
from bitwindow.spectrum.record import Spectrum

DRAWN = 64
"""Values that are kept at most, beside the extremes."""
DRAWS_PER_SAMPLE = 8
_LOOKED_AT = 2 * DRAWN
CHANNEL_VALUES = 1 << 20
"""Values whose channels are counted, about: counting channels apart takes five times as long and more."""
MOST_CHANNEL_SAMPLES = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Glimpse:
    """A few values of a tensor and the spectra of its channels.

    ``Glimpse.of(a) + Glimpse.of(b)`` is ``Glimpse.of`` of both, wherever the samples were cut.

    Attributes:
        nearest: The values nearest to zero on both sides, over all samples.
        drawn: float64[n], n <= 64: nonzero finite values at random places of random samples.
        ranks: uint64[n], ascending: the numbers by which they were drawn, one for each place of each sample.
        channels: A spectrum with one channel for each index of the channel axis over the first ``samples`` samples;
            None without such an axis, or for later samples.
        samples: How many samples ``channels`` counts.

    Raises:
        DataError: If the parts are not as said.
    """

    nearest: Nearest
    drawn: NDArray[np.float64]
    ranks: NDArray[np.uint64]
    channels: Spectrum | None
    samples: int

    def __post_init__(self) -> None:
        """Check what a file may hold wrong."""
        is_list = self.drawn.shape == self.ranks.shape == (min(self.drawn.size, DRAWN),)
        if not is_list or self.drawn.dtype != np.float64 or self.ranks.dtype != np.uint64:
            _refuse(f"at most {DRAWN} float64 values and as many uint64 ranks", f"{self.drawn.shape}")
        if not np.all(np.isfinite(self.drawn) & (self.drawn != 0)) or np.any(self.ranks[1:] <= self.ranks[:-1]):
            _refuse("finite nonzero values in the order of their ranks", "others")
        if self.channels is not None and self.channels.channels is None:
            _refuse("the spectrum of channels", "one of a whole tensor")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Glimpse):
            return NotImplemented
        same = (self.nearest, self.channels, self.samples) == (other.nearest, other.channels, other.samples)
        return same and np.array_equal(self.drawn, other.drawn) and np.array_equal(self.ranks, other.ranks)

    __hash__ = None  # type: ignore[assignment]  # equality looks at arrays

    @classmethod
    def of(
        cls,
        values: NDArray[Any],
        *,
        first: int,
        axis: int | None,
        before: Glimpse | None = None,
        spectrum: Spectrum | None = None,
    ) -> Glimpse:
        """Return the glimpse of some samples.

        Args:
            values: float, (samples, ...).
            first: The place of the first of them among all samples.
            axis: The axis of one sample that counts channels, or None.
            before: What this is to be added to: what cannot change the sum may be left out.
            spectrum: Of all these values, where it is known.
        """
        full = before is not None and len(before.ranks) == DRAWN
        drawn, ranks = _draw(values, first, before.ranks[-1] if before is not None and full else None)
        farther = before is not None and spectrum is not None and not before.nearest.may_change_by(spectrum)
        counted = max(0, min(len(values), channel_samples(values.shape[1:]) - first))
        return cls(
            nearest=NOWHERE if farther else Nearest.of(values),
            drawn=drawn,
            ranks=ranks,
            channels=None if axis is None or not counted else Spectrum.of(values[:counted], axis=axis + 1),
            samples=counted,
        )

    def __add__(self, other: Glimpse) -> Glimpse:
        ranks, places = np.unique(np.concatenate([self.ranks, other.ranks]), return_index=True)
        drawn = np.concatenate([self.drawn, other.drawn])[places]
        counted = [part.channels for part in (self, other) if part.channels is not None]
        return Glimpse(
            nearest=self.nearest + other.nearest,
            drawn=drawn[:DRAWN],
            ranks=ranks[:DRAWN],
            channels=sum(counted[1:], start=counted[0]) if counted else None,
            samples=self.samples + other.samples,
        )


def channel_samples(shape: Sequence[int]) -> int:
    """Return over how many first samples of this shape the channels are counted: 1 to 256, about 2^20 values.

    >>> channel_samples((28, 28, 16)), channel_samples((10,))
    (83, 256)
    """
    return max(1, min(MOST_CHANNEL_SAMPLES, CHANNEL_VALUES // max(1, prod(shape))))


def _refuse(wanted: str, got: str) -> None:
    message = f"glimpse: wanted {wanted}; got {got}. The arrays are damaged or of another kind: calibrate anew."
    raise DataError(message)


def _draw(values: NDArray[Any], first: int, last: np.uint64 | None) -> tuple[NDArray[np.float64], NDArray[np.uint64]]:
    """Draw some places of each sample by their numbers, and keep those with the least, up to ``last``."""
    size = prod(values.shape[1:])
    if not size or not len(values):
        return np.zeros(0), np.zeros(0, np.uint64)
    flat = values.reshape(len(values), size)
    samples = np.repeat(np.arange(len(values)), DRAWS_PER_SAMPLE)
    draws = (np.arange(len(samples)) + first * DRAWS_PER_SAMPLE).astype(np.uint64)
    places = (_mixed(draws) % np.uint64(size)).astype(np.int64)
    # One number for each place of each sample: a place that is drawn twice counts once.
    ranks = _mixed((samples + first).astype(np.uint64) * np.uint64(size) + places.astype(np.uint64))
    if last is not None:
        low = np.flatnonzero(ranks <= last)
        samples, places, ranks = samples[low], places[low], ranks[low]
    drawn = flat[samples, places].astype(np.float64)
    kept = np.flatnonzero(np.isfinite(drawn) & (drawn != 0))
    # Those with the least numbers are enough, unless many of them are the same.
    few = kept if len(kept) <= _LOOKED_AT else kept[np.argpartition(ranks[kept], _LOOKED_AT)[:_LOOKED_AT]]
    least, chosen = np.unique(ranks[few], return_index=True)
    if len(least) < DRAWN:
        few = kept
        least, chosen = np.unique(ranks[few], return_index=True)
    return drawn[few][chosen][:DRAWN], least[:DRAWN]


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return SplitMix64 (Steele, Lea and Flood 2014) of the numbers, a permutation of 64-bit words."""
    with np.errstate(over="ignore"):
        z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed
