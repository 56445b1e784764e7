"""Types for each output channel of a weight: which sites take them, and the words that explain them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bitwindow.assign.records import Format
from bitwindow.errors import FormatError, SettingError
from bitwindow.network.channel_uses import channels_of, why_one_type
from bitwindow.network.records import Network
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint

PerChannel = bool | Collection[str]
"""Whether weights get a type for each output channel, or the names of the sites that do."""


def sites_by_channel(network: Network, wanted: PerChannel) -> frozenset[str]:
    """Return the sites that get types by channel: for True, all weights that can have them.

    Raises:
        SettingError: If a name is no site, or that of one that can only have one type.
    """
    if isinstance(wanted, bool):
        weights = [name for name, site in network.sites.items() if wanted and site.kind == "weight"]
        return frozenset(name for name in weights if not why_one_type(network, name))
    if isinstance(wanted, str) or not isinstance(wanted, Collection):
        message = f"per_channel: wanted True, False or names of sites, got {wanted!r}. Give one name as a tuple of it."
        raise SettingError(message)
    for name in wanted:
        if name not in network.sites:
            message = f"per_channel: wanted names of sites, got {name!r}. The sites are {', '.join(network.sites)}."
            raise SettingError(message)
        reason = why_one_type(network, name)
        if reason:
            message = f"per_channel: wanted sites with a type for each output channel, got {name!r}: {reason}."
            raise SettingError(message)
    return frozenset(wanted)


def channel_axis(network: Network, site: str) -> int | None:
    """Return the axis that counts a site's output channels, if each of them can have a type of its own; else None."""
    if network.sites[site].kind not in {"weight", "bias"} or why_one_type(network, site):
        return None
    return network.sites[site].channel_axis


def check_channels(network: Network, site: str, fmt: Format) -> None:
    """Check that a site can have these types by channel; any other format passes.

    Raises:
        FormatError: If it can only have one type, or has another number of channels.
    """
    if not isinstance(fmt, ChannelFormats):
        return
    reason = why_one_type(network, site)
    if reason:
        message = f"{site}: wanted one type for all channels, got {len(fmt)}, as {reason}. Give it one type."
        raise FormatError(message)
    count = channels_of(network, site)
    if len(fmt) != count:
        message = (
            f"{site}: wanted a fraction length for each of its {count} output channels, got {len(fmt)}. "
            f"The channels lie along axis {network.sites[site].channel_axis} of its shape {network.sites[site].shape}."
        )
        raise FormatError(message)


def reason_of(scheme: str, formats: ChannelFormats) -> str:
    """Return why a site has its types by channel.

    >>> reason_of("mse", ChannelFormats(True, 8, (7, 9)))
    'mse, per channel: 2 windows, from 2^-1 to 2^-7 down to 2^-3 to 2^-9'
    """
    coarsest, finest = formats.coarsest, formats.finest
    if coarsest == finest:
        return f"{scheme}, per channel: {len(formats)} windows, all {_ends(coarsest)}"
    return f"{scheme}, per channel: {len(formats)} windows, from {_ends(coarsest)} down to {_ends(finest)}"


def flag_of(flags: Sequence[str]) -> str:
    """Return the warnings of all channels in one, each with how many channels it is of.

    >>> flag_of(["", "all values are zero", "all values are zero"])
    '2 channels: all values are zero'
    """
    kinds = dict.fromkeys(flag for flag in flags if flag)
    return "; ".join(f"{flags.count(flag)} channel{'s' * (flags.count(flag) > 1)}: {flag}" for flag in kinds)


def _ends(fmt: FixedPoint) -> str:
    return f"2^{fmt.msb_exponent} to 2^{fmt.lsb_exponent}"
