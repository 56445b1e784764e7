"""Functions written out by hand that follow each other are layers of their own: layer-norm, then gelu.

A cluster may be cut where one value alone goes from what is before to what is after. It is cut there only when every
part is a function that is known by its primitives; what scales or shifts a function's result stays with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from bitwindow.network.float_kinds import ACTIVATIONS, NORM_SCOPES, kind_of
from bitwindow.network.flow import Flow

_AFFINE = frozenset({"add", "sub", "mul", "neg", "div"})
_GLUE = frozenset(
    {"reshape", "broadcast_in_dim", "transpose", "squeeze", "slice", "stop_gradient", "copy", "convert_element_type"}
)
_NORM = frozenset({"reduce_sum", "rsqrt", "sqrt", "integer_pow", "square", "max"})
_MADE_OF: dict[str, frozenset[str]] = {
    "layer_norm": _NORM,
    "rms_norm": _NORM,
    "softmax": frozenset({"exp", "reduce_sum", "reduce_max", "max"}),
    "log_softmax": frozenset({"exp", "reduce_sum", "reduce_max", "log", "max"}),
    "gelu": frozenset({"tanh", "erf", "erfc", "integer_pow", "square"}),
    "silu": frozenset({"logistic", "exp"}),
    "sigmoid": frozenset({"logistic", "exp"}),
    "softplus": frozenset({"exp", "log", "log1p"}),
    "mish": frozenset({"exp", "log", "log1p", "tanh"}),
    "tanh": frozenset({"tanh"}),
}


def split(flow: Flow, members: Sequence[int]) -> list[list[int]]:
    """Return a cluster in parts that are one known function each, or whole where it is no such sequence."""
    whole = sorted(members)
    equations = [flow.equations[position] for position in whole]
    called = any(name in ACTIVATIONS for equation in equations for name, _ in equation.calls)
    if called or any(part.rsplit("_", 1)[0] in NORM_SCOPES for one in equations for part in one.scope):
        return [whole]
    pieces = _pieces(flow, whole)
    parts: list[list[int]] = []
    start = 0
    while start < len(pieces):
        ends = range(len(pieces), start, -1)
        end = next((end for end in ends if _is_function(flow, [*chain(*pieces[start:end])])), None)
        if end is None:
            return [whole]
        parts.append([*chain(*pieces[start:end])])
        start = end
    return parts


def _pieces(flow: Flow, whole: list[int]) -> list[list[int]]:
    """Cut where one value alone goes on, and nothing from elsewhere joins it later."""
    pieces: list[list[int]] = [[]]
    for place, position in enumerate(whole):
        pieces[-1].append(position)
        before, after = set(whole[: place + 1]), whole[place + 1 :]
        if after and _is_cut(flow, before, after):
            pieces.append([])
    return pieces


def _is_cut(flow: Flow, before: set[int], after: list[int]) -> bool:
    made = {variable for position in before for variable in flow.equations[position].outputs}
    inside = made | {variable for position in after for variable in flow.equations[position].outputs}
    read = {variable for position in after for variable in flow.operands(flow.equations[position])}
    crossing = made & read
    used_elsewhere = {
        variable
        for variable in made
        if variable in flow.output_variables
        or any(reader not in before and reader not in after for reader in flow.readers.get(variable, []))
    }
    return len(crossing) == 1 and used_elsewhere <= crossing and read <= inside and all(map(flow.is_float, crossing))


def _is_function(flow: Flow, members: list[int]) -> bool:
    equations = [flow.equations[position] for position in members]
    known = _MADE_OF.get(kind_of(flow, equations))
    found = {equation.primitive for equation in equations}
    return known is not None and found <= known | _AFFINE | _GLUE
