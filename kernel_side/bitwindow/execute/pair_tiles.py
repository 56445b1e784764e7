"""Pieces of the pair kernel that numba's own loops do not reach, written as LLVM's vector instructions.

Two 16-bit products are added in one instruction (``vpmaddwd`` of x86, which takes half the time of a float32
multiplication and addition); elsewhere LLVM multiplies and adds in 32 bits. Sums stay in vector registers until the
last product, and the numbers of a cast until the last value.
"""
# ruff: noqa: ARG001  (numba's protocol names every argument of an intrinsic where it is typed)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped
from numba.extending import intrinsic

from bitwindow.execute.pair_records import COLUMNS, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

cgutils: Any = untyped
LANES = 8
VECTORS = COLUMNS // LANES
NUMBERS = 14
"""Numbers of a channel that `finish_places` takes: see ``pair_numbers``."""

_I16, _I32, _I64 = (ir.IntType(bits) for bits in (16, 32, 64))
_HALVES, _WORDS = ir.VectorType(_I16, 2 * LANES), ir.VectorType(_I32, LANES)
_HAS_PAIRS = bool(llvm.get_host_cpu_features().get("avx2"))
"""Whether the machine adds two products in one instruction; numba's cache on disk tells such machines apart."""


def _number(value: Any, kind: ir.Type = _I64) -> ir.Constant:
    return ir.Constant(kind, value)


def _pointer(builder: Any, address: Any, kind: ir.Type) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _load(builder: Any, address: Any, kind: ir.Type, align: int) -> Any:
    return builder.load(_pointer(builder, address, kind), align=align)


def _at(builder: Any, address: Any, index: Any, size: int) -> Any:
    """Return the address of an element of so many bytes."""
    return builder.add(address, builder.mul(index, _number(size)))


def _all_lanes(builder: Any, value: Any, kind: ir.VectorType) -> Any:
    first = builder.insert_element(_number(ir.Undefined, kind), value, _number(0, _I32))
    return builder.shuffle_vector(
        first, _number(ir.Undefined, kind), _number([0] * kind.count, ir.VectorType(_I32, kind.count))
    )


def _added_pairs(builder: Any, one: Any, other: Any) -> Any:
    """Return the sums of neighbouring products of two vectors of 16-bit integers, int32."""
    if _HAS_PAIRS:
        kind = ir.FunctionType(_WORDS, [_HALVES, _HALVES])
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx2.pmadd.wd"), [one, other]
        )
    products = []
    for first in (0, 1):
        places = _number(list(range(first, 2 * LANES, 2)), ir.VectorType(_I32, LANES))
        parts = (builder.shuffle_vector(x, _number(ir.Undefined, _HALVES), places) for x in (one, other))
        products.append(builder.mul(*(builder.sext(part, _WORDS) for part in parts)))
    return builder.add(*products)


def _multiply_tile(
    context: Any, x: Any, starts: Any, runs: Any, count: Any, length: Any, w: Any, out: Any, stride: Any
) -> Any:
    def generate(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        x, starts, runs, count, length, w, out, stride = arguments
        sums = [[cgutils.alloca_once(builder, _WORDS) for _ in range(VECTORS)] for _ in range(ROWS)]
        for row in sums:
            for one in row:
                builder.store(_number(None, _WORDS), one)
        rows = [_at(builder, x, _load(builder, _at(builder, starts, _number(m), 8), _I64, 8), 2) for m in range(ROWS)]
        weights = cgutils.alloca_once_value(builder, w)
        with cgutils.for_range(builder, count, intp=_I64) as outer:
            offset = _load(builder, _at(builder, runs, outer.index, 8), _I64, 8)
            here, own = [_at(builder, row, offset, 2) for row in rows], builder.load(weights)
            with cgutils.for_range(builder, length, intp=_I64) as inner:
                _add_products(builder, sums, here, _at(builder, own, inner.index, 4 * COLUMNS), inner.index)
            builder.store(_at(builder, own, length, 4 * COLUMNS), weights)
        for m, row in enumerate(sums):
            for n, one in enumerate(row):
                place = _at(builder, builder.add(out, _number(4 * LANES * n)), builder.mul(stride, _number(m)), 4)
                builder.store(builder.load(one), _pointer(builder, place, _WORDS), align=4)
        return target.get_dummy_value()

    return types.void(*[types.int64] * 8), generate


def _add_products(builder: Any, sums: Sequence[Sequence[Any]], rows: Sequence[Any], weights: Any, index: Any) -> None:
    own = [_load(builder, builder.add(weights, _number(4 * LANES * n)), _HALVES, 2) for n in range(VECTORS)]
    for row, address in zip(sums, rows, strict=True):
        pair = _load(builder, _at(builder, address, index, 4), _I32, 2)
        spread = builder.bitcast(_all_lanes(builder, pair, _WORDS), _HALVES)
        for one, weight in zip(row, own, strict=True):
            builder.store(builder.add(builder.load(one), _added_pairs(builder, spread, weight)), one)


multiply_tile: Callable[..., None] = cast("Any", intrinsic)(_multiply_tile)
"""``multiply_tile(x, starts, runs, count, length, w, out, stride)``, addresses and numbers as int64.

Rows m = 0 to 5 and columns n = 0 to 15: out[m, n] = sum over runs r, pairs k < length and i = 0, 1 of
x[starts[m] + runs[r] + 2 k + i] * w[r, k, n, i]; x and w int16, out int32 with ``stride`` elements a row.
"""


def _finish_places(
    context: Any,
    like: Any,
    out: Any,
    spots: Any,
    step: Any,
    valid: Any,
    sums: Any,
    stride: Any,
    shift: Any,
    windows: Any,
    taps: Any,
    first: Any,
    last: Any,
    numbers: Any,
) -> Any:
    kind = ir.IntType(like.dtype.bitwidth)
    size = kind.width // 8

    def generate(target: Any, builder: Any, _signature: Any, given: Any) -> Any:
        _out, out, spots, step, valid, sums, stride, shift, windows, taps, first, last, numbers = given
        own = [
            _load(builder, _at(builder, numbers, builder.mul(stride, _number(i)), 4), _WORDS, 4) for i in range(NUMBERS)
        ]
        with cgutils.for_range_slice(builder, first, last, _number(1), intp=_I64) as (place, _):
            seen = _at(builder, windows, builder.mul(place, taps), 8)
            best = _largest(
                builder, builder.sub(sums, builder.mul(shift, builder.mul(stride, _number(4)))), stride, seen, taps
            )
            result = _cast(builder, best, own)
            result = result if kind.width == _I32.width else builder.trunc(result, ir.VectorType(kind, LANES))
            spot = _load(builder, _at(builder, spots, place, 8), _I64, 8)
            _store(builder, result, _at(builder, out, spot, size), step, valid)
        return target.get_dummy_value()

    return types.void(like, *[types.int64] * 12), generate


def _largest(builder: Any, sums: Any, stride: Any, windows: Any, taps: Any) -> Any:
    """Return the largest sums of a window's places."""

    def of(tap: Any) -> Any:
        place = _load(builder, _at(builder, windows, tap, 8), _I64, 8)
        return _load(builder, _at(builder, sums, builder.mul(place, stride), 4), _WORDS, 4)

    best = cgutils.alloca_once(builder, _WORDS)
    builder.store(of(_number(0)), best)
    with cgutils.for_range_slice(builder, _number(1), taps, _number(1), intp=_I64) as (tap, _):
        builder.store(_larger(builder, builder.load(best), of(tap)), best)
    return builder.load(best)


def _larger(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.icmp_signed(">", one, other), one, other)


def _smaller(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.icmp_signed("<", one, other), one, other)


def _cast(builder: Any, sums: Any, numbers: Sequence[Any]) -> Any:
    """Return stored integers of sums of products: see ``quick.quick_cast``, after the bias and the activation."""
    up, bias, least, most, right, add, add_negative, even, low, high, keep_low, keep_high, mask, sign = numbers
    zero = _number(None, _WORDS)
    k = builder.add(builder.shl(sums, up), bias)
    k = _smaller(builder, _larger(builder, k, least), most)
    more = builder.select(builder.icmp_signed("<", k, zero), add_negative, add)
    odd = builder.and_(builder.ashr(k, right), even)
    q = builder.ashr(builder.add(builder.add(k, more), odd), right)
    q = _smaller(builder, _larger(builder, q, low), high)
    outside = builder.or_(builder.icmp_signed("<", q, keep_low), builder.icmp_signed(">", q, keep_high))
    q = builder.select(outside, zero, q)
    return builder.sub(builder.xor(builder.and_(q, mask), sign), sign)


def _store(builder: Any, values: Any, address: Any, step: Any, valid: Any) -> None:
    """Store the first ``valid`` lanes, ``step`` elements apart."""
    kind = values.type.element
    size = kind.width // 8
    dense = builder.icmp_signed("==", step, _number(1))
    together = builder.and_(dense, builder.icmp_signed("==", valid, _number(LANES)))
    with builder.if_else(together) as (whole, apart):
        with whole:
            builder.store(values, _pointer(builder, address, values.type), align=size)
        with apart, cgutils.for_range(builder, valid, intp=_I64) as lane:
            one = builder.extract_element(values, builder.trunc(lane.index, _I32))
            place = _at(builder, address, builder.mul(lane.index, step), size)
            builder.store(one, _pointer(builder, place, kind), align=size)


finish_places: Callable[..., None] = cast("Any", intrinsic)(_finish_places)
"""``finish_places(like, out, spots, step, valid, sums, stride, shift, windows, taps, first, last, numbers)``.

For the windows q = first to last - 1 and the ``valid`` first ones of 8 channels: the largest of the sums (int32, rows
of ``stride``) at the places windows[q, :taps] - shift, cast by ``numbers`` (int32, `NUMBERS` rows of ``stride``) and
stored at out[spots[q] + step lane]. All are addresses and numbers as int64, but for ``like``: an array of out's dtype.
"""


def _take(context: Any, address: Any) -> Any:
    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        counter = _pointer(builder, arguments[0], _I64)
        return builder.atomic_rmw("add", counter, _number(1), "monotonic")

    return types.int64(types.int64), generate


take: Callable[[int], int] = cast("Any", intrinsic)(_take)
"""``take(address)`` counts an int64 up and returns what it was, whichever threads do so."""
