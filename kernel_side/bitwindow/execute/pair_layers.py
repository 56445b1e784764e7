"""Which layers can run as products in pairs, whatever their types: what they read, how they are grouped and pooled."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.execute.pair_layout import layout_of
from bitwindow.execute.reading import operand_shapes
from bitwindow.network.channels import axis_in_parameter, output_axis
from bitwindow.network.records import Contraction, Convolution, PassThrough

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitwindow.execute.pair_records import PairLayout
    from bitwindow.network.records import Layer, Network, Step

_RESHAPES = frozenset({"reshape", "expand_dims", "squeeze", "copy"})
_FEWEST_OUTPUTS = 8
"""Outputs of a group below which most of a tile would be filled with zeros."""


def pair_layout(network: Network, layer: Layer, follower: Layer | None, chunks: int = 1) -> PairLayout | None:
    """Return where everything of a layer lies, over so many chunks at once; None where it cannot run in pairs.

    Args:
        network: The network.
        layer: The layer.
        follower: A pool that is to be part of it, or None.
        chunks: How many chunks lie one after the other along the batch.
    """
    operation = layer.operation
    if not isinstance(operation, Convolution | Contraction) or prod(network.values[layer.outputs[0]].shape) == 0:
        return None
    pool = None if follower is None else _pool_of(follower)
    if follower is not None and (pool is None or isinstance(operation, Contraction)):
        return None
    x, w = layer.operands
    shapes = operand_shapes(network, layer)
    if w.parameter is None or x.value is None or not _only_reshapes(x.view):
        return None
    if isinstance(operation, Convolution):
        fits = _is_windowed(operation, shapes[1]) and _keeps_samples(operation, layer, pool)
    else:
        fits = _is_matrix(operation, shapes) and not layer.arranged
    if not fits or not _bias_fits(network, layer, operation, (len(shapes[0]), len(shapes[1]))):
        return None
    first, *others = shapes[0]
    if chunks > 1 and (first != network.batch or _batch_axis(operation, layer) != 0):
        return None
    return layout_of(operation, ((chunks * first, *others), shapes[1]), layer.arranged, pool)


def _batch_axis(operation: Convolution | Contraction, layer: Layer) -> int | None:
    """Return the output's axis of the activation's first axis, if that is free; None where it is not."""
    if isinstance(operation, Contraction):
        return 0 if operation.contracting[0] != (0,) else None
    if operation.lhs_spec[0] != 0:
        return None
    return layer.arranged.index(operation.out_spec[0]) if layer.arranged else operation.out_spec[0]


def _only_reshapes(steps: Sequence[Step]) -> bool:
    return all(
        step.primitive in _RESHAPES and not (step.primitive == "reshape" and step.params.get("dimensions"))
        for step in steps
    )


def _pool_of(follower: Layer) -> Step | None:
    """Return the one step of a pool that takes the largest of its windows and at most reshapes them."""
    assert isinstance(follower.operation, PassThrough)  # noqa: S101  (followers are)
    first, *others = follower.operation.steps
    plain = not follower.operands[0].view and first.primitive == "reduce_window_max"
    return first if plain and _only_reshapes(others) else None


def _keeps_samples(operation: Convolution, layer: Layer, pool: Step | None) -> bool:
    """Return whether a pool's windows hold one sample and one channel."""
    if pool is None:
        return True
    axes = [layer.arranged.index(axis) if layer.arranged else axis for axis in operation.out_spec[:2]]
    single = all(pool.params[name][axis] == 1 for axis in axes for name in ("window_dimensions", "window_strides"))
    return single and all(tuple(pool.params["padding"][axis]) == (0, 0) for axis in axes)


def _is_windowed(operation: Convolution, w: tuple[int, ...]) -> bool:
    outputs = w[operation.rhs_spec[0]] // operation.feature_group_count
    fills = outputs >= _FEWEST_OUTPUTS or operation.feature_group_count == 1
    return operation.batch_group_count == 1 and fills and prod(w) > 0


def _is_matrix(operation: Contraction, shapes: Sequence[tuple[int, ...]]) -> bool:
    last = (len(shapes[0]) - 1,)
    return operation.contracting[0] == last and not operation.batch[0] and len(shapes[1]) == 2 and prod(shapes[1]) > 0


def _bias_fits(network: Network, layer: Layer, operation: Convolution | Contraction, ranks: tuple[int, int]) -> bool:
    """Return whether a bias is one number a channel, or one for all."""
    if layer.bias is None:
        return True
    if layer.bias.parameter is None or any(step.primitive == "rev" for step in layer.bias.view):
        return False
    shape = np.shape(network.parameters[layer.bias.parameter])
    own = axis_in_parameter(layer.bias.view, shape, output_axis(operation, 1, ranks))
    return prod(shape) == 1 or (own is not None and shape[own] == prod(shape))
