"""The channel axis of every value while a network is built: where it begins, and how far it is handed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bitwindow.network.channels import axis_in_parameter, output_axis, weight_axis
from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.program import Atom, Constant
from bitwindow.network.records import Concatenation, Contraction, Convolution, Operand, SiteInfo


class ChannelAxes:
    """Knows which axis of a variable counts channels.

    Args:
        flow: The dynamic part of the program.

    Attributes:
        axes: The channel axis by variable, in the program's order of axes; None where there is none.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.axes: dict[int, int | None] = {}

    def weight_position(self, group: Group) -> int | None:
        """Return which operand of a group is the first parameter, or None."""
        static = [position for position, atom in enumerate(group.operands) if self._flow.statics.is_static(atom)]
        return static[0] if static else None

    def of_output(self, group: Group) -> int | None:
        """Return the channel axis of a group's output."""
        operation = group.operation
        if isinstance(operation, Convolution | Contraction):
            position = self.weight_position(group)
            axis = None if position is None else output_axis(operation, position, self._ranks(group))
            return group.order.index(axis) if group.order and axis is not None else axis
        if isinstance(operation, Concatenation):
            return None
        return self.inherited(group.operands, group.output)

    def inherited(self, atoms: Sequence[Atom], output: int) -> int | None:
        """Return the channel axis that an output takes over from an operand of the same rank, or None."""
        shapes = self._flow.program.shapes
        for atom in atoms:
            if isinstance(atom, Constant) or self._flow.statics.is_static(atom):
                continue
            axis = self.axes.get(atom)
            if axis is not None and len(shapes[output]) == len(shapes[atom]):
                return axis if shapes[output][axis] == shapes[atom][axis] else None
        return None

    def of_weights(self, group: Group) -> Iterator[tuple[int | None, int | None]]:
        """Yield the position of a product's weight with its channel axis, then None with that of the bias."""
        operation, position = group.operation, self.weight_position(group)
        if isinstance(operation, Convolution | Contraction) and position is not None:
            yield position, weight_axis(operation, position, self._rank(group.operands[position]))
            yield None, output_axis(operation, position, self._ranks(group))

    def _ranks(self, group: Group) -> tuple[int, int]:
        return self._rank(group.operands[0]), self._rank(group.operands[1])

    def _rank(self, atom: Atom) -> int:
        return 0 if isinstance(atom, Constant) else len(self._flow.program.shapes[atom])


def mark_channels(
    sites: dict[str, SiteInfo],
    channels: ChannelAxes,
    group: Group,
    operands: Sequence[Operand],
    bias: Operand | None,
) -> None:
    """Write the channel axis into the sites of a product's weight and bias."""
    for position, axis in channels.of_weights(group):
        operand = bias if position is None else operands[position]
        if operand is None:
            continue
        assert operand.parameter is not None  # noqa: S101 (only parameters are marked)
        info = sites[operand.parameter]
        if info.channel_axis is None:
            sites[info.name] = replace(info, channel_axis=axis_in_parameter(operand.view, info.shape, axis))
