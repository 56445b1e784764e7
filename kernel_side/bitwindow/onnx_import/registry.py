"""The table of operators: a new operator is one function and its line above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

Layout = Literal["logical", "enters", "follows", "joins", "elementwise"]
FAMILIES = (
    "activations",
    "arithmetic",
    "casts",
    "comparisons",
    "control",
    "convolution",
    "creation",
    "gathering",
    "matrix",
    "normalization",
    "padding",
    "pooling",
    "quantize",
    "recurrent",
    "reductions",
    "resize",
    "sampling",
    "scattering",
    "sequences",
    "shape",
    "signal",
    "sorting",
)


@dataclass(frozen=True, kw_only=True)
class Operator:
    """How an operator is computed.

    Attributes:
        function: ``function(call, *inputs)``, with missing inputs as None; returns an array, or a tuple of them.
        static: Positions of the inputs that must be known before the network runs; they come as NumPy arrays.
        layout: "logical": the axes are as the graph has them. "enters": puts the channels of its first input last
            (convolutions, pools). "follows": takes its first input as it is kept; ``call.channels_last`` says how.
            "joins": the same for all its inputs. "elementwise": any order of axes, the same for all inputs.
        sequences: Whether it takes values that are no arrays as they are: sequences, optionals, subgraphs' values.
        folds: Whether it is computed at once where its inputs are known.
    """

    function: Callable[..., Any]
    static: frozenset[int] = frozenset()
    layout: Layout = "logical"
    sequences: bool = False
    folds: bool = True


OPERATORS: dict[tuple[str, str], Operator] = {}


def operator(
    *names: str,
    static: tuple[int, ...] = (),
    layout: Layout = "logical",
    sequences: bool = False,
    folds: bool = True,
    domain: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as the computation of operators of these names, in every version from opset 7."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        made = Operator(function=function, static=frozenset(static), layout=layout, sequences=sequences, folds=folds)
        for name in names:
            OPERATORS[domain, name] = made
        return function

    return register


def find(domain: str, name: str) -> Operator | None:
    """Return the computation of an operator, or None when it has none of its own."""
    if not OPERATORS:
        for family in FAMILIES:
            import_module(f"bitwindow.onnx_import.ops.{family}")
    return OPERATORS.get((domain, name))
