"""The record of the exact counts of one tensor under one type."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many values of a tensor meet which fate under a type: Python ints, exact.

    Every value is in at most one class: ``nan``, ``inf``, ``zero``, ``overflow`` (the rounded integer lies outside the
    range), ``underflow`` (x != 0 becomes 0). The rest of ``total`` is rounded or exact; see ``kept``.
    """

    total: int
    zero: int
    underflow: int
    overflow: int
    nan: int
    inf: int

    @property
    def kept(self) -> int:
        """The finite nonzero values that neither underflow nor overflow."""
        return self.total - self.zero - self.underflow - self.overflow - self.nan - self.inf
