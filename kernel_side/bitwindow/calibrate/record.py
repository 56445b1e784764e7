"""What calibration knows: how many samples it saw, and one spectrum per input and activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bitwindow.calibrate.glimpse import Glimpse
from bitwindow.spectrum.record import Spectrum


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The merged statistics of all calibration data so far.

    ``samples`` >= 0; ``spectra`` has one entry per site of kind input or activation once ``samples`` > 0. Two
    calibrations of one network merge exactly: the result does not depend on how the data was cut.
    ``glimpses`` holds, of the same sites, what the detail of a row shows; none where they were not kept.
    """

    samples: int
    spectra: Mapping[str, Spectrum]
    glimpses: Mapping[str, Glimpse] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.samples < 0:
            message = f"samples: wanted 0 or more, got {self.samples}"
            raise ValueError(message)

    def add(
        self, samples: int, spectra: Mapping[str, Spectrum], glimpses: Mapping[str, Glimpse] | None = None
    ) -> Calibration:
        """Return this calibration with ``samples`` more samples merged in."""
        return Calibration(
            samples=self.samples + samples,
            spectra={name: self.spectra[name] + new if name in self.spectra else new for name, new in spectra.items()},
            glimpses={
                name: self.glimpses[name] + new if name in self.glimpses else new
                for name, new in (glimpses or {}).items()
            },
        )


NOTHING = Calibration(samples=0, spectra={})
