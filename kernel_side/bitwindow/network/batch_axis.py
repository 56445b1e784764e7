"""Where the batch is in every value, and that no value mixes the samples of a batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bitwindow.errors import ModelError
from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.program import Constant
from bitwindow.network.regions import in_order

MERGED = "float, because the batch is no axis of its own in a value inside it; reads k * 2^-F"
"""Why the layers around such a value are one float computation."""


def check_outputs(flow: Flow, batch: int, where: str) -> None:
    """Check that every output depends on the inputs and has the batch as its first axis.

    Args:
        flow: The traced program at ``batch``.
        batch: Its batch size.
        where: The model's name, for the message.

    Raises:
        ModelError: If an output does not.
    """
    for position, atom in enumerate(flow.program.outputs):
        if isinstance(atom, Constant) or flow.statics.is_static(atom):
            raise ModelError(
                f"{where}: output {position} does not depend on the inputs; return only what the network computes"
            )
        if flow.batch_axis[atom] != 0:
            raise ModelError(
                f"{where}: wanted the batch as the first axis of output {position}, got shape "
                f"{flow.program.shapes[atom]} for a batch of {batch}; the function must map (batch, ...) to "
                "(batch, ...) for every batch size: write x.reshape((x.shape[0], -1)) where it names a fixed batch, "
                "and leave out means and sums over the batch"
            )


def check_samples_apart(flow: Flow, shapes: Mapping[int, tuple[int, ...]] | None, where: str) -> None:
    """Check that no value loses samples: its shape would not change with the batch size, or not in proportion to it.

    Raises:
        ModelError: If a value mixes or picks samples of the batch.
    """
    if shapes is None:
        return
    for equation in flow.equations:
        for variable in equation.outputs:
            read = variable in flow.readers or variable in flow.output_variables
            shape, more = flow.program.shapes[variable], shapes[variable]
            if read and not _proportional(shape, more, flow.batch):
                scope = f" in {'/'.join(equation.scope)}" if equation.scope else ""
                raise ModelError(
                    f"{where}: wanted every sample computed by itself, but the operation {equation.primitive!r}{scope} "
                    f"gives a value of shape {shape} {_said(shape, more, flow.batch)}: it mixes or picks "
                    "samples, or fixes the batch size; use the inference form of the network (batch-norm with "
                    "use_running_average=True, no training flag) and x.shape[0] instead of a number"
                )


def _proportional(shape: tuple[int, ...], more: tuple[int, ...], batch: int) -> bool:
    """Whether a value grows with the batch, from one of its sizes to one sample more: by each sample's part."""
    grown = [(one, two) for one, two in zip(shape, more, strict=True) if one != two] if len(shape) == len(more) else []
    return len(shape) != len(more) or (bool(grown) and all(one * (batch + 1) == two * batch for one, two in grown))


def _said(shape: tuple[int, ...], more: tuple[int, ...], batch: int) -> str:
    return "whatever the batch is" if shape == more else f"for a batch of {batch}, {more} for {batch + 1}"


def check_constants(flow: Flow, where: str) -> None:
    """Check that what no input reaches is the same for every sample: no noise drawn for a batch, no place in it.

    Raises:
        ModelError: If a floating-point constant or mask with the batch as an axis differs from sample to sample.
    """
    seen: set[int] = set()
    for equation in flow.equations:
        for atom in equation.inputs:
            if isinstance(atom, Constant) or atom in seen or not flow.statics.is_static(atom) or flow.other is None:
                continue
            seen.add(atom)
            axis = flow.batch_axis[atom]
            known = flow.is_float(atom) or flow.program.dtypes[atom].kind == "b"
            if axis is None or not known or flow.statics.is_spread(atom, axis):
                continue
            value = np.asarray(flow.statics.value(atom))
            if not np.array_equal(value, np.broadcast_to(value.take([0], axis), value.shape), equal_nan=True):
                scope = f" in {'/'.join(equation.scope)}" if equation.scope else ""
                raise ModelError(
                    f"{where}: wanted every sample computed by itself, but the operation {equation.primitive!r}{scope} "
                    f"reads a constant of shape {flow.program.shapes[atom]} that differs from sample to sample and "
                    "depends on no input, such as noise drawn for the whole batch; draw it without the batch axis, or "
                    "make it an input of the function"
                )


def keep_batch(flow: Flow, groups: list[Group]) -> list[Group]:
    """Join groups that would hand on a value that has no axis for the batch alone into one float computation."""
    while True:
        home = {position: index for index, group in enumerate(groups) for position in group.members}
        whole = _first_pair(flow, home)
        if whole is None:
            return groups
        while True:
            mask = sum(1 << position for position in {at for index in whole for at in groups[index].members})
            inside = flow.between(mask)
            # A split makes one group per part, all of the same equation: they go together.
            wider = {index for index, group in enumerate(groups) if any(inside >> at & 1 for at in group.members)}
            if wider == whole:
                break
            whole = wider
        members = sorted({position for index in whole for position in groups[index].members})
        joined = Group(kind="float", members=members, reason=MERGED, label="float_block")
        rest = [group for index, group in enumerate(groups) if index not in whole]
        groups = in_order(flow, [*rest, joined])


def _first_pair(flow: Flow, home: Mapping[int, int]) -> set[int] | None:
    for position, equation in enumerate(flow.equations):
        for variable in equation.outputs:
            others = {home[reader] for reader in flow.readers.get(variable, [])} - {home[position]}
            # A counter of steps belongs to no sample.
            counts = flow.other is not None and flow.other.shapes[variable] == flow.program.shapes[variable]
            if counts and not flow.is_float(variable):
                continue
            if others and flow.batch_axis[variable] is None:
                return {home[position], *others}
    return None
