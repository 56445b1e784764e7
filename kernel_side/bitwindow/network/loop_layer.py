"""From an open loop to its layer: what comes in, the body's layers, what goes round and what is handed out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from bitwindow.network.batch_axis import keep_batch
from bitwindow.network.body import BodyBuilder
from bitwindow.network.build import Builder
from bitwindow.network.groups import Group
from bitwindow.network.layout import transpose
from bitwindow.network.observe import WatchedLoop
from bitwindow.network.open_loop import OpenLoop
from bitwindow.network.program import Atom, Constant
from bitwindow.network.records import Carry, Layer, Lookup, Loop, Operand, PassThrough, Value
from bitwindow.network.regions import gather

Export = tuple[Literal["stack", "last"], str]


def add_groups(builder: Builder, groups: Iterable[Group]) -> None:
    """Make the layers of groups, those inside loops too."""
    for group in groups:
        if group.inside is None:
            builder.add(group)
        else:
            _LoopLayer(builder, group, group.inside).add()


class _LoopLayer:
    def __init__(self, builder: Builder, group: Group, inside: OpenLoop) -> None:
        self.builder, self.group, self.inside = builder, group, inside
        self.source = inside.source
        self.body = BodyBuilder(builder, inside)
        self.equation = builder.flow.equations[group.members[0]]
        self.name = builder.names.plain(group.label, [self.equation])
        self.operands: list[Operand] = []
        self.stand_ins: dict[str, str] = {}

    def add(self) -> None:
        constants, carries, scanned, counted = self._arguments()
        add_groups(self.body, keep_batch(self.inside.flow, gather(self.inside.flow)))
        results = [self.body.value_of[self._variable(atom)] for atom in self.inside.flow.program.outputs]
        self._resolve(carries, results)
        exports, outputs = self._exports(results)
        made = [
            Carry(name=name, result=result, initial=initial)
            for (name, initial), result in zip(carries, results[: len(carries)], strict=True)
        ]
        loop = Loop(
            length=self.source.length,
            reverse=self.source.reverse,
            layers=tuple(self.body.layers),
            values=dict(self.body.values),
            constants=tuple(constants),
            carries=tuple(made),
            scanned=tuple(scanned),
            counted=counted,
            exports=tuple(exports),
        )
        layer = Layer(name=self.name, operation=loop, operands=tuple(self.operands), outputs=tuple(outputs))
        self.builder.append(layer, [self.equation])
        self.builder.watched[self.equation.index] = WatchedLoop(
            source=self.source,
            program=self.inside.flow.program,
            observed=dict(self.body.observed),
            loops=dict(self.body.watched),
        )

    # ------------------------------------------------------------ what comes in

    def _arguments(self) -> tuple[list[str], list[tuple[str, np.ndarray | None]], list[str], dict[str, np.ndarray]]:
        program, flow = self.inside.flow.program, self.builder.flow
        constants: list[str] = []
        carries: list[tuple[str, np.ndarray | None]] = []
        scanned: list[str] = []
        counted: dict[str, np.ndarray] = {}
        for place, (variable, atom) in enumerate(zip(program.arguments, self.source.inputs, strict=True)):
            if variable in self.inside.roots:
                continue
            static = flow.statics.is_static(atom)
            if self.source.constants <= place < self.source.first_slice:
                carries.append(self._carry(place, variable, atom))
            elif static:
                name = self.builder.names.unique(f"{self.name}/step")
                counted[name] = np.asarray(flow.statics.value(atom))
                self.body.set_value(variable, name, None)
            else:
                name = self.builder.value_of[self._variable(atom)]
                site = self.builder.values[name].site
                local = name
                if place >= self.source.first_slice:
                    local = self.builder.names.unique(f"{name}/step")
                    scanned.append(local)
                else:
                    constants.append(local)
                self.body.set_value(variable, local, site)
                self.operands.append(Operand(value=name))
        self.operands = self._ordered(len(constants))
        return constants, carries, scanned, counted

    def _ordered(self, constants: int) -> list[Operand]:
        # Constants, carries and slices come in this order already, as the program's operands do.
        assert len(self.operands) >= constants  # noqa: S101 (each constant has an operand)
        return self.operands

    def _carry(self, place: int, variable: int, atom: Atom) -> tuple[str, np.ndarray | None]:
        flow = self.builder.flow
        name = self.builder.names.unique(f"{self.name}/carry")
        floats = self.inside.flow.is_float(variable)
        # Its site is that of the layer that makes it, which has no name yet.
        self.body.set_value(variable, name, f"\0{place}" if floats else None)
        self.stand_ins[f"\0{place}"] = name
        if not flow.statics.is_static(atom):
            self.operands.append(Operand(value=self.builder.value_of[self._variable(atom)]))
            return name, None
        if floats and flow.statics.leaves(atom) and flow.statics.scalar(atom) is None:
            self.operands.append(self.builder.static_operand(atom, self.name, self.body.front(variable)))
            return name, None
        order = self.body.front(variable)
        value = np.asarray(flow.statics.value(atom))
        return name, np.transpose(value, order) if transpose(order) else value

    def _variable(self, atom: Atom) -> int:
        assert not isinstance(atom, Constant)  # noqa: S101 (a loop with a constant result stays closed)
        return atom

    # ------------------------------------------------------------ what goes round, what goes out

    def _resolve(self, carries: list[tuple[str, np.ndarray | None]], results: list[str]) -> None:
        """Give each carry the site of the layer that makes it."""
        stand_in = {f"\0{self.source.constants + place}": results[place] for place in range(len(carries))}
        sites: dict[str, str] = {}
        for start, result in stand_in.items():
            site = self.body.value(result).site
            while site in stand_in:
                site = self.body.value(stand_in[site]).site
            if site is not None:
                sites[start] = site
        self.body.set_sites(sites)

    def _exports(self, results: list[str]) -> tuple[list[Export], list[str]]:
        builder, exports, outputs = self.builder, list[Export](), list[str]()

        def export(kind: Literal["stack", "last"], name: str, own: str) -> None:
            value = self.body.value(name)
            shape = value.shape
            if kind == "stack":
                shape = (shape[0], self.source.length, *shape[1:]) if self._has_batch(name) else shape
            builder.values[own] = Value(name=own, shape=shape, dtype=value.dtype, site=value.site)
            exports.append((kind, name))
            outputs.append(own)

        carried = len(results) - (len(self.equation.outputs) - self.source.carries)
        read = [self._is_read(variable) for variable in self.equation.outputs]
        for name, made in self.body.made().items():
            if made:
                export("stack", name, name)
        for place, (variable, name) in enumerate(zip(self.equation.outputs, results, strict=True)):
            if not read[place]:
                continue
            if place >= carried:
                if name not in outputs:
                    export("stack", name, name if name not in builder.values else builder.names.unique(f"{name}/all"))
                own = next(out for out, what in zip(outputs, exports, strict=True) if what == ("stack", name))
            elif ("last", name) in exports:
                own = outputs[exports.index(("last", name))]
            else:
                own = builder.names.unique(f"{name}/last")
                export("last", name, own)
            builder.take_over(variable, own)
        return exports, outputs

    def _is_read(self, variable: int) -> bool:
        flow = self.builder.flow
        return variable in flow.readers or variable in flow.output_variables

    def _has_batch(self, name: str) -> bool:
        return self.body.value(name).site is not None or self.body.value(name).shape[:1] == (self.builder.flow.batch,)


def makes_its_site(layer: Layer) -> bool:
    """Whether a layer's outputs are cast to sites of their own, and not handed on from an operand."""
    return not isinstance(layer.operation, PassThrough | Lookup)
