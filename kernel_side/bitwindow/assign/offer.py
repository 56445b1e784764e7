"""Better types for the sites that need them, offered with the reason: another window, one a channel, more bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats


@dataclass(frozen=True, kw_only=True)
class Better:
    """One site's present type and the one that is enough, or the types by channel, with the figures in words."""

    present: AnyFormat
    format: AnyFormat
    reason: str

    @property
    def change(self) -> str:
        """The change in a few words, however many channels there are."""
        return f"{short(self.present)} -> {short(self.format)}"


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
    def formats(self) -> dict[str, AnyFormat]:
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
        rows = [f"  {name}: {site.change}; {site.reason}" for name, site in self.sites.items()]
        return "\n".join([self.summary, *rows])

    __repr__ = __str__


def short(fmt: AnyFormat) -> str:
    """Return the text of a type, or a short one of types by channel.

    >>> short(ChannelFormats(True, 8, (7, 7, 6)))
    'sfix8_En6..7 (3 channels)'
    """
    return fmt.short() if isinstance(fmt, ChannelFormats) else str(fmt)
