"""Clips and functions of two slopes that a program writes as choices: ``where(x > 0, x, 0)`` is ``max(x, 0)``.

A comparison of x with a number and a choice between x, x times something and that number become one equation, so that
no later rule has to know how it was written. It runs as it was written: NaN stays what the program makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bitwindow import jax_names
from bitwindow.network.program import Atom, Constant, Equation, is_float_type, run

TWO_SLOPES = "two_slopes"
"""An equation of its own: ``inputs`` are x and the slopes above and below 0 that are no plain sign.

``params["above"]`` and ``params["below"]`` are (sign, place of the slope among the inputs or None, divided by it).
"""
_COMPARES = {"gt": True, "ge": True, "lt": False, "le": False}
_SPREADS = frozenset({"broadcast_in_dim", "reshape", "convert_element_type", "squeeze", "copy"})


class _Side(NamedTuple):
    """One side of a choice about x: ``sign * x`` times ``slope`` (None: 1), or divided by it."""

    slope: Atom | None = None
    sign: int = 1
    divides: bool = False


def with_choices(
    equations: Sequence[Equation],
    captured: Mapping[int, Any],
    shapes: Mapping[int, tuple[int, ...]],
    dtypes: Mapping[int, np.dtype[Any]],
) -> list[Equation]:
    """Return the equations of a program with each choice that is a clip or has two slopes as one equation."""
    return _Reader(equations, captured, shapes, dtypes).read()


class _Reader:
    def __init__(
        self,
        equations: Sequence[Equation],
        captured: Mapping[int, Any],
        shapes: Mapping[int, tuple[int, ...]],
        dtypes: Mapping[int, np.dtype[Any]],
    ) -> None:
        self.equations, self.captured, self.shapes, self.dtypes = equations, captured, shapes, dtypes
        self.written = {variable: equation for equation in equations for variable in equation.outputs}
        self.maker = dict(self.written)

    def read(self) -> list[Equation]:
        made = []
        for equation in self.equations:
            found = self.choice(equation) or equation
            # A choice inside another one is read as what it is.
            self.maker.update(dict.fromkeys(found.outputs, found))
            made.append(found)
        return made

    def choice(self, equation: Equation) -> Equation | None:
        if not is_float_type(self.dtypes[equation.outputs[0]]):
            return None
        if equation.primitive == "select_n" and len(equation.inputs) == 3:
            return self.selection(equation)
        rules = {"max": self.extremum, "min": self.extremum, "mul": self.gate}
        return rules[equation.primitive](equation) if equation.primitive in rules else None

    def selection(self, equation: Equation) -> Equation | None:
        compared = self.comparison(equation.inputs[0])
        if compared is None:
            return None
        x, bound, upward = compared
        if self.shapes[x] != self.shapes[equation.outputs[0]]:
            return None
        below, above = equation.inputs[1:] if upward else (equation.inputs[2], equation.inputs[1])
        return self.clip(equation, x, bound, (above, below)) or self.slopes(equation, x, bound, (above, below))

    def comparison(self, atom: Atom) -> tuple[int, float, bool] | None:
        """Return x, the number that it is compared with, and whether the choice is true above it."""
        maker = None if isinstance(atom, Constant) else self.maker.get(atom)
        if maker is None or maker.primitive not in _COMPARES:
            return None
        upward = _COMPARES[maker.primitive]
        for x, other, turned in ((*maker.inputs, False), (*maker.inputs[::-1], True)):
            number = self.number(other)
            if number is not None and isinstance(x, int) and self.number(x) is None:
                return x, number, upward != turned
        return None

    # ------------------------------------------------------------ clips

    def clip(self, equation: Equation, x: int, bound: float, sides: tuple[Atom, Atom]) -> Equation | None:
        """Match ``where(x > t, t, z)``, the smaller of z and t, and ``where(x < t, t, z)``; z is x or a clip of it."""
        above, below = (self.number(side) for side in sides)
        if above == bound and below is None and self.is_clip(sides[1], x, bound):
            return self.as_clip(equation, "min", x, sides[1], bound)
        if below == bound and above is None and self.is_clip(sides[0], x, bound):
            return self.as_clip(equation, "max", x, sides[0], bound)
        return None

    def as_clip(self, equation: Equation, primitive: str, x: int, value: Atom, bound: float) -> Equation | None:
        if value == x:
            return self.as_one(equation, primitive, [x, bound])
        # Of a clip of x the choice is a clip for NaN, too, where a comparison that fails leaves it as it is.
        if self.number(equation.inputs[2]) is None:
            return None
        plain = self.plain_clip(equation, primitive, value)
        return replace(
            equation, primitive=primitive, params={}, inputs=(value, Constant(np.float32(bound))), source=plain
        )

    def plain_clip(self, equation: Equation, primitive: str, value: Atom) -> jax_names.JaxprEqn:
        from jax import lax

        pick = lax.min if primitive == "min" else lax.max
        shape = self.shapes[equation.outputs[0]]
        structs = [self.struct(equation, value), ((), self.dtypes[equation.outputs[0]])]
        return jax_names.call_on(
            lambda one, bound: pick(one, lax.broadcast(bound.astype(one.dtype), shape)), equation.source, structs
        )

    def gate(self, equation: Equation) -> Equation | None:
        """Match ``x * (x > 0)``, the larger of x and 0, and ``x * (x < 0)``."""
        for x, other in (equation.inputs, equation.inputs[::-1]):
            maker = self.maker.get(other) if isinstance(other, int) else None
            if maker is None or maker.primitive != "convert_element_type" or isinstance(x, Constant):
                continue
            compared = self.comparison(maker.inputs[0])
            if compared is not None and compared[:2] == (x, 0.0):
                return self.as_one(equation, "max" if compared[2] else "min", [x, 0.0])
        return None

    def is_clip(self, atom: Atom, x: int, bound: float) -> bool:
        """Whether a value is x, or a clip of it that keeps ``bound``."""
        while atom != x:
            maker = None if isinstance(atom, Constant) else self.maker.get(atom)
            if maker is None or maker.primitive not in {"max", "min"} or len(maker.inputs) != 2:
                return False
            numbers = [self.number(one) for one in maker.inputs]
            number = next((one for one in numbers if one is not None), None)
            if number is None or (number > bound if maker.primitive == "max" else number < bound):
                return False
            atom = maker.inputs[0] if numbers[0] is None else maker.inputs[1]
        return True

    # ------------------------------------------------------------ two slopes

    def slopes(self, equation: Equation, x: int, bound: float, sides: tuple[Atom, Atom]) -> Equation | None:
        if bound != 0:
            return None
        found = [self.side(side, x) for side in sides]
        if found[0] is None or found[1] is None:
            return None
        return self.with_slopes(equation, x, [side for side in found if side is not None])

    def extremum(self, equation: Equation) -> Equation | None:
        """Match ``max(x, a * x)`` and ``min(x, a * x)`` for a number a."""
        for x, other in (equation.inputs, equation.inputs[::-1]):
            if isinstance(x, Constant) or self.shapes[x] != self.shapes[equation.outputs[0]]:
                continue
            side = self.side(other, x)
            if side is None or side.slope is None:
                continue
            slope = self.number(side.slope)
            if slope is None or slope in {0, 1}:
                continue
            slope = side.sign * (1 / slope if side.divides else slope)
            own = _Side()
            # Above 0 the larger slope gives the larger value, below 0 the smaller one does.
            first = (slope > 1) == (equation.primitive == "max")
            return self.with_slopes(equation, x, [side, own] if first else [own, side])
        return None

    def side(self, atom: Atom, x: int) -> _Side | None:
        """Return what a side of a choice makes of x, or None where it is something else."""
        if atom == x:
            return _Side()
        number = self.number(atom)
        if number is not None:
            return _Side(sign=0) if number == 0 else None
        maker = self.maker.get(atom) if isinstance(atom, int) else None
        return None if maker is None else self.product(maker, x)

    def product(self, maker: Equation, x: int) -> _Side | None:
        if self.shapes[maker.outputs[0]] != self.shapes[x]:
            return None
        if maker.primitive == "neg" and maker.inputs[0] == x:
            return _Side(sign=-1)
        if maker.primitive == "mul" and x in maker.inputs and maker.inputs[0] != maker.inputs[1]:
            slope = maker.inputs[1] if maker.inputs[0] == x else maker.inputs[0]
            return _Side(slope=slope)
        if maker.primitive == "div" and maker.inputs[0] == x and self.number(maker.inputs[1]) is not None:
            return _Side(slope=maker.inputs[1], divides=True)
        return None

    def with_slopes(self, equation: Equation, x: int, sides: Sequence[_Side]) -> Equation:
        params = {
            name: (side.sign, None if side.slope is None else place, side.divides)
            for name, side, place in zip(("above", "below"), sides, _places(sides), strict=True)
        }
        slopes = [side.slope for side in sides if side.slope is not None]
        numbers = [self.number(slope) for slope in slopes]
        given = [slope if number is None else number for slope, number in zip(slopes, numbers, strict=True)]
        return replace(self.as_one(equation, TWO_SLOPES, [x, *given]), params=params)

    # ------------------------------------------------------------ numbers, equations

    def number(self, atom: Atom) -> float | None:
        """Return the one number that an atom holds by the program's text, however it is spread."""
        path = []
        while isinstance(atom, int) and atom in self.maker and self.maker[atom].primitive in _SPREADS:
            path.append(self.maker[atom])
            atom = path[-1].inputs[0]
        value = atom.value if isinstance(atom, Constant) else self.captured.get(atom)
        if value is None or np.size(value) != 1:
            return None
        array = np.asarray(value).reshape(())
        for step in reversed(path):
            if step.primitive == "convert_element_type":
                array = array.astype(step.params["new_dtype"])
        return float(array)

    def as_one(self, equation: Equation, primitive: str, given: Sequence[Atom | float]) -> Equation:
        """Return one equation in the place of a choice; it runs what makes the choice out of its operands."""
        inputs = tuple(Constant(np.float32(one)) if isinstance(one, float) else one for one in given)
        places = {atom: place for place, atom in enumerate(inputs) if isinstance(atom, int)}
        inside = self.between(equation, places)

        def choose(*operands: Any) -> Any:
            environment = {**self.captured, **{atom: operands[place] for atom, place in places.items()}}
            run(inside, environment)
            return environment[equation.outputs[0]]

        structs = [self.struct(equation, atom) for atom in inputs]
        source = jax_names.call_on(choose, equation.source, structs)
        return replace(equation, primitive=primitive, params={}, inputs=inputs, source=source)

    def between(self, equation: Equation, known: Mapping[int, int]) -> list[Equation]:
        """Return the equations that make a result out of known variables and numbers, in order."""
        needed, pending = {id(equation): equation}, [equation]
        while pending:
            for atom in pending.pop().inputs:
                maker = self.written.get(atom) if isinstance(atom, int) and atom not in known else None
                if maker is not None and id(maker) not in needed:
                    needed[id(maker)] = maker
                    pending.append(maker)
        return [one for one in self.equations if id(one) in needed]

    def struct(self, equation: Equation, atom: Atom) -> tuple[tuple[int, ...], Any]:
        if isinstance(atom, Constant):
            return (), self.dtypes[equation.outputs[0]]
        return self.shapes[atom], self.dtypes[atom]


def _places(sides: Sequence[_Side]) -> list[int | None]:
    """Return the place of each side's slope among the inputs."""
    places: list[int | None] = []
    for side in sides:
        places.append(None if side.slope is None else 1 + sum(one is not None for one in places))
    return places
