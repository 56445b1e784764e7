"""A slow, independent executor in Python integers and fractions: what the compiled one must agree with on every bit.

It knows nothing of the package's casts or execution; it reads the network's records alone.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np

from bitwindow.network.records import Average, Concatenation, Contraction, Convolution, PassThrough, Sum

HALF = Fraction(1, 2)
CLASSES = ("exact", "rounded", "underflow", "overflow", "zero", "inf", "nan")


def round_scaled(scaled, mode, bits=0):
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


def cast(value, fmt, rounding, overflow, bits=0):
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
    value = Fraction(value)
    if value == 0:
        return 0, "zero"
    scaled = value * Fraction(2) ** fraction
    k = round_scaled(scaled, rounding, bits)
    if not low <= k <= high:
        if overflow == "wrap":
            wrapped = k % 2**width
            return (wrapped - 2**width if signed and wrapped >= 2 ** (width - 1) else wrapped), "overflow"
        return (0 if overflow == "saturate_zero" else high if k > high else low), "overflow"
    if k == 0:
        return 0, "underflow"
    return k, "exact" if scaled == k else "rounded"


def values_of(stored, fmt):
    scale = Fraction(2) ** -fmt.fraction_length
    return np.vectorize(lambda k: int(k) * scale, otypes=[object])(stored)


def convolve(x, w, op):
    x, w = np.transpose(x, op.lhs_spec), np.transpose(w, op.rhs_spec)
    n, _, *space = x.shape
    outputs, per_group, *window = w.shape
    groups = op.feature_group_count
    dilated = [(size - 1) * by + 1 + low + high for size, by, (low, high) in zip(space, op.lhs_dilation, op.padding)]
    wide = np.full((n, x.shape[1], *dilated), Fraction(0), object)
    for at in np.ndindex(*space):
        to = [i * by + low for i, by, (low, _) in zip(at, op.lhs_dilation, op.padding)]
        if all(0 <= i < size for i, size in zip(to, dilated)):
            wide[(slice(None), slice(None), *to)] = x[(slice(None), slice(None), *at)]
    sizes = [
        (size - (taps - 1) * by - 1) // stride + 1
        for size, taps, by, stride in zip(dilated, window, op.rhs_dilation, op.window_strides)
    ]
    y = np.full((n, outputs, *sizes), Fraction(0), object)
    for b, o, *at in np.ndindex(n, outputs, *sizes):
        group = o // (outputs // groups)
        total = Fraction(0)
        for c, *tap in np.ndindex(per_group, *window):
            to = [i * s + t * d for i, s, t, d in zip(at, op.window_strides, tap, op.rhs_dilation)]
            total += wide[(b, group * per_group + c, *to)] * w[(o, c, *tap)]
        y[(b, o, *at)] = total
    return np.transpose(y, np.argsort(op.out_spec))


def contract(x, w, op):
    (cx, cw), (bx, bw) = op.contracting, op.batch
    assert not bx
    assert not bw
    return np.tensordot(x, w, axes=(list(cx), list(cw)))


def pool(x, window, strides, padding, combine):
    sizes = [(n + lo + hi - k) // s + 1 for n, k, s, (lo, hi) in zip(x.shape, window, strides, padding)]
    y = np.empty(sizes, object)
    for at in np.ndindex(*sizes):
        inside = []
        for tap in np.ndindex(*window):
            to = [i * s + t - lo for i, s, t, (lo, _) in zip(at, strides, tap, padding)]
            if all(0 <= i < n for i, n in zip(to, x.shape)):
                inside.append(x[tuple(to)])
        y[at] = combine(inside)
    return y


def move(x, steps):
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
                for axis, size in zip(p["broadcast_dimensions"], x.shape):
                    shape[axis] = size
                x = np.broadcast_to(x.reshape(shape), p["shape"])
            case "reduce_window_max":
                x = pool(x, p["window_dimensions"], p["window_strides"], p["padding"], max)
            case "reduce_max":
                x = np.max(x, axis=tuple(p["axes"]))
            case "pad":
                x = np.pad(x, [(lo, hi) for lo, hi, _ in p["padding_config"]], constant_values=Fraction(0))
            case "slice":
                x = x[tuple(itertools.starmap(slice, zip(p["start_indices"], p["limit_indices"])))]
            case other:
                raise AssertionError(other)
    return x


def average(x, op):
    if op.axes is not None:
        total = x.sum(axis=op.axes)
    else:
        total = pool(x, op.window_dimensions, op.window_strides, op.padding, lambda v: sum(v, Fraction(0)))
    return total / np.vectorize(Fraction, otypes=[object])(np.asarray(op.divisor, object))


def limit(total, layer, operands, modes):
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
        k = value * Fraction(2) ** point
        assert k.denominator == 1
        k = int(k)
        if not -half <= k < half:
            overflows += 1
            k = (k + half) % (2 * half) - half if modes.accumulator_overflow == "wrap" else max(-half, min(half - 1, k))
        limited[at] = k * Fraction(2) ** -point
    return limited, overflows


class Reference:
    """Runs a typed network on a few samples; `words(layer index, shape)` gives the bits of stochastic rounding."""

    def __init__(self, network, formats, modes, words=None, parameter_words=None):
        self.network, self.formats, self.modes = network, formats, modes
        self.words = words or (lambda index, shape: np.zeros(shape, np.uint32))
        self.tallies = {}
        self.overflows = {}
        self.stored = {}
        self.parameters = {
            site: values_of(
                self._cast_all(array, site, (parameter_words or {}).get(site, np.zeros(array.shape, np.uint32)))[0],
                formats[site],
            )
            for site, array in network.parameters.items()
        }

    def _cast_all(self, values, site, words):
        fmt, counter, stored = self.formats[site], Counter(), np.empty(values.shape, object)
        for at, value in np.ndenumerate(values):
            exact = value if isinstance(value, Fraction) else float(value)
            stored[at], kind = cast(exact, fmt, self.modes.rounding, self.modes.overflow, words[at])
            counter[kind] += 1
        self.tallies[site] = self.tallies.get(site, Counter()) + counter
        return stored, fmt

    def run(self, *inputs):
        values = {}
        for name, array in zip(self.network.inputs, inputs, strict=True):
            site = self.network.values[name].site
            self.stored[name], fmt = self._cast_all(np.asarray(array), site, self.words(None, array.shape))
            values[name] = values_of(self.stored[name], fmt)
        for index, layer in enumerate(self.network.layers):
            self._run_layer(index, layer, values)
        return self.stored

    def _run_layer(self, index, layer, values) -> None:
        operands = []
        for operand in (*layer.operands, *([layer.bias] if layer.bias else [])):
            if operand.parameter is not None:
                site, array = operand.parameter, self.parameters[operand.parameter]
            else:
                site, array = self.network.values[operand.value].site, values[operand.value]
            operands.append((move(array, operand.view), self.formats[site]))
        name = layer.outputs[0]
        site = self.network.values[name].site
        fmt = self.formats[site]
        op = layer.operation
        if isinstance(op, PassThrough):
            values[name] = move(operands[0][0], op.steps)
            self.stored[name] = np.vectorize(lambda v: int(v * Fraction(2) ** fmt.fraction_length), otypes=[object])(
                values[name]
            )
            return
        match op:
            case Convolution() | Contraction():
                total = (convolve if isinstance(op, Convolution) else contract)(operands[0][0], operands[1][0], op)
                if layer.bias is not None:
                    total = total + operands[2][0]
                total, self.overflows[layer.name] = limit(total, layer, operands, self.modes)
            case Sum():
                total = sum(sign * array for sign, (array, _) in zip(op.signs, operands, strict=True))
            case Concatenation():
                total = np.concatenate([array for array, _ in operands], axis=op.axis)
            case Average():
                total = average(operands[0][0], op)
        if layer.activation is not None:
            lower, upper = layer.activation.lower, layer.activation.upper
            for at, value in np.ndenumerate(total):
                if lower is not None:
                    value = max(value, Fraction(lower))
                if upper is not None:
                    value = min(value, Fraction(upper))
                total[at] = value
        self.stored[name], _ = self._cast_all(total, site, self.words(index, total.shape))
        values[name] = values_of(self.stored[name], fmt)
