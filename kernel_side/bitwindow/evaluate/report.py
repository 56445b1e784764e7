"""What a validation says, exactly, and what an evaluation under way says so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bitwindow.execute.tally import Tally

Interval = tuple[float, float]
_MOST_LOST = 0.01
"""Of an accuracy, one point: what is lost beyond it is said."""
_SLACK = 1e-9
"""Of the difference of two rounded shares, far less than one sample."""


@dataclass(frozen=True, kw_only=True)
class SiteReport:
    """What the bit-true run did at one site: the counts of its casts, and its SQNR in dB against the float network.

    ``sqnr`` compares the site's values in the quantized network with the float network's, errors from before it
    included; None where nothing was compared.
    """

    tally: Tally | None
    sqnr: float | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """The exact figures over the whole validation set.

    ``interval`` is the population's 95 % interval of ``quantized_metric`` (Wilson for proportions), None for a metric
    that gives one number for the whole set. ``flips`` counts the samples whose predicted class differs from the float
    network's, None where the outputs are not class scores. ``accumulator_widths`` is the signed width in bits that each
    layer's exact sum can need. All counts are those of the casts that this run made.
    """

    metric_name: str
    float_metric: float
    quantized_metric: float
    interval: Interval | None
    n: int
    flips: int | None
    float_bytes: int
    quantized_bytes: int
    sites: Mapping[str, SiteReport]
    accumulator_widths: Mapping[str, int]
    accumulator_overflows: Mapping[str, int]

    def __str__(self) -> str:
        interval = "" if self.interval is None else f" (95 % interval {self.interval[0]:.4f} to {self.interval[1]:.4f})"
        flips = "" if self.flips is None else f"; {self.flips} predictions changed"
        return (
            f"{self.metric_name} over {self.n} samples, exact: float {self.float_metric:.4f}, "
            f"quantized {self.quantized_metric:.4f}{interval}{flips}; "
            f"parameters {self.float_bytes} -> {self.quantized_bytes} bytes{self._warning()}"
        )

    def _warning(self) -> str:
        lost = self.float_metric - self.quantized_metric
        if not lost > _MOST_LOST + _SLACK or not re.fullmatch("accuracy|agreement|top[0-9]+", self.metric_name):
            return ""
        return f"; {100 * lost:.1f} points below float: q.wider((x, y)) offers more bits where they are needed"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The state of the live evaluation: ``quantized_metric`` over the first ``n`` of ``total`` samples.

    ``interval`` holds the whole set's figure with 95 % confidence (finite-population corrected: closed when ``exact``),
    ``population`` that of the population the set was drawn from, as in ``Report.interval``.

    ``float_metric`` rests on the first ``float_n`` samples: at first the same as ``n``, later all of them.
    ``difference`` is quantized minus float over the same ``n`` samples; ``difference_interval`` holds the whole set's
    difference with 95 % confidence. It is much tighter than ``interval``, since only samples count on which the two
    networks differ; None for a metric that gives one number for the whole set, until it is exact.

    ``error`` holds words for the user if the evaluation failed.
    """

    metric_name: str
    float_metric: float | None
    quantized_metric: float | None
    interval: Interval | None
    n: int
    total: int
    running: bool
    population: Interval | None = None
    error: str | None = None
    difference: float | None = None
    difference_interval: Interval | None = None
    float_n: int = 0

    @property
    def exact(self) -> bool:
        """Whether every sample has been counted."""
        return self.error is None and self.n == self.total

    @property
    def basis(self) -> str:
        """What the figure is, in words: an estimate over n of N samples, or exact.

        >>> Evaluation(
        ...     metric_name="mse", float_metric=0, quantized_metric=0, interval=None, n=256, total=1000, running=True
        ... ).basis
        'estimate (256 of 1,000)'
        """
        return f"exact (all {self.total:,})" if self.exact else f"estimate ({self.n:,} of {self.total:,})"
