"""Turns groups of equations into the records: layers, values, sites and parameters, each with its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bitwindow.network.channels import axis_in_parameter, output_axis, weight_axis
from bitwindow.network.float_kinds import kind_of, reason_of
from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.names import Namer, outer_scope, prefix_of, scope_text
from bitwindow.network.program import Atom, Constant, Equation, run
from bitwindow.network.records import (
    Average,
    Contraction,
    Convolution,
    FloatComputation,
    Layer,
    Operand,
    PassThrough,
    SiteInfo,
    SiteKind,
    Sum,
    Value,
)

_EXACT = "quantized"
_KEEPS_AXES = frozenset({"relu", "reduce_window_max", "pad", "slice", "rev"})
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
        self.names = Namer([*leaf_names.values(), *input_names.values()])
        self.outer = outer_scope(equation.scope for equation in flow.equations)
        self.layers: list[Layer] = []
        self.values: dict[str, Value] = {}
        self.sites: dict[str, SiteInfo] = {}
        self.parameters: dict[str, np.ndarray[Any, Any]] = {}
        self.observed: dict[str, int] = {}
        self.value_of: dict[int, str] = {}
        self._channel_axis: dict[int, int | None] = {}
        self._parameter_names: dict[int, str] = dict(leaf_names)
        for variable, name in input_names.items():
            self._add_value(variable, name, layer=name, kind="input")

    def add(self, group: Group) -> None:
        """Make the layer of one group."""
        equations = [self.flow.equations[position] for position in group.members]
        if group.kind == "float":
            self._float_layer(group, equations)
        elif group.kind == "pass":
            self._pass_layer(group, equations)
        else:
            self._exact_layer(group, equations)

    # ------------------------------------------------------------ layers

    def _exact_layer(self, group: Group, equations: Sequence[Equation]) -> None:
        operation = group.operation
        assert operation is not None  # noqa: S101 (the rule that made the group set it)
        name = self._product_name(group, equations) if self._is_product(group) else self._plain_name(group, equations)
        kinds: list[SiteKind] = ["weight" if self._is_product(group) else "bias"] * len(group.operands)
        operands = [self._operand(atom, name, kind) for atom, kind in zip(group.operands, kinds, strict=True)]
        bias = None if group.bias is None else self._operand(group.bias, name, "bias")
        self._mark_channels(group, operands, bias)
        self._add_value(group.output, name, layer=name, kind="activation", channel_axis=self._channels(group))
        self._append(
            Layer(
                name=name,
                operation=operation,
                operands=tuple(operands),
                outputs=(name,),
                bias=bias,
                activation=group.activation,
                note=_EXACT,
            ),
            equations,
        )

    def _pass_layer(self, group: Group, equations: Sequence[Equation]) -> None:
        name = self._plain_name(group, equations)
        operand = self._operand(group.operands[0], name, "weight")
        assert operand.value is not None  # noqa: S101 (a pass-through moves a dynamic value)
        before = self.values[operand.value]
        self.value_of[group.output] = name
        if all(step.primitive in _KEEPS_AXES for step in group.steps):
            self._channel_axis[group.output] = self._inherited(group.operands, group.output)
        shape, dtype = self.flow.program.shapes[group.output], self.flow.program.dtypes[group.output]
        self.values[name] = Value(name=name, shape=shape, dtype=dtype, site=before.site)
        operation = PassThrough(steps=group.steps)
        self._append(
            Layer(name=name, operation=operation, operands=(operand,), outputs=(name,), note=_PASSED), equations
        )

    def _float_layer(self, group: Group, equations: Sequence[Equation]) -> None:
        label = group.label or kind_of(self.flow, equations)
        reason = group.reason or reason_of(label, equations)
        atoms = self._float_operands(equations)
        name = self._float_name(label, equations, [atom for atom in atoms if self.flow.statics.is_static(atom)])
        feeds = "" if label == "lookup" else f"float, because it feeds {name}, which is float"
        operands = [self._operand(atom, name, self._float_kind(atom, equations), feeds) for atom in atoms]
        made = [variable for equation in equations for variable in equation.outputs]
        inside = {id(equation) for equation in equations}
        outputs = [variable for variable in made if self._leaves_group(variable, inside)]
        names = [name, *(self.names.unique(f"{name}/{position}") for position in range(1, len(outputs)))]
        for variable, own in zip(outputs, names, strict=True):
            axis = self._inherited(atoms, variable)
            self._add_value(variable, own, layer=name, kind="activation", reason=reason, channel_axis=axis)
        function = _function(self.flow, equations, atoms, outputs)
        primitives = tuple(equation.primitive for equation in equations)
        operation = FloatComputation(function=function, reason=reason, primitives=primitives)
        layer = Layer(name=name, operation=operation, operands=tuple(operands), outputs=tuple(names), note=reason)
        self._append(layer, equations)

    def _append(self, layer: Layer, equations: Sequence[Equation]) -> None:
        self.layers.append(replace(layer, primitives=tuple(equation.primitive for equation in equations)))

    # ------------------------------------------------------------ names

    def _product_name(self, group: Group, equations: Sequence[Equation]) -> str:
        statics = self.flow.statics
        leaves = [leaf for atom in group.operands if statics.is_static(atom) for leaf in statics.leaves(atom)]
        prefix = prefix_of(self._parameter_names.get(leaves[0], "")) if leaves else ""
        prefix = prefix or scope_text([equations[0].scope], self.outer)
        return (
            self.names.unique(prefix)
            if prefix
            else self.names.counted("conv" if group.kind == "convolution" else "dense")
        )

    def _plain_name(self, group: Group, equations: Sequence[Equation]) -> str:
        scope = scope_text([equation.scope for equation in equations], self.outer)
        return self.names.unique(f"{scope}/{group.label}" if scope else group.label)

    def _float_name(self, label: str, equations: Sequence[Equation], parameters: Sequence[Atom]) -> str:
        leaves = [leaf for atom in parameters for leaf in self.flow.statics.leaves(atom)]
        prefixes = {prefix_of(self._parameter_names.get(leaf, "")) for leaf in leaves}
        prefix = prefixes.pop() if len(prefixes) == 1 else ""
        if prefix:
            return self.names.unique(prefix)
        scope = scope_text([equation.scope for equation in equations], self.outer)
        return self.names.unique(f"{scope}/{label}" if scope else label)

    def _name_parameter(self, root: int, leaves: Sequence[int], layer: str) -> str:
        if root not in self._parameter_names:
            if root in self.flow.program.captured:
                wanted = "const"
            else:
                known = [self._parameter_names[leaf] for leaf in leaves if leaf in self._parameter_names]
                prefixes = {prefix_of(name) for name in known}
                wanted = f"{prefixes.pop() if len(prefixes) == 1 and known else layer}/folded".lstrip("/")
                wanted = wanted if leaves else f"{layer}/constant"
            self._parameter_names[root] = self.names.unique(wanted)
        return self._parameter_names[root]

    # ------------------------------------------------------------ operands

    def _operand(self, atom: Atom, layer: str, kind: SiteKind, reason: str = "") -> Operand:
        if not self.flow.statics.is_static(atom):
            assert isinstance(atom, int)  # noqa: S101 (a constant is static)
            return Operand(value=self.value_of[atom])
        source = self.flow.statics.source(atom)
        if source.root is None:
            name = self.names.unique(f"{layer}/constant")
        else:
            name = self._name_parameter(source.root, source.leaves, layer)
        array = np.asarray(source.value, np.float32)
        if name not in self.sites:
            self.parameters[name] = array
            self.sites[name] = SiteInfo(name=name, kind=kind, shape=array.shape, layer=layer, float_reason=reason)
        elif not reason and self.sites[name].float_reason:
            # One exact reader is enough for a parameter to start with a type.
            self.sites[name] = replace(self.sites[name], float_reason="")
        return Operand(parameter=name, view=source.view)

    def _float_operands(self, equations: Sequence[Equation]) -> list[Atom]:
        made = {variable for equation in equations for variable in equation.outputs}
        atoms = [atom for equation in equations for atom in equation.inputs if isinstance(atom, int)]
        return [atom for atom in dict.fromkeys(atoms) if atom not in made and not _is_plain(self.flow, atom)]

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
        program = self.flow.program
        shape = program.shapes[variable]
        site = name if program.is_float(variable) else None
        self.value_of[variable] = name
        self._channel_axis[variable] = channel_axis
        self.values[name] = Value(name=name, shape=shape, dtype=program.dtypes[variable], site=site)
        if site is not None:
            self.observed[name] = variable
            info = SiteInfo(name=name, kind=kind, shape=shape[1:], layer=layer, float_reason=reason)
            self.sites[name] = replace(info, channel_axis=channel_axis)

    def _is_product(self, group: Group) -> bool:
        return isinstance(group.operation, Convolution | Contraction)

    def _rank(self, atom: Atom) -> int:
        return 0 if isinstance(atom, Constant) else len(self.flow.program.shapes[atom])

    def _weight_position(self, group: Group) -> int:
        return 0 if self.flow.statics.is_static(group.operands[0]) else 1

    def _channels(self, group: Group) -> int | None:
        """Return the channel axis of a group's output, the batch left out."""
        operation = group.operation
        if isinstance(operation, Convolution | Contraction):
            ranks = (self._rank(group.operands[0]), self._rank(group.operands[1]))
            axis = output_axis(operation, self._weight_position(group), ranks)
            return axis - 1 if axis is not None and axis > 0 else None
        if not isinstance(operation, Sum | Average):
            return None
        return self._inherited(group.operands, group.output)

    def _inherited(self, atoms: Sequence[Atom], output: int) -> int | None:
        """Return the channel axis that an output takes over from an operand of the same rank, or None."""
        shapes = self.flow.program.shapes
        for atom in atoms:
            if isinstance(atom, Constant) or self.flow.statics.is_static(atom):
                continue
            axis = self._channel_axis.get(atom)
            if axis is not None and len(shapes[output]) == len(shapes[atom]):
                same = shapes[output][axis + 1] == shapes[atom][axis + 1]
                return axis if same else None
        return None

    def _mark_channels(self, group: Group, operands: Sequence[Operand], bias: Operand | None) -> None:
        operation = group.operation
        if not isinstance(operation, Convolution | Contraction):
            return
        position = self._weight_position(group)
        atom = group.operands[position]
        self._mark(operands[position], weight_axis(operation, position, self._rank(atom)))
        ranks = (self._rank(group.operands[0]), self._rank(group.operands[1]))
        if bias is not None:
            self._mark(bias, output_axis(operation, position, ranks))

    def _mark(self, operand: Operand, axis: int | None) -> None:
        assert operand.parameter is not None  # noqa: S101 (only parameters are marked)
        info = self.sites[operand.parameter]
        if info.channel_axis is None:
            found = axis_in_parameter(operand.view, info.shape, axis)
            self.sites[info.name] = replace(info, channel_axis=found)


def _is_plain(flow: Flow, atom: Atom) -> bool:
    """Whether a static atom is a plain number or index of the program, not a parameter."""
    if not flow.statics.is_static(atom):
        return False
    if isinstance(atom, Constant) or not flow.is_float(atom):
        return True
    return not flow.statics.leaves(atom) or flow.statics.scalar(atom) is not None


def _function(
    flow: Flow, equations: Sequence[Equation], atoms: Sequence[Atom], outputs: Sequence[int]
) -> Callable[..., tuple[Any, ...]]:
    made = {variable for equation in equations for variable in equation.outputs}
    read = {atom for equation in equations for atom in equation.inputs if isinstance(atom, int)}
    plain = {atom: flow.statics.value(atom) for atom in read - made if _is_plain(flow, atom)}
    dtypes = [flow.program.dtypes[atom] for atom in atoms if isinstance(atom, int)]

    def compute(*operands: Any) -> tuple[Any, ...]:
        import jax.numpy as jnp

        environment = dict(plain)
        for atom, operand, dtype in zip(atoms, operands, dtypes, strict=True):
            if isinstance(atom, int):
                key_type = dtype.kind == "V" and dtype.name != "bfloat16"
                environment[atom] = operand if key_type else jnp.asarray(operand, dtype)
        run(equations, environment)
        return tuple(environment[variable] for variable in outputs)

    return compute
