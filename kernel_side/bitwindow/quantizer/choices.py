"""What the scheme chose, where the present types differ from it, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Self, TypeVar

from bitwindow.assign.assign import follow_biases
from bitwindow.assign.records import Assignment, Format
from bitwindow.network.records import Network
from bitwindow.quantizer.changes import with_formats
from bitwindow.quantizer.holder import StateHolder
from bitwindow.quantizer.site import wanted_site
from bitwindow.quantizer.state import State

Setting = TypeVar("Setting")


class SchemeChoices(StateHolder):
    """A state holder that remembers the types of the last ``assign`` and goes back to them, site by site."""

    @property
    def network(self) -> Network:
        """The traced network."""
        raise NotImplementedError

    @property
    def chosen_formats(self) -> Mapping[str, Format]:
        """The type that the last ``assign`` chose for every site; empty before the first."""
        chosen = self.state.chosen
        return MappingProxyType({}) if chosen is None else chosen.formats

    @property
    def changed_sites(self) -> tuple[str, ...]:
        """The sites, in data-flow order, whose type is no longer what the last ``assign`` chose.

        A bias that follows the products of its layer, as the scheme left it, is none of them.
        """
        return changed_since(self.state.assignment, self.state.chosen)

    def take_given(self) -> Self:
        """Give sites the types that the model's own source gives them (a quantized ONNX file); the others keep theirs.

        The first calibration does so by itself. The types then count as chosen.
        """
        given = self.network.formats

        def taken(state: State) -> State:
            made = with_formats(self.network, state, given)
            reasons = {**made.assignment.reasons, **dict.fromkeys(given, "given by the model file")}
            assignment = replace(made.assignment, reasons=reasons)
            return replace(made, assignment=assignment, chosen=assignment)

        if given:
            self._go(taken, "formats")
        return self

    def reset(self, *names: str, join: bool = False) -> None:
        """Give sites back the types that the last ``assign`` chose, with its reasons; one step to undo.

        Args:
            names: The sites; none stands for all.
            join: Make this part of the step before it, as the parts of one drag are.

        Raises:
            SettingError: If there is no such site. Nothing is changed then.
        """
        known = self.state.assignment.formats
        for name in names:
            if name not in known:
                raise wanted_site(name, list(known))

        def restored(state: State) -> State:
            if state.chosen is None:
                return state
            wanted = set(names or state.chosen.formats)
            return replace(state, assignment=follow_biases(self.network, back(state.assignment, state.chosen, wanted)))

        self._go(restored, "formats", join=join)


def changed_since(present: Assignment, chosen: Assignment | None) -> tuple[str, ...]:
    """Return the sites whose type differs from the chosen one and does not merely follow another's."""
    if chosen is None:
        return ()
    follows = present.following & chosen.following
    return tuple(
        name for name, fmt in present.formats.items() if fmt != chosen.formats.get(name, fmt) and name not in follows
    )


def back(present: Assignment, chosen: Assignment, names: set[str]) -> Assignment:
    """Return the present types with those of some sites, their reasons, flags and following, as chosen."""
    return replace(
        present,
        formats=_taken(present.formats, chosen.formats, names),
        reasons=_taken(present.reasons, chosen.reasons, names),
        flags={name: flag for name, flag in present.flags.items() if name not in names}
        | {name: flag for name, flag in chosen.flags.items() if name in names},
        following=(present.following - names) | (chosen.following & names),
    )


def _taken(present: Mapping[str, Setting], chosen: Mapping[str, Setting], names: set[str]) -> dict[str, Setting]:
    return {name: chosen.get(name, value) if name in names else value for name, value in present.items()}
