"""Pools that run before the cast they follow, in one step with their layer: the cast then has fewer values to do.

A cast that rounds and saturates is monotonic, so that the largest of some sums, cast, is the largest of their casts;
steps that only move values commute with any cast. A cast that wraps or drops is not monotonic: there both layers run
one after the other.

A reshape after a pool is a step of its own: fused with the pool, XLA's CPU backend works out the place of every single
value, which takes five times as long as the pool.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from bitwindow.execute.plan import Variant
from bitwindow.network.records import Contraction, Convolution, Extremum, PassThrough, Product, Sum, TwoSlopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bitwindow.execute.plan import Settings
    from bitwindow.network.records import Layer, Network, Step

QUICK = (Variant.NARROW, Variant.BYTES, Variant.DOUBLE)
"""The forms whose cast may come after a pool."""
_SUMS = Convolution | Contraction | Sum | Product | TwoSlopes | Extremum
_POOLS = frozenset({"reduce_window_max", "reduce_window_min", "reduce_max", "reduce_min"})
_COMMUTES = _POOLS | {"relu", "reshape", "transpose", "squeeze", "expand_dims", "slice", "rev", "copy"}


def followers(network: Network) -> Mapping[int, int]:
    """Return, by layer, the pass-through layer that may run within its step: its only reader, and one that pools."""
    readers = _readers(network)
    found = {}
    for index, layer in enumerate(network.layers):
        read_by = readers.get(layer.outputs[0], [])
        if isinstance(layer.operation, _SUMS) and len(read_by) == 1:
            reader = network.layers[read_by[0]]
            if layer.outputs[0] not in network.outputs and _pools(network, layer, reader):
                found[index] = read_by[0]
    return found


def steps_after(follower: Layer | None) -> tuple[Step, ...]:
    """Return what a follower does to the sums of its layer."""
    if follower is None:
        return ()
    assert isinstance(follower.operation, PassThrough)  # noqa: S101  (`followers` names no others)
    return (*follower.operands[0].view, *follower.operation.steps)


def pool_and_moves(layer: Layer) -> tuple[Layer, tuple[Step, ...]]:
    """Return a layer without the moves after its last pool, and these moves; none where nothing is reshaped."""
    if not isinstance(layer.operation, PassThrough):
        return layer, ()
    steps = layer.operation.steps
    pools = max((place + 1 for place, step in enumerate(steps) if step.primitive in _POOLS), default=0)
    moves = steps[pools:]
    plain = all(step.primitive in _COMMUTES - {"relu"} for step in moves)
    if not pools or not plain or not any(step.primitive == "reshape" for step in moves):
        return layer, ()
    return replace(layer, operation=PassThrough(steps=steps[:pools])), moves


def may_join(settings: Settings) -> bool:
    """Return whether a plan's cast is monotonic and done quickly."""
    return settings.variant in QUICK and settings.cast.is_monotonic


def together(layers: Iterable[int], joined: Mapping[int, int]) -> list[tuple[int, int | None]]:
    """Return what to run, in order: each layer with the follower that runs in its step, or None."""
    pairs = [(index, joined.get(index)) for index in layers]
    inside = {follower for _, follower in pairs if follower is not None}
    return [pair for pair in pairs if pair[0] not in inside]


def _readers(network: Network) -> dict[str, list[int]]:
    readers: dict[str, list[int]] = {}
    for index, layer in enumerate(network.layers):
        for operand in layer.operands if layer.bias is None else (*layer.operands, layer.bias):
            if operand.value is not None:
                readers.setdefault(operand.value, []).append(index)
    return readers


def _pools(network: Network, layer: Layer, reader: Layer) -> bool:
    """Return whether a layer only makes fewer values of another's, each of them one of its casts."""
    if not isinstance(reader.operation, PassThrough) or len(reader.operands) != 1:
        return False
    steps = steps_after(reader)
    fewer = prod(network.values[reader.outputs[0]].shape) < prod(network.values[layer.outputs[0]].shape)
    return fewer and all(step.primitive in _COMMUTES and _sees_values(step) for step in steps)


def _sees_values(step: Step) -> bool:
    """Return whether every window of a pool holds a value: one that sees padding alone has no sum to cast."""
    if not step.primitive.startswith("reduce_window"):
        return True
    params = step.params
    plain = all(by == 1 for name in ("base_dilation", "window_dilation") for by in params.get(name) or ())
    spans = zip(params["padding"], params["window_dimensions"], strict=True)
    return plain and all(max(low, high) < size for (low, high), size in spans)
