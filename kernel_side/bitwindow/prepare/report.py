"""What preparation did: one record per step, and the whole as a table that prints."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Literal

StepKind = Literal["fold", "fold before", "drop", "equalize", "refused"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change of the network, or one that was refused.

    ``layer`` names the product (or "network" for what has no layer), ``what`` says in words what was done or why not.
    ``change`` is the largest change of the float values that the step's product hands on, as a fraction of the largest
    magnitude among them; None where nothing was computed.
    """

    kind: StepKind
    layer: str
    what: str
    change: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that preparation did.

    ``output_change`` is the largest change of the float outputs on the data that was used, as a fraction of the largest
    output, NaN where they are not finite; ``samples`` says how many samples that were, ``real`` whether they were data
    or drawn numbers.
    """

    steps: tuple[Step, ...]
    output_change: float
    samples: int
    real: bool

    @property
    def done(self) -> tuple[Step, ...]:
        """The steps that were taken."""
        return tuple(step for step in self.steps if step.kind != "refused")

    @property
    def refused(self) -> tuple[Step, ...]:
        """The steps that were looked at and not taken."""
        return tuple(step for step in self.steps if step.kind == "refused")

    def __str__(self) -> str:
        drawn = "" if self.real else " drawn"
        change = f"change by at most {self.output_change:.1e} of the largest, over"
        found = "are not finite on any of" if isnan(self.output_change) else change
        steps = f"{len(self.done)} steps, {len(self.refused)} refused"
        head = f"{steps}; the float outputs {found} {self.samples}{drawn} samples"
        width = max((len(step.layer) for step in self.steps), default=0)
        return "\n".join([head, *(_line(step, width) for step in self.steps)])

    __repr__ = __str__


def _line(step: Step, width: int) -> str:
    change = "" if step.change is None else f" (changes {step.change:.1e})"
    return f"  {step.kind:<11} {step.layer:<{width}}  {step.what}{change}"
