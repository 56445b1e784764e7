"""Where everything lies for a product in pairs: the places of inputs, windows and outputs, worked out once a layer.

An image's values are copied between the zeros of its padding and dilation, channels last; then the products of one
output are a few runs of neighbouring pairs, whatever the strides and dilations, in any number of dimensions. A run of
an odd length reads one value more, for a weight that is zero. A dense layer is one image whose positions are its rows.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.execute.pair_records import PairLayout, PairSizes, PairTables, most_positions, units_of, with_rows
from bitwindow.execute.pair_windows import Windows
from bitwindow.network.records import Contraction

if TYPE_CHECKING:
    from bitwindow.network.records import Convolution, Step

_ROWS_OF_A_UNIT = 24
"""Rows of a dense layer that a thread takes at a time."""


def layout_of(
    operation: Convolution | Contraction,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    arranged: tuple[int, ...],
    pool: Step | None,
) -> PairLayout:
    """Return where everything lies.

    Args:
        operation: A convolution without groups of the batch, or a contraction of x's last axis alone with a matrix.
        shapes: Of the activation and the weight, as the operation sees them.
        arranged: The permutation of the result's axes, () for none.
        pool: A ``reduce_window_max`` over the rearranged result, or None.
    """
    if isinstance(operation, Contraction):
        return _of_rows(operation, shapes)
    return Windows(operation, shapes[0], shapes[1]).layout(arranged, pool)


def _of_rows(operation: Contraction, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> PairLayout:
    *free, terms = shapes[0]
    outputs = shapes[1][1 - operation.contracting[1][0]]
    rows = prod(free)
    even = terms + terms % 2
    copied = terms != even
    starts = np.arange(rows) * even
    windows = np.arange(rows)[:, None]
    tables = PairTables(
        pieces=np.arange(rows) * terms,
        places=starts,
        starts=with_rows(starts),
        runs=np.zeros(1, np.int64),
        windows=windows,
        spots=np.arange(rows) * outputs,
        units=units_of(windows, _ROWS_OF_A_UNIT),
    )
    sizes = PairSizes(
        image=0,
        made=0,
        padded=rows * even if copied else 0,
        taken=terms,
        apart=1,
        spread=1,
        length=even // 2,
        groups=1,
        width=even,
        outputs=outputs,
        step=1,
        positions=most_positions(tables.units),
    )
    return PairLayout(tables=tables, sizes=sizes, images=1, shape=(*free, outputs))
