"""The word length of every site, from the settings of a call."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import SupportsIndex, get_args

from bitwindow.errors import SettingError
from bitwindow.network.records import Network, SiteInfo, SiteKind

_WIDEST, _WIDEST_BIAS = 16, 32


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Word lengths in bits by site, by kind, and for the rest."""

    by_site: Mapping[str, int]
    by_kind: Mapping[str, int]
    rest: int

    @classmethod
    def checked(
        cls,
        network: Network,
        *,
        word_length: int,
        input_word_length: int | None,
        bias_word_length: int | None,
        word_lengths: Mapping[str, int] | None,
    ) -> Widths:
        """Return the widths of a call.

        Raises:
            SettingError: For a width out of range, or a name that is neither a site nor a kind.
        """
        rest = _width("word_length", word_length, _WIDEST)
        by_kind: dict[str, int] = {}
        if input_word_length is not None:
            by_kind["input"] = _width("input_word_length", input_word_length, _WIDEST)
        if bias_word_length is not None:
            by_kind["bias"] = _width("bias_word_length", bias_word_length, _WIDEST_BIAS)
        by_site: dict[str, int] = {}
        kinds = get_args(SiteKind)
        for name, width in (word_lengths or {}).items():
            where = f"word_lengths[{name!r}]"
            # A site may carry the name of a kind ("input"): the site's width is the same setting then.
            if name in network.sites:
                widest = _WIDEST_BIAS if network.sites[name].kind == "bias" else _WIDEST
                by_site[name] = _width(where, width, widest)
            elif name in kinds:
                by_kind[name] = _width(where, width, _WIDEST_BIAS if name == "bias" else _WIDEST)
            else:
                message = (
                    f"word_lengths: wanted the name of a site or a kind ({', '.join(kinds)}); got {name!r}. "
                    f"The sites are {', '.join(network.sites)}."
                )
                raise SettingError(message)
        return cls(by_site=by_site, by_kind=by_kind, rest=rest)

    def of(self, site: SiteInfo) -> int | None:
        """Return the width of a site; None for a bias that has none of its own."""
        if site.name in self.by_site:
            return self.by_site[site.name]
        if site.kind in self.by_kind:
            return self.by_kind[site.kind]
        return None if site.kind == "bias" else self.rest


def _width(name: str, value: SupportsIndex, widest: int) -> int:
    try:
        width = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        width = -1
    if not 2 <= width <= widest:
        message = f"{name}: wanted 2 to {widest} bits; got {value!r}. Choose a width in that range."
        raise SettingError(message)
    return width
