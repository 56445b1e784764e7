"""A slow, independent executor in Python integers and fractions: what the compiled one must agree with on every bit.

It knows nothing of the package's casts or execution; it reads the network's records alone.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import jax
import numpy as np
from jax import lax

from bitwindow.execute.modes import Modes
from bitwindow.network.records import (
    Average,
    Clip,
    Concatenation,
    Contraction,
    Convolution,
    Extremum,
    FloatComputation,
    Layer,
    Lookup,
    Loop,
    Network,
    PassThrough,
    Product,
    RunningSum,
    Step,
    Sum,
    TwoSlopes,
)
from bitwindow.numbers.format import FixedPoint
from tests.execute.choice_reference import accumulated, picked

HALF = Fraction(1, 2)
CLASSES = ("exact", "rounded", "underflow", "overflow", "zero", "inf", "nan")
Words = Callable[[int | None, tuple[int, ...]], np.ndarray]
"""The 32-bit words of stochastic rounding, by layer (None: the input) and shape."""
Operand = tuple[np.ndarray, FixedPoint]


def round_scaled(scaled: Fraction, mode: str, bits: int = 0) -> int:
    """Round an exact rational to an integer; `bits` is the 32-bit word of stochastic rounding."""
    whole = math.floor(scaled)
    rest = scaled - whole
    if mode == "floor" or rest == 0:
        return whole
    if mode == "ceiling":
        return whole + 1
    if mode == "zero":
        return whole if scaled > 0 else whole + 1
    if mode == "stochastic":
        return math.floor(scaled + Fraction(int(bits), 2**32))
    if rest != HALF:
        return whole + (rest > HALF)
    up = {
        "round": scaled > 0,
        "nearest": True,
        "convergent": whole % 2 == 1,
        "half_zero": scaled < 0,
        "half_down": False,
    }[mode]
    return whole + up


def cast(  # noqa: PLR0911  (one place has the whole rule)
    value: Fraction | float, fmt: FixedPoint, rounding: str, overflow: str, bits: int = 0
) -> tuple[int, str]:
    """Return (stored integer, class) of an exact rational, or of a float that may be infinite or NaN."""
    signed, width, fraction = fmt.signed, fmt.word_length, fmt.fraction_length
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
    if overflow == "saturate_symmetric" and signed:
        low = -high
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return 0, "nan"
        if overflow in ("wrap", "saturate_zero"):
            return 0, "inf"
        return (high if value > 0 else low), "inf"
    exact = Fraction(value)
    if exact == 0:
        return 0, "zero"
    scaled = exact * Fraction(2) ** fraction
    k = round_scaled(scaled, rounding, bits)
    if not low <= k <= high:
        if overflow == "wrap":
            wrapped = k % 2**width
            return int(wrapped - 2**width if signed and wrapped >= 2 ** (width - 1) else wrapped), "overflow"
        return (0 if overflow == "saturate_zero" else high if k > high else low), "overflow"
    if k == 0:
        return 0, "underflow"
    return k, "exact" if scaled == k else "rounded"


def values_of(stored: np.ndarray, fmt: FixedPoint) -> np.ndarray:
    scale = Fraction(2) ** -fmt.fraction_length
    return np.asarray(np.vectorize(lambda k: int(k) * scale, otypes=[object])(stored))


def _power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def convolve(x: np.ndarray, w: np.ndarray, op: Convolution) -> np.ndarray:
    x, w = np.transpose(x, op.lhs_spec), np.transpose(w, op.rhs_spec)
    n, _, *space = x.shape
    outputs, per_group, *window = w.shape
    groups = op.feature_group_count
    dilated = [
        (size - 1) * by + 1 + low + high
        for size, by, (low, high) in zip(space, op.lhs_dilation, op.padding, strict=True)
    ]
    wide = np.full((n, x.shape[1], *dilated), Fraction(0), object)
    for at in np.ndindex(*space):
        to = [i * by + low for i, by, (low, _) in zip(at, op.lhs_dilation, op.padding, strict=True)]
        if all(0 <= i < size for i, size in zip(to, dilated, strict=True)):
            wide[(slice(None), slice(None), *to)] = x[(slice(None), slice(None), *at)]
    sizes = [
        (size - (taps - 1) * by - 1) // stride + 1
        for size, taps, by, stride in zip(dilated, window, op.rhs_dilation, op.window_strides, strict=True)
    ]
    y = np.full((n, outputs, *sizes), Fraction(0), object)
    for b, o, *place in np.ndindex(n, outputs, *sizes):
        group = o // (outputs // groups)
        total = Fraction(0)
        for c, *tap in np.ndindex(per_group, *window):
            to = [i * s + t * d for i, s, t, d in zip(place, op.window_strides, tap, op.rhs_dilation, strict=True)]
            total += wide[(b, group * per_group + c, *to)] * w[(o, c, *tap)]
        y[(b, o, *place)] = total
    return np.transpose(y, np.argsort(op.out_spec))


def contract(x: np.ndarray, w: np.ndarray, op: Contraction) -> np.ndarray:
    (cx, cw), (bx, bw) = op.contracting, op.batch
    free = [[axis for axis in range(a.ndim) if axis not in {*c, *b}] for a, c, b in ((x, cx, bx), (w, cw, bw))]
    rows = x.transpose(*bx, *free[0], *cx).reshape(math.prod(x.shape[axis] for axis in bx), -1, _size(x, cx))
    columns = w.transpose(*bw, *free[1], *cw).reshape(rows.shape[0], -1, _size(w, cw))
    made = np.stack([one.dot(other.T) for one, other in zip(rows, columns, strict=True)])
    shape = [x.shape[axis] for axis in (*bx, *free[0])] + [w.shape[axis] for axis in free[1]]
    return np.asarray(made.reshape(shape))


def _size(x: np.ndarray, axes: Sequence[int]) -> int:
    return math.prod(x.shape[axis] for axis in axes)


def pool(
    x: np.ndarray,
    window: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    combine: Callable[[list[Fraction]], Fraction],
) -> np.ndarray:
    sizes = [(n + lo + hi - k) // s + 1 for n, k, s, (lo, hi) in zip(x.shape, window, strides, padding, strict=True)]
    y = np.empty(sizes, object)
    for at in np.ndindex(*sizes):
        inside = []
        for tap in np.ndindex(*window):
            to = [i * s + t - lo for i, s, t, (lo, _) in zip(at, strides, tap, padding, strict=True)]
            if all(0 <= i < n for i, n in zip(to, x.shape, strict=True)):
                inside.append(x[tuple(to)])
        y[at] = combine(inside)
    return y


def move(x: np.ndarray, steps: Sequence[Step]) -> np.ndarray:  # noqa: C901, PLR0912  (one case a step)
    for step in steps:
        p = step.params
        match step.primitive:
            case "relu":
                x = np.vectorize(lambda v: max(v, Fraction(0)), otypes=[object])(x)
            case "reshape":
                x = x.reshape(p["new_sizes"])
            case "transpose":
                x = x.transpose(p["permutation"])
            case "broadcast_in_dim":
                shape = [1] * len(p["shape"])
                for axis, size in zip(p["broadcast_dimensions"], x.shape, strict=True):
                    shape[axis] = size
                x = np.broadcast_to(x.reshape(shape), p["shape"])
            case "reduce_window_max":
                x = pool(x, p["window_dimensions"], p["window_strides"], p["padding"], max)
            case "rev":
                x = np.flip(x, p["dimensions"])
            case "squeeze":
                x = np.squeeze(x, tuple(p["dimensions"]))
            case "cummax" | "cummin":
                x = accumulated(x, max if step.primitive == "cummax" else min, p["axis"], reverse=p["reverse"])
            case "reduce_max":
                x = np.max(x, axis=tuple(p["axes"]))
            case "pad":
                x = np.pad(x, [(lo, hi) for lo, hi, _ in p["padding_config"]], constant_values=0)
            case "slice":
                x = x[tuple(itertools.starmap(slice, zip(p["start_indices"], p["limit_indices"], strict=True)))]
            case "mask":
                x = np.where(p["mask"], x, np.full(x.shape, Fraction(0), object))
            case "gather":
                places = np.arange(x.size).reshape(x.shape)
                x = x.ravel()[np.asarray(lax.gather(places, p["indices"], p["dimension_numbers"], p["slice_sizes"]))]
            case other:
                raise AssertionError(other)
    return x


def average(x: np.ndarray, op: Average) -> np.ndarray:
    if op.axes is not None:
        total = np.asarray(x.sum(axis=op.axes))
    else:
        total = pool(x, op.window_dimensions, op.window_strides, op.padding, lambda v: sum(v, Fraction(0)))
    exact: np.ndarray = total / np.vectorize(Fraction, otypes=[object])(np.asarray(op.divisor, object))
    return exact


def limit(total: np.ndarray, layer: Layer, operands: Sequence[Operand], modes: Modes) -> tuple[np.ndarray, int]:
    """Apply the accumulator's limit at the finer LSB of products and bias; return the sums and the overflows."""
    if modes.accumulator_bits is None:
        return total, 0
    point = operands[0][1].fraction_length + operands[1][1].fraction_length
    if layer.bias is not None:
        point = max(point, operands[2][1].fraction_length)
    half = 2 ** (modes.accumulator_bits - 1)
    overflows = 0
    limited = np.empty_like(total)
    for at, value in np.ndenumerate(total):
        scaled = value * Fraction(2) ** point
        assert scaled.denominator == 1
        k = int(scaled)
        if not -half <= k < half:
            overflows += 1
            k = (k + half) % (2 * half) - half if modes.accumulator_overflow == "wrap" else max(-half, min(half - 1, k))
        limited[at] = k * Fraction(2) ** -point
    return limited, overflows


def clip(total: np.ndarray, activation: Clip | None) -> np.ndarray:
    """Apply an activation's exact bounds."""
    if activation is None:
        return total
    clipped = np.empty_like(total)
    for at, value in np.ndenumerate(total):
        above = value if activation.lower is None else max(value, Fraction(activation.lower))
        clipped[at] = above if activation.upper is None else min(above, Fraction(activation.upper))
    return clipped


def no_words(index: int | None, shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape, np.uint32)


class Reference:
    """Runs a typed network on a few samples; `words(layer index, shape)` gives the bits of stochastic rounding."""

    def __init__(
        self,
        network: Network,
        formats: Mapping[str, FixedPoint],
        modes: Modes,
        words: Words = no_words,
        parameter_words: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.network, self.formats, self.modes, self.words = network, formats, modes, words
        self.tallies: dict[str, Counter[str]] = {}
        self.overflows: dict[str, int] = {}
        self.stored: dict[str, np.ndarray] = {}
        own = parameter_words or {}
        self.parameters = {
            site: values_of(self._cast_all(array, site, own.get(site, no_words(None, array.shape))), formats[site])
            for site, array in network.parameters.items()
        }

    def _cast_all(self, values: np.ndarray, site: str, words: np.ndarray) -> np.ndarray:
        fmt, counter, stored = self.formats[site], Counter[str](), np.empty(values.shape, object)
        for at, value in np.ndenumerate(values):
            exact = value if isinstance(value, Fraction) else float(value)
            stored[at], kind = cast(exact, fmt, self.modes.rounding, self.modes.overflow, int(words[at]))
            counter[kind] += 1
        self.tallies[site] = self.tallies.get(site, Counter()) + counter
        return stored

    def _has_site(self, name: str) -> bool:
        return self.network.values[name].site is not None

    def _site(self, name: str) -> str:
        site = self.network.values[name].site
        assert site is not None
        return site

    def run(self, *inputs: np.ndarray) -> dict[str, np.ndarray]:
        values: dict[str, np.ndarray] = {}
        for name, array in zip(self.network.inputs, inputs, strict=True):
            if self.network.values[name].site is None:
                values[name] = np.asarray(array)
                continue
            site = self._site(name)
            self.stored[name] = self._cast_all(np.asarray(array), site, self.words(None, array.shape))
            values[name] = values_of(self.stored[name], self.formats[site])
        for index, layer in enumerate(self.network.layers):
            self._run_layer(index, layer, values)
        return self.stored

    def _operands(self, layer: Layer, values: Mapping[str, np.ndarray]) -> list[Operand]:
        seen = []
        for operand in (*layer.operands, *([layer.bias] if layer.bias else [])):
            if operand.parameter is not None:
                site, array = operand.parameter, self.parameters[operand.parameter]
            else:
                assert operand.value is not None
                site, array = self._site(operand.value), values[operand.value]
            seen.append((move(array, operand.view), self.formats[site]))
        return seen

    def _run_layer(self, index: int, layer: Layer, values: dict[str, np.ndarray]) -> None:
        name = layer.outputs[0]
        if isinstance(layer.operation, Lookup):
            self._look_up(layer, layer.operation, values)
            return
        if isinstance(layer.operation, FloatComputation):
            self._compute(index, layer, layer.operation, values)
            return
        operands = self._operands(layer, values)
        site = self._site(name)
        fmt = self.formats[site]
        if isinstance(layer.operation, PassThrough):
            values[name] = move(operands[0][0], layer.operation.steps)
            self.stored[name] = self._integers(values[name], site)
            return
        total = clip(self._total(layer, operands), layer.activation)
        total = total.transpose(layer.arranged) if layer.arranged else total
        self.stored[name] = self._cast_all(total, site, self.words(index, total.shape))
        values[name] = values_of(self.stored[name], fmt)

    def _look_up(self, layer: Layer, operation: Lookup, values: dict[str, np.ndarray]) -> None:
        """Pick the places of the numbers first, then the numbers: exact whatever they are."""
        table, *indices = layer.operands
        array = self.parameters[table.parameter] if table.parameter else values[table.value or ""]
        seen = move(array, table.view)
        places = operation.function(np.arange(seen.size).reshape(seen.shape), *(values[i.value or ""] for i in indices))
        name = layer.outputs[0]
        values[name] = seen.ravel()[np.asarray(places)]
        self.stored[name] = self._integers(values[name], self._site(name))

    def _compute(self, index: int, layer: Layer, operation: FloatComputation, values: dict[str, np.ndarray]) -> None:
        given = [
            move(self.parameters[one.parameter], one.view) if one.parameter else values[one.value or ""]
            for one in layer.operands
        ]
        floats = [np.asarray(x, np.float32) if x.dtype == object else x for x in given]
        for name, made in zip(layer.outputs, jax.jit(operation.function)(*floats), strict=True):
            values[name] = np.asarray(made)
            if self._has_site(name):
                site = self._site(name)
                self.stored[name] = self._cast_all(values[name], site, self.words(index, made.shape))
                values[name] = values_of(self.stored[name], self.formats[site])

    def _integers(self, values: np.ndarray, site: str) -> np.ndarray:
        scale = Fraction(2) ** self.formats[site].fraction_length
        return np.asarray(np.vectorize(lambda v: int(v * scale), otypes=[object])(values))

    def _total(self, layer: Layer, operands: Sequence[Operand]) -> np.ndarray:  # noqa: PLR0911  (one line each)
        first = operands[0][0]
        match layer.operation:
            case Convolution() as op:
                return self._finish_products(layer, operands, convolve(first, operands[1][0], op))
            case Contraction() as op:
                return self._finish_products(layer, operands, contract(first, operands[1][0], op))
            case Sum() as op:
                return np.asarray(sum(sign * array for sign, (array, _) in zip(op.signs, operands, strict=True)))
            case Product() as op:
                return np.asarray(math.prod([array for array, _ in operands[1:]], start=first) * _power(op.exponent))
            case TwoSlopes() | Extremum() | RunningSum() as op:
                return picked([array for array, _ in operands], op)
            case Concatenation() as op:
                return np.concatenate([array for array, _ in operands], axis=op.axis)
            case Average() as op:
                return average(first, op)
            case PassThrough() | Lookup() | Loop() | FloatComputation() as op:
                raise AssertionError(op)

    def _finish_products(self, layer: Layer, operands: Sequence[Operand], products: np.ndarray) -> np.ndarray:
        total = products if layer.bias is None else products + operands[2][0]
        limited, self.overflows[layer.name] = limit(total, layer, operands, self.modes)
        return limited
