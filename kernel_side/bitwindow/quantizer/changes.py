"""Changes of a state as pure functions: what a drag does, what look-ahead tries, and what both have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bitwindow.assign.assign import follow_biases
from bitwindow.assign.by_channel import PerChannel, check_channels
from bitwindow.assign.records import Format
from bitwindow.errors import FormatError, SettingError
from bitwindow.network.records import Network
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats, as_any_format
from bitwindow.numbers.format import FixedPoint
from bitwindow.quantizer.site import wanted_site
from bitwindow.quantizer.state import State


def parsed_formats(network: Network, formats: Mapping[str, AnyFormat | str]) -> dict[str, Format]:
    """Return types that are given as records or as text, checked against their sites.

    Raises:
        SettingError: If there is no such site.
        FormatError: If a type cannot exist, or a site cannot have these types by channel.
    """
    for name in formats:
        if name not in network.sites:
            raise wanted_site(name, list(network.sites))
    parsed: dict[str, Format] = {
        name: "float" if fmt == "float" else as_any_format(fmt) for name, fmt in formats.items()
    }
    for name, fmt in parsed.items():
        check_channels(network, name, fmt)
    return parsed


def asked(state: State, scheme: str, word_length: int, per_channel: PerChannel | None) -> State:
    """Return the state with the settings of a new assignment; None leaves types by channel as they were asked for."""
    apart = state.per_channel if per_channel is None else per_channel
    if isinstance(apart, str):
        message = f"per_channel: wanted True, False or names of sites, got {apart!r}. Give one name as a tuple of it."
        raise SettingError(message)
    return replace(
        state,
        scheme=scheme,
        word_length=word_length,
        per_channel=apart if isinstance(apart, bool) else frozenset(apart),
    )


def with_formats(network: Network, state: State, formats: Mapping[str, Format]) -> State:
    """Return the state with other types at some sites; biases that follow their layer's products follow."""
    old = state.assignment
    assignment = replace(
        old,
        formats={**old.formats, **formats},
        reasons={**old.reasons, **dict.fromkeys(formats, "set by hand")},
        flags={name: flag for name, flag in old.flags.items() if name not in formats},
        following=old.following - set(formats),
    )
    return replace(state, assignment=follow_biases(network, assignment))


def surroundings(state: State, site: str) -> Any:
    """Return what a strip of ``site`` rests on, comparable: the modes and the types of all other sites.

    Biases that follow their layer's products are what the rest makes them, whatever the site's type.
    """
    following = state.assignment.following - {site}
    fixed = (fmt for name, fmt in state.assignment.formats.items() if name != site and name not in following)
    return state.modes, following, tuple(fixed), tuple(state.assignment.corrected.items())


def window_of(fmt: Format) -> FixedPoint | None:
    """Return the window that stands for a site: its type, that of the coarsest channel, or None for a float site."""
    if isinstance(fmt, ChannelFormats):
        return fmt.coarsest
    return fmt if isinstance(fmt, FixedPoint) else None


def moved_window(present: Format, window: FixedPoint) -> AnyFormat | None:
    """Return a site's types with its window somewhere else, all channels together; None where one cannot exist."""
    if not isinstance(present, ChannelFormats):
        return window
    try:
        return present.moved_to(window)
    except FormatError:
        return None


def apart_by(fmt: Format) -> tuple[int, ...]:
    """Return how far the channels' LSBs lie below the coarsest, in bits; empty for one type.

    >>> apart_by(ChannelFormats(True, 8, (7, 9)))
    (0, 2)
    """
    if not isinstance(fmt, ChannelFormats):
        return ()
    least = min(fmt.fraction_lengths)
    return tuple(length - least for length in fmt.fraction_lengths)
