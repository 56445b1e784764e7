"""Turns groups of equations into the records: layers, values, sites and parameters, each with its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bitwindow import jax_names
from bitwindow.network.channel_axes import ChannelAxes, mark_channels
from bitwindow.network.elementwise import reciprocal
from bitwindow.network.float_functions import float_function, fronted, fronted_lookup, is_plain
from bitwindow.network.float_kinds import kind_of, reason_of
from bitwindow.network.flow import Flow
from bitwindow.network.given_types import GivenTypes
from bitwindow.network.groups import Group
from bitwindow.network.layer_names import LayerNames
from bitwindow.network.layout import Permutation, from_front, joined, to_front, transpose
from bitwindow.network.lookups import lookup_function
from bitwindow.network.names import Namer, prefix_of
from bitwindow.network.observe import WatchedLoop
from bitwindow.network.program import Atom, Constant, Equation
from bitwindow.network.records import (
    Average,
    Concatenation,
    Contraction,
    Convolution,
    FloatComputation,
    Layer,
    Lookup,
    Operand,
    PassThrough,
    Product,
    SiteInfo,
    SiteKind,
    Step,
    Sum,
    TwoSlopes,
    Value,
)
from bitwindow.numbers.format import FixedPoint

_EXACT = "quantized"
_KEEPS_AXES = frozenset({"relu", "reduce_window_max", "pad", "slice", "rev", "mask"})
_PASSED = "passed through exactly"


class Builder:
    """Collects the records of one network.

    Args:
        flow: The dynamic part of the program.
        leaf_names: The name of each parameter leaf, by variable.
        input_names: The name of each input, by variable.
    """

    def __init__(self, flow: Flow, leaf_names: Mapping[int, str], input_names: Mapping[int, str]) -> None:
        self.flow = flow
        self.names = LayerNames(flow, Namer([*leaf_names.values(), *input_names.values()]), leaf_names)
        self.layers: list[Layer] = []
        self.values: dict[str, Value] = {}
        self.sites: dict[str, SiteInfo] = {}
        self.parameters: dict[str, np.ndarray[Any, Any]] = {}
        self.observed: dict[str, tuple[int, Permutation]] = {}
        self.watched: dict[int, WatchedLoop] = {}
        self.value_of: dict[int, str] = {}
        self.steps: tuple[int, ...] = ()
        self.channels = ChannelAxes(flow)
        self.formats: dict[str, FixedPoint] = {}
        for variable, name in input_names.items():
            self._add_value(variable, name, layer=name, kind="input")

    def add(self, group: Group) -> None:
        """Make the layer of one group."""
        equations = [self.flow.equations[position] for position in group.members]
        if group.kind == "float":
            self._float_layer(group, equations)
        elif group.kind == "pass":
            self._pass_layer(group, equations)
        elif group.kind == "lookup":
            self._lookup_layer(group, equations)
        else:
            self._exact_layer(group, equations)

    def static_operand(self, atom: Atom, layer: str, front: Permutation) -> Operand:
        """Return a parameter with the batch in front."""
        return self._moved_to_front(self._operand(atom, layer, "bias"), front)

    def take_over(self, variable: int, name: str) -> None:
        """Let a variable be the value ``name`` that a loop hands out."""
        self.value_of[variable] = name
        self.channels.axes[variable] = None

    def made(self) -> dict[str, bool]:
        """Return every value that a layer makes, and whether it is cast to a site of its own there."""
        moves = (PassThrough, Lookup)
        return {
            name: not isinstance(layer.operation, moves) and self.values[name].site is not None
            for layer in self.layers
            for name in layer.outputs
        }

    # ------------------------------------------------------------ layers

    def _exact_layer(self, group: Group, equations: Sequence[Equation]) -> None:
        operation = group.operation
        assert operation is not None  # noqa: S101 (the rule that made the group set it)
        name = self._exact_name(group, equations)
        weighted = isinstance(operation, Convolution | Contraction | Product | TwoSlopes)
        kinds: list[SiteKind] = ["weight" if weighted else "bias"] * len(group.operands)
        front = self.front(group.output)
        if group.reciprocal:
            operands = [self._operand(group.operands[0], name, "weight"), self._reciprocal(group.operands[1], name)]
        elif isinstance(operation, Concatenation):
            operation = Concatenation(axis=front.index(operation.axis))
            operands = [self._moved_to_front(self._operand(atom, name, "bias"), front) for atom in group.operands]
            front = to_front(0, len(front))
        else:
            called = "slope" if isinstance(operation, TwoSlopes) else ""
            operands = [
                self._operand(atom, name, kind, called=called) for atom, kind in zip(group.operands, kinds, strict=True)
            ]
        if isinstance(operation, Average) and np.ndim(operation.divisor) and transpose(front):
            whole = np.broadcast_to(operation.divisor, self.flow.program.shapes[group.output])
            operation = replace(operation, divisor=np.transpose(whole, front))
        bias = None if group.bias is None else self._operand(group.bias, name, "bias")
        if group.order:
            front = tuple(group.order[axis] for axis in front)
            inverse = tuple(int(axis) for axis in np.argsort(group.order))
            bias = None if bias is None else self._moved_to_front(bias, inverse)
        mark_channels(self.sites, self.channels, group, operands, bias)
        self._add_value(group.output, name, layer=name, kind="activation", channel_axis=self.channels.of_output(group))
        self.append(
            Layer(
                name=name,
                operation=operation,
                operands=tuple(operands),
                outputs=(name,),
                bias=bias,
                activation=group.activation,
                note=_EXACT,
                arranged=front if transpose(front) else (),
            ),
            equations,
        )

    def _exact_name(self, group: Group, equations: Sequence[Equation]) -> str:
        if isinstance(group.operation, TwoSlopes):
            slopes = [atom for atom in group.operands[1:] if self.flow.statics.is_static(atom)]
            return self.names.of_float(group.label, equations, slopes)
        weighted = isinstance(group.operation, Convolution | Contraction)
        if weighted and self.channels.weight_position(group) is not None:
            return self.names.of_product(group, equations)
        return self.names.plain(group.label, equations)

    def _lookup_layer(self, group: Group, equations: Sequence[Equation]) -> None:
        statics, table = self.flow.statics, group.operands[0]
        leaves = statics.leaves(table) if statics.is_static(table) else ()
        prefix = prefix_of(self.names.of_leaf(leaves[0])) if leaves else ""
        name = self.names.unique(prefix) if prefix else self.names.plain(group.label, equations)
        operand = self._operand(table, name, "weight")
        whole = [atom for atom in self._float_operands(equations) if isinstance(atom, int) and atom != table]
        made = {variable for equation in equations for variable in equation.outputs}
        read = {atom for equation in equations for atom in equation.inputs if isinstance(atom, int)}
        plain = {atom: statics.value(atom) for atom in read - made - {table} if is_plain(self.flow, atom)}
        function = fronted_lookup(
            lookup_function(equations, whole, plain),
            [self._back(atom) for atom in (table, *whole)],
            self.front(group.output),
        )
        site = operand.parameter if operand.value is None else self.values[operand.value].site
        assert site is not None  # noqa: S101 (a table holds floating-point numbers)
        self._add_moved(group.output, name, site)
        operands = (
            Operand(value=operand.value, parameter=operand.parameter, view=operand.view if operand.parameter else ()),
        )
        others = tuple(Operand(value=self.value_of[atom]) for atom in whole)
        operation = Lookup(function=function, primitives=tuple(equation.primitive for equation in equations))
        self.append(
            Layer(name=name, operation=operation, operands=operands + others, outputs=(name,), note=_PASSED), equations
        )

    def _pass_layer(self, group: Group, equations: Sequence[Equation]) -> None:
        name = self.names.plain(group.label, equations)
        operand = self._operand(group.operands[0], name, "weight")
        assert operand.value is not None  # noqa: S101 (a pass-through moves a dynamic value)
        site = self.values[operand.value].site
        made = None if site is None else self.observed.get(site, (None,))[0]
        apart = GivenTypes(self.flow, self.formats).apart(equations, site, made)
        steps = joined((*operand.view, *group.steps, *transpose(self.front(group.output))))
        if apart is not None:
            # A type of its own: a sum of one value, cast to it.
            self._add_value(group.output, name, layer=name, kind="activation")
            self.formats[name] = apart
            whole = (Operand(value=operand.value, view=steps),)
            self.append(Layer(name=name, operation=Sum(signs=(1,)), operands=whole, outputs=(name,)), equations)
            return
        self._add_moved(group.output, name, site)
        if all(step.primitive in _KEEPS_AXES for step in group.steps):
            self.channels.axes[group.output] = self.channels.inherited(group.operands, group.output)
        operand, operation = Operand(value=operand.value), PassThrough(steps=steps)
        self.append(
            Layer(name=name, operation=operation, operands=(operand,), outputs=(name,), note=_PASSED), equations
        )

    def _float_layer(self, group: Group, equations: Sequence[Equation]) -> None:
        label = group.label or kind_of(self.flow, equations)
        reason = group.reason or reason_of(label, equations)
        atoms = self._float_operands(equations)
        name = self.names.of_float(label, equations, [atom for atom in atoms if self.flow.statics.is_static(atom)])
        feeds = f"float, because it feeds {name}, which is float"
        operands = [
            Operand(value=self.value_of[atom])
            if isinstance(atom, int) and not self.flow.statics.is_static(atom)
            else self._operand(atom, name, self._float_kind(atom, equations), feeds)
            for atom in atoms
        ]
        made = [variable for equation in equations for variable in equation.outputs]
        inside = {id(equation) for equation in equations}
        outputs = [variable for variable in made if self._leaves_group(variable, inside)]
        names = self.names.of_outputs(name, label, outputs)
        for variable, own in zip(outputs, names, strict=True):
            axis = self.channels.inherited(atoms, variable)
            # Inside a loop the gates' functions are float, what they hand on has a type.
            why = "" if self.steps else reason
            self._add_value(variable, own, layer=name, kind="activation", reason=why, channel_axis=axis)
        function = fronted(
            float_function(self.flow, equations, atoms, outputs),
            [self._back(atom) for atom in atoms],
            [self.front(variable) for variable in outputs],
        )
        primitives = tuple(equation.primitive for equation in equations)
        operation = FloatComputation(function=function, reason=reason, primitives=primitives)
        layer = Layer(name=name, operation=operation, operands=tuple(operands), outputs=tuple(names), note=reason)
        self.append(layer, equations)

    def append(self, layer: Layer, equations: Sequence[Equation]) -> None:
        """Add a layer, the last so far."""
        primitives = tuple(equation.primitive for equation in equations)
        source = jax_names.written_at(equations[0].source)
        self.layers.append(replace(layer, primitives=primitives, source=source))

    # ------------------------------------------------------------ operands

    def _operand(self, atom: Atom, layer: str, kind: SiteKind, reason: str = "", called: str = "") -> Operand:
        if not self.flow.statics.is_static(atom):
            assert isinstance(atom, int)  # noqa: S101 (a constant is static)
            return Operand(value=self.value_of[atom], view=transpose(self._back(atom)))
        source = self.flow.statics.source(atom)
        view = source.view
        number = None if source.leaves else self.flow.statics.scalar(atom)
        array = np.asarray(source.value, np.float32)
        if number is not None:
            # A number, whatever shape the batch gives it.
            name = self.names.unique(f"{layer}/{called or ('scale' if kind == 'weight' else 'constant')}")
            array, shape = np.asarray(number, np.float32), np.shape(self.flow.statics.value(atom))
            spread = {"shape": shape, "broadcast_dimensions": ()}
            view = (Step(primitive="broadcast_in_dim", params=spread),) if shape else ()
        else:
            assert source.root is not None  # noqa: S101 (a constant of the text is a number)
            name = self.names.of_parameter(source.root, source.leaves, layer)
            array, spread_out = self._without_batch(source.root, array)
            view = (*spread_out, *view)
        return self._parameter(name, array, kind, layer, view, reason)

    def _without_batch(self, root: int, array: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], tuple[Step, ...]]:
        """Return what is folded with the batch as an axis for one sample, and the step that spreads it out."""
        axis = self.flow.batch_axis.get(root)
        if axis is None or root in self.flow.statics.leaf_variables:
            return array, ()
        one = array.take([0], axis)
        if not np.array_equal(array, np.broadcast_to(one, array.shape)):
            return array, ()
        params = {"shape": array.shape, "broadcast_dimensions": tuple(range(array.ndim))}
        return one, (Step(primitive="broadcast_in_dim", params=params),)

    def _reciprocal(self, atom: Atom, layer: str) -> Operand:
        """Return the parameter that a division by a static atom multiplies with."""
        source = self.flow.statics.source(atom)
        number = None if source.leaves else self.flow.statics.scalar(atom)
        known = [name for leaf in source.leaves if (name := self.names.of_leaf(leaf))]
        prefix = prefix_of(known[0]) if len(known) == 1 else ""
        name = self.names.unique(f"{prefix or layer}/scale")
        value, view = source.value, source.view
        if number is not None:
            shape = np.shape(self.flow.statics.value(atom))
            spread = {"shape": shape, "broadcast_dimensions": ()}
            value, view = np.float32(number), (Step(primitive="broadcast_in_dim", params=spread),) if shape else ()
        return self._parameter(name, reciprocal(value), "weight", layer, view)

    def _parameter(
        self,
        name: str,
        array: np.ndarray[Any, Any],
        kind: SiteKind,
        layer: str,
        view: tuple[Step, ...],
        reason: str = "",
    ) -> Operand:
        if name not in self.sites:
            self.parameters[name] = array
            self.sites[name] = SiteInfo(name=name, kind=kind, shape=array.shape, layer=layer, float_reason=reason)
        elif not reason and self.sites[name].float_reason:
            # One exact reader is enough for a parameter to start with a type.
            self.sites[name] = replace(self.sites[name], float_reason="")
        return Operand(parameter=name, view=view)

    def _moved_to_front(self, operand: Operand, front: Permutation) -> Operand:
        view = joined((*operand.view, *transpose(front)))
        return Operand(value=operand.value, parameter=operand.parameter, view=view)

    def front(self, variable: int) -> Permutation:
        """Return the permutation from the program's order of axes to that of the records."""
        return to_front(self.flow.batch_axis[variable] or 0, len(self.flow.program.shapes[variable]))

    def _back(self, atom: Atom) -> Permutation:
        """Return the permutation from the records' order of axes to the program's."""
        if isinstance(atom, Constant) or self.flow.statics.is_static(atom):
            return ()
        return from_front(self.flow.batch_axis[atom] or 0, len(self.flow.program.shapes[atom]))

    def _float_operands(self, equations: Sequence[Equation]) -> list[Atom]:
        made = {variable for equation in equations for variable in equation.outputs}
        atoms = [atom for equation in equations for atom in equation.inputs if isinstance(atom, int)]
        return [atom for atom in dict.fromkeys(atoms) if atom not in made and not is_plain(self.flow, atom)]

    def _float_kind(self, atom: Atom, equations: Sequence[Equation]) -> SiteKind:
        reader = next(equation for equation in equations if atom in equation.inputs)
        return "bias" if reader.primitive in {"add", "sub", "add_any"} else "weight"

    def _leaves_group(self, variable: int, inside: set[int]) -> bool:
        readers = self.flow.readers.get(variable, [])
        return variable in self.flow.output_variables or any(
            id(self.flow.equations[reader]) not in inside for reader in readers
        )

    # ------------------------------------------------------------ values, channels

    def _add_value(
        self,
        variable: int,
        name: str,
        *,
        layer: str,
        kind: SiteKind,
        reason: str = "",
        channel_axis: int | None = None,
    ) -> None:
        site = name if self.flow.program.is_float(variable) else None
        self._add_moved(variable, name, site)
        self.channels.axes[variable] = channel_axis
        if site is not None:
            front = self.front(variable)
            shape = self.values[name].shape[1:]
            self.observed[name] = (variable, front)
            info = SiteInfo(name=name, kind=kind, shape=(*self.steps, *shape), layer=layer, float_reason=reason)
            place = front.index(channel_axis) - 1 if channel_axis is not None else -1
            self.sites[name] = replace(info, channel_axis=None if place < 0 else place + len(self.steps))

    def _add_moved(self, variable: int, name: str, site: str | None) -> None:
        program = self.flow.program
        shape = tuple(program.shapes[variable][axis] for axis in self.front(variable))
        self.value_of[variable] = name
        self.values[name] = Value(name=name, shape=shape, dtype=program.dtypes[variable], site=site)
