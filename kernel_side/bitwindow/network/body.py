"""The records of a loop's body: its layers with the names, sites and parameters of the whole network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bitwindow.network.build import Builder
from bitwindow.network.layer_names import LayerNames
from bitwindow.network.open_loop import OpenLoop
from bitwindow.network.program import Atom, Constant
from bitwindow.network.records import Operand, SiteKind, Step, Value

STEP = Step(primitive="step", params={})
"""In the view of a body's parameter: this step's slice."""


class BodyBuilder(Builder):
    """Collects the layers of a body; names, sites and parameters are the outer network's.

    Args:
        parent: What collects the network around the loop.
        inside: The open loop.
    """

    def __init__(self, parent: Builder, inside: OpenLoop) -> None:
        super().__init__(inside.flow, {}, {})
        self.parent = parent
        self.inside = inside
        self.names = LayerNames(inside.flow, parent.names.namer, {}, parent.names.outer)
        self.sites, self.parameters, self.formats = parent.sites, parent.parameters, parent.formats
        self.steps = (*parent.steps, inside.source.length)
        for variable, atom in inside.roots.items():
            name = parent.names.of_static(atom)
            if name:
                self.names.adopt(variable, name)

    def set_value(self, variable: int, name: str, site: str | None) -> None:
        """Name an argument of the body; its site is another value's."""
        self._add_moved(variable, name, site)

    def set_sites(self, sites: dict[str, str]) -> None:
        """Put sites in the place of stand-ins."""
        for name, value in self.values.items():
            if value.site in sites:
                self.values[name] = replace(value, site=sites[value.site])

    def value(self, name: str) -> Value:
        """Return a value of one step."""
        return self.values[name]

    def _operand(self, atom: Atom, layer: str, kind: SiteKind, reason: str = "", called: str = "") -> Operand:
        if isinstance(atom, Constant) or not self.flow.statics.is_static(atom):
            return super()._operand(atom, layer, kind, reason, called)
        source = self.flow.statics.source(atom)
        if source.root is not None and source.root in self.inside.roots:
            outside = self.parent._operand(self.inside.roots[source.root], layer, kind, reason)  # noqa: SLF001
            cut = (STEP,) if source.root in self.inside.stepped else ()
            return Operand(parameter=outside.parameter, view=(*outside.view, *cut, *source.view))
        stepped = self.inside.stepped.intersection(source.leaves)
        if source.root is None or not stepped:
            return super()._operand(atom, layer, kind, reason, called)
        name = self.names.of_parameter(source.root, source.leaves, layer)
        return self._parameter(name, self._stacked(source.root, stepped), kind, layer, (STEP, *source.view), reason)

    def _reciprocal(self, atom: Atom, layer: str) -> Operand:
        stepped = self.inside.stepped.intersection(self.flow.statics.leaves(atom))
        if isinstance(atom, Constant) or not stepped:
            return super()._reciprocal(atom, layer)
        name = self.names.unique(f"{layer}/scale")
        array = np.float32(1.0) / self._stacked(atom, stepped)
        return self._parameter(name, array, "weight", layer, (STEP,))

    def _stacked(self, variable: int, stepped: Sequence[int] | frozenset[int]) -> np.ndarray:
        outside = self.parent.flow.statics
        slices = {leaf: np.asarray(outside.value(self.inside.roots[leaf])) for leaf in stepped}
        made = self.flow.statics.stacked(variable, slices, self.inside.source.length)
        return np.asarray(made, np.float32)
