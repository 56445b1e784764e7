"""From types and modes to what every step takes: one plan a layer, kept while nothing that it reads changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from bitwindow.execute.layers import Plan, Sizes, plan_layer
from bitwindow.execute.loop_run import plan_loops
from bitwindow.execute.parameters import StoredParameter, StoredParameters
from bitwindow.execute.reading import all_typed, operand_shapes, operands_of, typed_ones
from bitwindow.network.records import FloatComputation, Lookup, Loop
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from bitwindow.assign.records import Assignment, Format
    from bitwindow.execute.modes import Modes
    from bitwindow.network.records import Layer, Network
    from bitwindow.numbers.channel_formats import AnyFormat


def format_of_site(site: str | None, assignment: Assignment) -> Format | None:
    """Return a site's format, None for a value without a site."""
    return None if site is None else assignment.formats[site]


def formats_of(network: Network, layer: Layer, assignment: Assignment) -> list[Format | None]:
    """Return each operand's format, the bias's last; None for values that have no site."""
    return [
        assignment.formats[operand.parameter]
        if operand.parameter is not None
        else format_of_site(network.values[operand.value or ""].site, assignment)
        for operand in operands_of(layer)
    ]


def output_format(network: Network, layer: Layer, assignment: Assignment) -> FixedPoint | None:
    """Return the type of a layer's first output, or None where it has none."""
    fmt = format_of_site(network.values[layer.outputs[0]].site, assignment)
    return fmt if isinstance(fmt, FixedPoint) else None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One assignment under one choice of modes, planned: what every chunk's run shares.

    ``arguments`` holds, by integer layer, what its step takes besides operands and samples, on the device.
    """

    assignment: Assignment
    modes: Modes
    stored: StoredParameters
    plans: Mapping[str, Plan]
    arguments: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """A layer's plan with all that it was made from."""

    formats: list[AnyFormat]
    target: FixedPoint | None
    modes: Modes
    parameters: list[StoredParameter]
    plan: Plan
    arguments: tuple[Any, ...]

    def holds(
        self, formats: list[AnyFormat], target: FixedPoint | None, modes: Modes, parameters: list[StoredParameter]
    ) -> bool:
        """Return whether the plan is the one for these."""
        same = (self.formats, self.target, self.modes) == (formats, target, modes)
        return same and all(one is other for one, other in zip(self.parameters, parameters, strict=True))


class Planner:
    """Plans the integer layers of a network, for the CPU's paths or (`patches`) a GPU's."""

    def __init__(self, network: Network, *, patches: bool) -> None:
        self.network = network
        self.patches = patches
        self._planned: Setting | None = None
        self._memo: dict[str, _Planned] = {}
        self._shapes = {layer.name: Sizes(operands=operand_shapes(network, layer)) for layer in network.layers}

    @property
    def stored(self) -> StoredParameters | None:
        """The stored parameters of the last plan; None before the first."""
        return None if self._planned is None else self._planned.stored

    def plan(self, stored: StoredParameters, assignment: Assignment, modes: Modes) -> Setting:
        """Plan every layer.

        Raises:
            ExecutionError: If a layer's exact sum would need more than 62 bits.
        """
        old = self._planned
        if old is not None and old.stored is stored and old.assignment is assignment and old.modes == modes:
            return old
        planned = {}
        for layer in self.network.layers:
            formats = formats_of(self.network, layer, assignment)
            if not isinstance(layer.operation, FloatComputation | Lookup | Loop) and all_typed(formats):
                planned[layer.name] = self._plan_layer(layer, typed_ones(formats), stored, assignment, modes)
        loops = plan_loops(self.network, stored, assignment, modes, patches=self.patches)
        self._planned = Setting(
            assignment=assignment,
            modes=modes,
            stored=stored,
            plans={name: one.plan for name, one in planned.items()} | loops,
            arguments={name: one.arguments for name, one in planned.items()},
        )
        return self._planned

    def _plan_layer(
        self, layer: Layer, formats: list[AnyFormat], stored: StoredParameters, assignment: Assignment, modes: Modes
    ) -> _Planned:
        """Plan one layer, or return its last plan where nothing that it reads has changed."""
        fmt = output_format(self.network, layer, assignment)
        parameters = [stored.by_site[one.parameter] for one in operands_of(layer) if one.parameter is not None]
        old = self._memo.get(layer.name)
        if old is not None and old.holds(formats, fmt, modes, parameters):
            return old
        sizes = self._shapes[layer.name]
        plan = plan_layer(layer, formats, stored, sizes, modes, patches=self.patches, target=fmt)
        # Of types by channel a step needs sign and width alone: their LSBs are in its settings.
        plain = [one.coarsest if isinstance(one, ChannelFormats) else one for one in formats]
        table = np.stack([one.as_array() for one in plain])
        with jax.enable_x64(True):
            arguments = jax.device_put((table, (fmt or plain[0]).as_array(), plan.packed(), plan.extra))
        made = _Planned(formats=formats, target=fmt, modes=modes, parameters=parameters, plan=plan, arguments=arguments)
        self._memo[layer.name] = made
        return made
