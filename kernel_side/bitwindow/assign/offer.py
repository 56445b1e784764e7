"""Types with more bits, or a better window, for the sites that need them: offered with the reason, taken if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bitwindow.numbers.format import FixedPoint


@dataclass(frozen=True, kw_only=True)
class Better:
    """One site's present type and the one that is enough, with the figures in words."""

    present: FixedPoint
    format: FixedPoint
    reason: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What would help which site; it prints as a list. ``Quantizer.accept`` takes it.

    Attributes:
        sites: By site name, in data-flow order; empty where nothing needs more.
        summary: What was looked at, and what the offer does, in words.
        enough: Whether the offer reaches what was asked for.
    """

    summary: str
    sites: Mapping[str, Better] = field(default_factory=lambda: MappingProxyType({}))
    enough: bool = True

    @property
    def formats(self) -> dict[str, FixedPoint]:
        """The offered types by site name, as ``Quantizer.set_formats`` takes them."""
        return {name: site.format for name, site in self.sites.items()}

    @property
    def word_lengths(self) -> dict[str, int]:
        """The offered widths in bits by site name, as ``Quantizer.assign(word_lengths=...)`` takes them."""
        return {name: site.format.word_length for name, site in self.sites.items()}

    def __bool__(self) -> bool:
        """Whether anything is offered."""
        return bool(self.sites)

    def __str__(self) -> str:
        rows = [f"  {name}: {site.present} -> {site.format}; {site.reason}" for name, site in self.sites.items()]
        return "\n".join([self.summary, *rows])

    __repr__ = __str__
