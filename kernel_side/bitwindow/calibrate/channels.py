"""The spectra of a tensor's channels, and over which samples they were counted."""

from __future__ import annotations

from dataclasses import dataclass

from bitwindow.spectrum.record import Spectrum


@dataclass(frozen=True, kw_only=True, eq=False)
class Channels:
    """One spectrum for each channel of a tensor.

    Attributes:
        spectrum: With one channel for each index of the tensor's channel axis.
        samples: The number of first calibration samples that it counts; None for a parameter, whose values are all in.
    """

    spectrum: Spectrum
    samples: int | None
