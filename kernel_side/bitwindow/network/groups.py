"""The groups that equations are gathered into before they become layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bitwindow.network.open_loop import OpenLoop
from bitwindow.network.program import Atom
from bitwindow.network.records import Clip, ExactOperation, Step

GroupKind = Literal[
    "convolution",
    "contraction",
    "sum",
    "product",
    "choice",
    "running",
    "concatenation",
    "average",
    "pass",
    "lookup",
    "loop",
    "float",
]


@dataclass(kw_only=True)
class Group:
    """Equations that become one layer.

    ``members`` are positions in ``Flow.equations``. ``output`` is the variable that an exact group makes. ``operands``
    are the atoms that its operation reads, ``bias`` the atom added to it. A pass-through has ``steps``; a float group
    has a ``kind`` alone and finds its operands and outputs by itself; of a lookup, ``operands`` is the table, and its
    last member picks from it. ``reason`` is set where it is known beforehand. A product with ``reciprocal`` divides by
    its last operand. A loop has its ``inside``. ``order`` is the permutation between a product and
    its bias.
    """

    kind: GroupKind
    members: list[int]
    output: int = -1
    operation: ExactOperation | None = None
    operands: tuple[Atom, ...] = ()
    bias: Atom | None = None
    activation: Clip | None = None
    steps: tuple[Step, ...] = ()
    reason: str = ""
    label: str = ""
    reciprocal: bool = False
    order: tuple[int, ...] = ()
    inside: OpenLoop | None = None
