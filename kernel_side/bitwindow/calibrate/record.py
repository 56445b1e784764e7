"""What calibration knows: how many samples it saw, and one spectrum per input and activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bitwindow.spectrum.record import Spectrum


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The merged statistics of all calibration data so far.

    ``samples`` >= 0; ``spectra`` has one entry per site of kind input or activation once ``samples`` > 0. Two
    calibrations of one network merge exactly: the result does not depend on how the data was cut.
    """

    samples: int
    spectra: Mapping[str, Spectrum]

    def __post_init__(self) -> None:
        if self.samples < 0:
            message = f"samples: wanted 0 or more, got {self.samples}"
            raise ValueError(message)

    def add(self, samples: int, spectra: Mapping[str, Spectrum]) -> Calibration:
        """Return this calibration with ``samples`` more samples merged in."""
        merged = {name: self.spectra[name] + new if name in self.spectra else new for name, new in spectra.items()}
        return Calibration(samples=self.samples + samples, spectra=merged)


NOTHING = Calibration(samples=0, spectra={})
