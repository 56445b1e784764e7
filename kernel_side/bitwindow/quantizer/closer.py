"""A closer look at one site: a few of its real values, and the spectra of its channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.calibrate.channels import Channels
from bitwindow.calibrate.extremes import Nearest
from bitwindow.calibrate.record import Calibration
from bitwindow.network.records import Network
from bitwindow.spectrum.record import Spectrum

PICKED = 256
"""Values of a parameter that are looked at, beside its extremes."""


class CloserLook:
    """Gives examples and channels by the name of a site; those of parameters are counted once, when asked for.

    The values with the largest and the smallest magnitude of each sign are always among the examples, so that one of
    them overflows (underflows) whenever any value of the site does.
    """

    def __init__(
        self,
        network: Network,
        calibration: Callable[[], Calibration],
        values: Callable[[str], NDArray[Any] | None] | None = None,
    ) -> None:
        self._network = network
        self._calibration = calibration
        self._values = network.parameters.get if values is None else values
        self._examples: dict[str, tuple[object, NDArray[np.float64]]] = {}
        self._channels: dict[str, tuple[object, Channels | None]] = {}

    def examples(self, name: str) -> NDArray[np.float64] | None:
        """Return real values of a site; None for an input or activation of which none were kept."""
        if name in self._network.parameters:
            values, known = self._values(name), self._examples.get(name)
            if known is None or known[0] is not values:
                known = self._examples[name] = (values, _picked(np.asarray(values)))
            return known[1]
        calibration = self._calibration()
        glimpse, spectrum = calibration.glimpses.get(name), calibration.spectra.get(name)
        if glimpse is None or spectrum is None:
            return None
        nearest = glimpse.nearest
        return _joined([spectrum.minimum, spectrum.maximum, nearest.above, nearest.below], glimpse.drawn)

    def channel_spectrum(self, name: str) -> Spectrum:
        """Return the spectrum of a site that has channels, one for each."""
        channels = self.channels(name)
        assert channels is not None  # noqa: S101  (only sites with a channel axis are asked for)
        return channels.spectrum

    def channels(self, name: str) -> Channels | None:
        """Return the channels of a site; None where the tensor has no channel axis or its channels were not counted."""
        axis = self._network.sites[name].channel_axis
        if name in self._network.parameters:
            values, seen = self._values(name), self._channels.get(name)
            if seen is None or seen[0] is not values:
                counted = None if axis is None else Channels(spectrum=Spectrum.of(values, axis=axis), samples=None)
                seen = self._channels[name] = (values, counted)
            return seen[1]
        glimpse = self._calibration().glimpses.get(name)
        if glimpse is None or glimpse.channels is None:
            return None
        return Channels(spectrum=glimpse.channels, samples=glimpse.samples)


def _picked(values: NDArray[Any]) -> NDArray[np.float64]:
    flat = values.reshape(-1)
    finite = flat[np.isfinite(flat)]
    if not finite.size:
        return np.zeros(0)
    nearest = Nearest.of(finite)
    evenly = finite[np.linspace(0, finite.size - 1, min(PICKED, finite.size)).astype(np.int64)]
    return _joined([float(finite.min()), float(finite.max()), nearest.above, nearest.below], evenly.astype(np.float64))


def _joined(extremes: list[float | None], others: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[value for value in extremes if value is not None], others]).astype(np.float64)
