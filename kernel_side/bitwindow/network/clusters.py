"""Which equations make one float computation: gelu arrives as ten primitives and is one layer.

Within the region of one value, arithmetic that is not exact is a *seed*. Seeds that feed each other in the same named
scope belong together, and so do all equations of a called function or module that holds a seed and nothing that must
stand alone; so does whatever lies between a value and the place where its paths meet again (``x - max(x)``), and exact
arithmetic that only prepares or finishes a seed (``x - mean``, ``+ bias``, a ReLU). A cluster never has an equation
outside it on a path between two of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bitwindow.network import exact
from bitwindow.network.float_kinds import ACTIVATIONS
from bitwindow.network.flow import Flow, bits
from bitwindow.network.program import Equation
from bitwindow.network.steps import structural_step


def find_clusters(flow: Flow, source: Mapping[int, int], taken: Iterable[int]) -> list[list[int]]:
    """Return the clusters among the equations that are not taken, each as a list of positions."""
    finder = _Finder(flow, source, set(taken))
    finder.unite_calls()
    finder.unite_neighbours()
    finder.unite_diamonds()
    # The meeting place of a diamond is a seed from here on: x - max(x) belongs to the exponential that reads it.
    finder.unite_neighbours()
    finder.grow()
    return finder.clusters()


class _Finder:
    def __init__(self, flow: Flow, source: Mapping[int, int], taken: set[int]) -> None:
        self.flow = flow
        self.source = source
        self.free = [position for position in range(len(flow.equations)) if position not in taken]
        self.free_mask = sum(1 << position for position in self.free)
        self.parent = {position: position for position in self.free}
        self.seed_mask = sum(1 << position for position in self.free if self.is_seed(flow.equations[position]))
        self.dominator = self._dominators()
        # Two activations in a row stay two layers: seeds are neighbours only outside calls, or inside the same one.
        self.activation: dict[int, tuple[Any, ...]] = {}

    # ------------------------------------------------------------ sets

    def find(self, position: int) -> int:
        while self.parent[position] != position:
            self.parent[position] = self.parent[self.parent[position]]
            position = self.parent[position]
        return position

    def unite(self, mask: int) -> None:
        """Unite a set of equations that holds or becomes a cluster; all of them count as seeds from here on."""
        first, *others = bits(mask & self.free_mask)
        for other in others:
            self.parent[self.find(other)] = self.find(first)
        self.seed_mask |= mask & self.free_mask

    def clusters(self) -> list[list[int]]:
        while True:
            sets: dict[int, int] = {}
            for position in bits(self.seed_mask):
                root = self.find(position)
                sets[root] = sets.get(root, 0) | 1 << position
            wider = [(mask, self.flow.between(mask)) for mask in sets.values()]
            if all(mask == whole for mask, whole in wider):
                return [list(bits(mask)) for mask in sets.values()]
            for mask, whole in wider:
                if mask != whole:
                    self.unite(whole)

    # ------------------------------------------------------------ roles

    def is_seed(self, equation: Equation) -> bool:
        """Whether an equation is arithmetic that no exact layer stands for, or works on integers or truth values."""
        flow = self.flow
        if not all(flow.is_float(variable) for variable in (*equation.outputs, *flow.operands(equation))):
            return True
        if equation.primitive in exact.ADDITIONS or equation.primitive == "reduce_sum":
            return False
        if exact.bound_of(flow, equation) is not None or self.divides_a_sum(equation):
            return False
        if equation.primitive in {"mul", "div"}:
            others = [atom for atom in equation.inputs if flow.statics.is_static(atom)]
            # The dynamic operand must be the numerator of a quotient.
            return not (others and others[-1] == equation.inputs[-1] and flow.statics.scalar(others[-1]) == 1.0)
        return structural_step(equation, equation.outputs[0], flow.statics) is None

    def divides_a_sum(self, equation: Equation) -> bool:
        """Whether an equation turns the sum over axes before it into a mean."""
        flow = self.flow
        operands = flow.operands(equation)
        if equation.primitive not in {"mul", "div"} or len(operands) != 1 or operands[0] not in flow.maker:
            return False
        maker = flow.maker[operands[0]]
        made_by = flow.equations[maker]
        inner = flow.operands(made_by)
        kept = len(inner) == 1 and inner[0] in flow.maker and exact.keeps_axes(flow, flow.maker[inner[0]]) == maker
        return (
            (made_by.primitive == "reduce_sum" or kept)
            and flow.only_reader(operands[0]) is not None
            and exact.divisor_of(flow, equation, operands[0]) is not None
        )

    def inside(self, variable: int, scope: tuple[str, ...]) -> bool:
        """Whether all that reads a variable is free, in the same scope, and no output of the network."""
        readers = self.flow.readers.get(variable, [])
        return variable not in self.flow.output_variables and all(
            reader in self.parent and self.flow.equations[reader].scope == scope for reader in readers
        )

    # ------------------------------------------------------------ rules

    def unite_calls(self) -> None:
        """Unite each called function or module that holds a seed, reads one value, and holds nothing taken."""
        members: dict[tuple[Any, ...], int] = {}
        for position, equation in enumerate(self.flow.equations):
            for call in equation.calls:
                members[call] = members.get(call, 0) | 1 << position
            # The outermost scope is the whole network's.
            for depth in range(2, len(equation.scope) + 1):
                key = equation.scope[:depth]
                members[key] = members.get(key, 0) | 1 << position
        for key, mask in sorted(members.items(), key=lambda found: -found[1].bit_count()):
            values = {self.region_of(position) for position in bits(mask)}
            if mask & ~self.free_mask == 0 and mask & self.seed_mask and len(values) == 1:
                self.unite(mask)
                if key[0] in ACTIVATIONS:
                    for position in bits(mask):
                        self.activation.setdefault(position, key)

    def unite_neighbours(self) -> None:
        """Unite seeds that feed each other in one scope of one region, with what lies between them."""
        flow = self.flow
        homes = {
            position: (flow.equations[position].scope, self.region_of(position), self.activation.get(position))
            for position in self.free
        }
        seeds: dict[tuple[Any, ...], int] = {}
        for position in bits(self.seed_mask):
            seeds[homes[position]] = seeds.get(homes[position], 0) | 1 << position
        for position in self.free:
            near = seeds.get(homes[position], 0)
            ends = near >> position & 1 or flow.after[position] & near
            for variable in flow.operands(flow.equations[position]):
                maker = flow.maker.get(variable, -1)
                if homes.get(maker) != homes[position] or not self.inside(variable, homes[position][0]):
                    continue
                if ends and (near >> maker & 1 or flow.before[maker] & near):
                    self.unite(1 << maker | 1 << position)

    def unite_diamonds(self) -> None:
        """Unite what lies between a value and the place where its paths meet, when the meeting place touches a seed."""
        for position in self.free:
            equation = self.flow.equations[position]
            if len(self.flow.operands(equation)) < 2:
                continue
            reads_seed = self.flow.before[position] & self.seed_mask & self._region(position)
            feeds_seed = any(self.seed_mask >> reader & 1 for reader in self.flow.readers.get(equation.outputs[0], []))
            if self.seed_mask >> position & 1 or reads_seed or feeds_seed:
                self.unite(self._closure(position) | 1 << position)

    def grow(self) -> None:
        """Take what only prepares or finishes a cluster into it, until nothing changes."""
        changed = True
        while changed:
            changed = False
            for position in self.free:
                if self.seed_mask >> position & 1:
                    continue
                partner = self.finished_by(position)
                partner = self.prepares(position) if partner is None else partner
                if partner is not None:
                    self.unite(1 << position | 1 << partner)
                    changed = True

    def finished_by(self, position: int) -> int | None:
        """Return the seed whose value an addition, clip or conversion alone reads, or None."""
        flow = self.flow
        equation = flow.equations[position]
        operands = flow.operands(equation)
        if len(operands) != 1 or flow.only_reader(operands[0]) != position:
            return None
        maker = flow.maker.get(operands[0])
        if maker is None or not self.seed_mask >> maker & 1:
            return None
        same_scope = flow.equations[maker].scope == equation.scope
        joins = exact.bound_of(flow, equation) is not None or (same_scope and equation.primitive in exact.ADDITIONS)
        return maker if joins or self.is_conversion(equation) else None

    def prepares(self, position: int) -> int | None:
        """Return a seed that alone reads an addition of a parameter or a conversion, or None."""
        flow = self.flow
        equation = flow.equations[position]
        readers = flow.readers.get(equation.outputs[0], [])
        if not readers or equation.outputs[0] in flow.output_variables:
            return None
        if not all(reader in self.parent and self.seed_mask >> reader & 1 for reader in readers):
            return None
        roots = {self.find(reader) for reader in readers}
        same_scope = all(flow.equations[reader].scope == equation.scope for reader in readers)
        arithmetic = equation.primitive in exact.ADDITIONS and len(flow.operands(equation)) == 1
        joins = (same_scope and arithmetic) or self.is_conversion(equation)
        return readers[0] if joins and len(roots) == 1 else None

    def is_conversion(self, equation: Equation) -> bool:
        """Whether an equation converts between floating-point types."""
        return equation.primitive == "convert_element_type"

    # ------------------------------------------------------------ paths

    def region_of(self, position: int) -> int:
        return self.source[self.flow.equations[position].outputs[0]]

    def _region(self, position: int) -> int:
        region = self.region_of(position)
        return sum(1 << other for other in self.free if self.region_of(other) == region)

    def _dominators(self) -> dict[int, int | None]:
        """Return the last equation that every path to each free equation goes through, None for the region's value."""
        dominator: dict[int, int | None] = {}
        for position in self.free:
            makers = [self.flow.maker.get(variable) for variable in self.flow.operands(self.flow.equations[position])]
            inner = [maker if maker in self.parent else None for maker in makers]
            common = inner[0] if inner else None
            for other in inner[1:]:
                common = _meet(common, other, dominator)
            dominator[position] = common
        return dominator

    def _closure(self, position: int) -> int:
        start = self.dominator[position]
        mask = self.flow.before[position] & self._region(position)
        return mask if start is None else mask & self.flow.after[start]


def _meet(first: int | None, second: int | None, dominator: Mapping[int, int | None]) -> int | None:
    while first != second:
        if first is None or second is None:
            return None
        if first > second:
            first = dominator[first]
        else:
            second = dominator[second]
    return first
