"""How values flow between the equations that depend on the network's inputs: who makes, who reads, who comes before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bitwindow.network.program import Equation, Program
from bitwindow.network.statics import Statics


class Flow:
    """The dynamic part of a program as a graph; sets of equations are bit masks over positions in ``equations``.

    ``batch_axis`` says which axis of each variable is the batch of size ``batch``, None where none is; ``other`` is the
    same program for one sample more, None where it would be another.
    """

    def __init__(
        self,
        program: Program,
        statics: Statics,
        inputs: Iterable[int],
        batch_axis: Mapping[int, int | None],
        *,
        batch: int,
        other: Program | None,
    ) -> None:
        self.program = program
        self.statics = statics
        self.inputs = tuple(inputs)
        self.batch_axis = batch_axis
        self.batch = batch
        self.other = other
        self.equations = tuple(
            equation for equation in program.equations if any(not statics.is_static(atom) for atom in equation.inputs)
        )
        self.output_variables = frozenset(atom for atom in program.outputs if isinstance(atom, int))
        self.maker: dict[int, int] = {}
        self.readers: dict[int, list[int]] = {}
        self.before: list[int] = []
        for position, equation in enumerate(self.equations):
            mask = 0
            for variable in self.operands(equation):
                self.readers.setdefault(variable, []).append(position)
                if variable in self.maker:
                    mask |= self.before[self.maker[variable]] | (1 << self.maker[variable])
            self.before.append(mask)
            self.maker.update(dict.fromkeys(equation.outputs, position))
        self.after = self._after()

    def operands(self, equation: Equation) -> tuple[int, ...]:
        """Return the dynamic operands of an equation, each once, in order."""
        found = (atom for atom in equation.inputs if isinstance(atom, int) and not self.statics.is_static(atom))
        return tuple(dict.fromkeys(found))

    def only_reader(self, variable: int) -> int | None:
        """Return the position of the one equation that reads a variable, or None when it is not the only use."""
        readers = self.readers.get(variable, [])
        if variable in self.output_variables or len(readers) != 1:
            return None
        return readers[0]

    def between(self, mask: int) -> int:
        """Return the equations that lie on a path from one equation of a set to another, the set included."""
        reach_down = mask
        reach_up = mask
        for position in bits(mask):
            reach_down |= self.after[position]
            reach_up |= self.before[position]
        return reach_down & reach_up

    def is_float(self, variable: int) -> bool:
        """Whether a variable holds floating-point numbers."""
        return self.program.is_float(variable)

    def _after(self) -> list[int]:
        after = [0] * len(self.equations)
        for position in reversed(range(len(self.equations))):
            for variable in self.operands(self.equations[position]):
                if variable in self.maker:
                    after[self.maker[variable]] |= after[position] | (1 << position)
        return after


def bits(mask: int) -> Iterator[int]:
    """Yield the positions of the ones of a bit mask, lowest first.

    >>> list(bits(0b1010))
    [1, 3]
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
