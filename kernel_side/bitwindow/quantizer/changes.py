"""Changes of a state as pure functions: what a drag does, what look-ahead tries, and what both have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bitwindow.assign.assign import follow_biases
from bitwindow.assign.records import Format
from bitwindow.network.records import Network
from bitwindow.quantizer.state import State


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
    return state.modes, following, tuple(fixed)
