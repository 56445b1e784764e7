"""The exact reference, step by step through loops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bitwindow.network.records import Layer, Loop, Value
from tests.execute.reference import Operand, Reference, move, values_of


class LoopReference(Reference):
    """Runs networks with loops; a value inside a loop is found in the body that is running."""

    known: Mapping[str, Value] = {}
    at: tuple[int, ...] = ()

    def _has_site(self, name: str) -> bool:
        return (self.known or self.network.values)[name].site is not None

    def _site(self, name: str) -> str:
        site = (self.known or self.network.values)[name].site
        assert site is not None
        return site

    def _operands(self, layer: Layer, values: Mapping[str, np.ndarray]) -> list[Operand]:
        seen = []
        for operand in (*layer.operands, *([layer.bias] if layer.bias else [])):
            site = operand.parameter or self._site(operand.value or "")
            array = self.parameters[operand.parameter] if operand.parameter else values[operand.value or ""]
            steps = iter(self.at)
            for step in operand.view:
                array = array[next(steps)] if step.primitive == "step" else move(array, [step])
            seen.append((array, self.formats[site]))
        return seen

    def _run_layer(self, index: int, layer: Layer, values: dict[str, np.ndarray]) -> None:
        if isinstance(layer.operation, Loop):
            self._run_loop(index, layer, layer.operation, values)
        else:
            overflows = self.overflows.get(layer.name, 0)
            super()._run_layer(index, layer, values)
            if self.known and layer.name in self.overflows:
                self.overflows[layer.name] += overflows

    def _run_loop(self, index: int, layer: Layer, loop: Loop, values: dict[str, np.ndarray]) -> None:
        def outer(position: int) -> Any:
            operand = layer.operands[position]
            array = self.parameters[operand.parameter] if operand.parameter else values[operand.value or ""]
            return move(array, operand.view)

        constants = {name: outer(place) for place, name in enumerate(loop.constants)}
        first = len(layer.operands) - len(loop.scanned)
        slices = {name: outer(first + place) for place, name in enumerate(loop.scanned)}
        outside, above, before = self.known, self.at, dict(self.stored)
        self.known = loop.values
        state, place = {}, len(loop.constants)
        for carry in loop.carries:
            start: Any = carry.initial
            if start is None:
                start, place = outer(place), place + 1
            state[carry.name] = self._start(loop, carry.name, np.asarray(start))
        kept: dict[int, dict[str, np.ndarray]] = {}
        for step in reversed(range(loop.length)) if loop.reverse else range(loop.length):
            self.at = (*above, step)
            now = {name: x[:, step] for name, x in slices.items()} | {n: x[step] for n, x in loop.counted.items()}
            body = {**constants, **state, **now}
            for inner in loop.layers:
                self._run_layer(index, inner, body)
            state = {carry.name: body[carry.result] for carry in loop.carries}
            kept[step] = body
        self.known, self.at = outside, above
        self.stored = before
        last = kept[0 if loop.reverse else loop.length - 1]
        for (kind, inside), name in zip(loop.exports, layer.outputs, strict=True):
            stack = [kept[step][inside] for step in range(loop.length)]
            values[name] = np.stack(stack, axis=1) if kind == "stack" else last[inside]
            if self._has_site(name):
                self.stored[name] = self._integers(values[name], self._site(name))

    def _start(self, loop: Loop, name: str, start: np.ndarray) -> np.ndarray:
        site = loop.values[name].site
        if site is None:
            return start
        return values_of(self._cast_all(start, site, self.words(None, start.shape)), self.formats[site])
