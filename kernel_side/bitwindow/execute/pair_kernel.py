"""The compiled loop of a product in pairs: sums of products, the largest of each window, cast.

Any number of threads call it for the same output; they share a counter of the units of work, so that a thread that is
held up does less of it.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from bitwindow.execute.pair_records import COLUMNS, ROWS
from bitwindow.execute.pair_tiles import LANES, finish_places, multiply_tile, take
from bitwindow.spectrum.compiled import compiled

i64 = nb.int64


@compiled
def run_units(x: Any, w: Any, numbers: Any, out: Any, tables: Any, sizes: Any, units: Any, counter: Any) -> None:
    """Take units of work until there is none left.

    Args:
        x: The activation's carriers, int16, flat.
        w: The weights from ``pair_weights``, int16[blocks, products].
        numbers: Of the casts, int32[14, channels], from ``pair_numbers``.
        out: The output's carriers, int16 or int32, flat.
        tables: ``PairTables``.
        sizes: ``PairSizes``.
        units: How many units there are, over all images.
        counter: int64[1], 0 at first, shared by all threads.
    """
    padded = np.zeros(sizes.padded, np.int16)
    sums = np.empty((sizes.positions + ROWS, numbers.shape[1]), np.int32)
    own = tables.units.shape[0]
    filled = i64(-1)
    while True:
        number = take(i64(counter.ctypes.data))
        if number >= units:
            return
        image, unit = number // own, number % own
        base = i64(x.ctypes.data) + i64(2) * image * sizes.image
        if sizes.padded > 0:
            if image != filled:
                _fill(x, image * sizes.image, tables, sizes, padded)
                filled = image
            base = i64(padded.ctypes.data)
        _multiply(base, w, tables, sizes, unit, sums)
        _finish(numbers, out, image * sizes.made, tables, sizes, unit, sums)


@compiled
def _fill(x: Any, start: Any, tables: Any, sizes: Any, padded: Any) -> None:
    """Copy an image's values to their places between the zeros."""
    taken, apart, spread = sizes.taken, sizes.apart, sizes.spread
    for p in range(tables.places.size):
        source, place = start + tables.pieces[p], tables.places[p]
        if apart == spread == 1:
            for i in range(taken):
                padded[place + i] = x[source + i]
        else:
            for i in range(taken):
                padded[place + i * spread] = x[source + i * apart]


@compiled
def _multiply(base: Any, w: Any, tables: Any, sizes: Any, unit: Any, sums: Any) -> None:
    first, last = tables.units[unit, 2], tables.units[unit, 3]
    blocks, stride = w.shape[0], i64(sums.shape[1])
    each = blocks // sizes.groups
    for p in range(first, last, ROWS):
        for block in range(blocks):
            multiply_tile(
                base + i64(2) * (block // each) * sizes.width,
                i64(tables.starts.ctypes.data) + i64(8) * p,
                i64(tables.runs.ctypes.data),
                i64(tables.runs.size),
                i64(sizes.length),
                i64(w.ctypes.data) + i64(2) * block * w.shape[1],
                i64(sums.ctypes.data) + i64(4) * ((p - first) * stride + block * COLUMNS),
                stride,
            )


@compiled
def _finish(numbers: Any, out: Any, start: Any, tables: Any, sizes: Any, unit: Any, sums: Any) -> None:
    columns = i64(sums.shape[1])
    each = columns // sizes.groups
    for column in range(0, columns, LANES):
        channel = column % each
        valid = min(i64(LANES), sizes.outputs - channel)
        if valid > 0:
            place = start + (column // each * sizes.outputs + channel) * sizes.step
            finish_places(
                out,
                i64(out.ctypes.data) + i64(out.itemsize) * place,
                i64(tables.spots.ctypes.data),
                i64(sizes.step),
                i64(valid),
                i64(sums.ctypes.data) + i64(4) * column,
                columns,
                i64(tables.units[unit, 2]),
                i64(tables.windows.ctypes.data),
                i64(tables.windows.shape[1]),
                i64(tables.units[unit, 0]),
                i64(tables.units[unit, 1]),
                i64(numbers.ctypes.data) + i64(4) * column,
            )
