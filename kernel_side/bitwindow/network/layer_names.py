"""The names of layers and of parameters while a network is built, each given once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bitwindow import jax_names
from bitwindow.network.float_kinds import BY_CALL, kind_of
from bitwindow.network.flow import Flow
from bitwindow.network.groups import Group
from bitwindow.network.names import Namer, outer_scope, prefix_of, scope_text
from bitwindow.network.program import Atom, Constant, Equation
from bitwindow.network.siblings import weights_below

_PARTS = {"top_k": ("values", "indices"), "sort": ("sorted", "order"), "eigh": ("vectors", "values")}
_MOVES = frozenset({"reshape", "broadcast_in_dim", "squeeze", "transpose", "slice", "copy", "convert_element_type"})


class LayerNames:
    """Names the layers of one flow: by their parameters' path, else by their scope, else by what they do.

    Args:
        flow: The dynamic part of the program.
        namer: What hands out names, shared with the network around a loop.
        parameters: The names of the parameters, by variable.
        outer: The outermost scope of the whole network; None to look for it in the flow.
    """

    def __init__(self, flow: Flow, namer: Namer, parameters: Mapping[int, str], outer: str | None = None) -> None:
        self._flow = flow
        self.namer = namer
        self.outer = outer_scope(equation.scope for equation in flow.equations) if outer is None else outer
        self._parameters = dict(parameters)
        self._siblings: dict[str, set[str]] = {}
        self.returned: Mapping[int, str] = {}
        """The names under which the function returns values, by variable."""

    def unique(self, wanted: str) -> str:
        """Return ``wanted``, with a number where it is taken."""
        return self.namer.unique(wanted)

    def of_leaf(self, leaf: int) -> str:
        """Return the name of a parameter's variable; "" where it has none."""
        return self._parameters.get(leaf, "")

    def of_static(self, atom: Atom) -> str:
        """Return the name of the parameter, or of the first of those, that a static atom is made of; "" without any."""
        if isinstance(atom, Constant):
            return ""
        leaves = [self._parameters[leaf] for leaf in self._flow.statics.leaves(atom) if leaf in self._parameters]
        return self._parameters.get(atom, leaves[0] if leaves else "")

    def of_product(self, group: Group, equations: Sequence[Equation]) -> str:
        """Return a name for a convolution or dense layer."""
        statics = self._flow.statics
        leaves = [leaf for atom in group.operands if statics.is_static(atom) for leaf in statics.leaves(atom)]
        weight = self.of_leaf(leaves[0]) if leaves else ""
        prefix = prefix_of(weight)
        self._siblings = self._siblings or weights_below(self._flow, self._parameters)
        if len(self._siblings.get(prefix, ())) > 1:
            prefix = f"{weight}/out"
        prefix = prefix or scope_text([equations[0].scope], self.outer)
        if prefix:
            return self.namer.unique(prefix)
        return self.namer.counted("conv" if group.kind == "convolution" else "dense")

    def plain(self, label: str, equations: Sequence[Equation]) -> str:
        """Return a name for a layer by its scope and label."""
        scope = scope_text([equation.scope for equation in equations], self.outer)
        shared = set.intersection(*(set(equation.calls) for equation in equations))
        # The parts of hard-swish are called by it.
        called = [BY_CALL[one[0]] for one in equations[0].calls if one in shared and one[0] in BY_CALL]
        called = [name for name in called if name != label]
        return self.namer.unique("/".join([part for part in (scope, *called[:1], label) if part]))

    def of_float(self, label: str, equations: Sequence[Equation], parameters: Sequence[Atom]) -> str:
        """Return a name for a float layer: the path that its parameters have in common, else scope and label."""
        leaves = [leaf for atom in parameters for leaf in self._flow.statics.leaves(atom)]
        prefixes = {prefix_of(self.of_leaf(leaf)) for leaf in leaves}
        prefix = prefixes.pop() if len(prefixes) == 1 else ""
        if prefix:
            return self.namer.unique(prefix)
        scope = scope_text([equation.scope for equation in equations], self.outer)
        if not scope and label == "float_block":
            # A mixture has no name of its own: where it stands in the program is the best there is.
            label = jax_names.written_at(equations[0].source) or label
        return self.namer.unique(f"{scope}/{label}" if scope else label)

    def of_outputs(self, layer: str, label: str, variables: Sequence[int]) -> list[str]:
        """Return the names of a float layer's outputs: its own, then those of what makes each of the others.

        An output that the function returns under a name has that one; the parts of one operation are called by it.
        """
        scope = layer.rpartition("/")[0] if layer.rpartition("/")[2].startswith(label) else layer
        names = [layer]
        for variable in variables[1:]:
            own = self.returned.get(variable, "")
            part = own or self._part(variable)
            kind = "" if part else self._maker_label(variable)
            inside = f"{layer}/{part}" if part else "/".join(word for word in (scope, kind) if word)
            names.append(self.namer.unique(inside))
        return names

    def _part(self, variable: int) -> str:
        equation = self._flow.equations[self._flow.maker[variable]]
        if len(equation.outputs) == 1:
            return ""
        place = equation.outputs.index(variable)
        known = _PARTS.get(equation.primitive, ())
        return known[place] if place < len(known) else f"result_{place + 1}"

    def _maker_label(self, variable: int) -> str:
        """Return what makes a variable, behind all that only moves it."""
        equation = self._flow.equations[self._flow.maker[variable]]
        while equation.primitive in _MOVES:
            before = [atom for atom in self._flow.operands(equation) if atom in self._flow.maker]
            if not before:
                break
            equation = self._flow.equations[self._flow.maker[before[0]]]
        return kind_of(self._flow, [equation])

    def adopt(self, variable: int, name: str) -> None:
        """Let a variable of a loop's body be a parameter that has a name outside."""
        self._parameters[variable] = name

    def of_parameter(self, root: int, leaves: Sequence[int], layer: str) -> str:
        """Return the name of a parameter or of what is folded from several, at its first use in a layer."""
        if root not in self._parameters:
            if root in self._flow.program.captured:
                wanted = "const"
            else:
                known = [self._parameters[leaf] for leaf in leaves if leaf in self._parameters]
                prefixes = {prefix_of(name) for name in known}
                wanted = f"{prefixes.pop() if len(prefixes) == 1 and known else layer}/folded".lstrip("/")
                wanted = wanted if leaves else f"{layer}/constant"
            self._parameters[root] = self.namer.unique(wanted)
        return self._parameters[root]
