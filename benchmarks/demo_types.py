"""The demo network with types for the benchmarks, and its exact integer forward pass written out in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bitwindow.assign.records import Assignment
from bitwindow.demo.record import digits
from bitwindow.numbers.format import FixedPoint
from bitwindow.quantizer.quantizer import Quantizer

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TypedDemo:
    """The demo's quantizer, calibrated, with every width at ``bits``."""

    quantizer: Quantizer
    bits: int

    @property
    def assignment(self) -> Assignment:
        return self.quantizer.assignment

    def fmt(self, site: str) -> FixedPoint:
        fmt = self.assignment.formats[site]
        assert isinstance(fmt, FixedPoint)
        return fmt


def typed_demo(bits: int) -> TypedDemo:
    demo = digits()
    quantizer = Quantizer(demo.model).calibrate(demo.calibration, progress=False).assign("minmax", bits)
    return TypedDemo(quantizer=quantizer, bits=bits)


def exact_logits(demo: TypedDemo, images: NDArray[np.float32], rounding: str = "round") -> Integers:
    """Return the stored integers of the logits, in int64 arithmetic and nothing of the package's execution."""
    params = demo.quantizer.network.parameters
    x = cast(images.astype(np.float64) * 2.0 ** demo.fmt("input").fraction_length, demo.fmt("input"), rounding)
    before = "input"
    for layer in ("conv1", "conv2", "dense1", "dense2"):
        kernel, bias, out = demo.fmt(f"{layer}/kernel"), demo.fmt(f"{layer}/bias"), demo.fmt(layer)
        w = cast(params[f"{layer}/kernel"].astype(np.float64) * 2.0**kernel.fraction_length, kernel, rounding)
        b = cast(params[f"{layer}/bias"].astype(np.float64) * 2.0**bias.fraction_length, bias, rounding)
        point = demo.fmt(before).fraction_length + kernel.fraction_length
        assert bias.fraction_length == point
        if layer.startswith("conv"):
            padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
            total = np.einsum("nhwcij,ijco->nhwo", sliding_window_view(padded, (3, 3), axis=(1, 2)), w) + b
        else:
            total = x.reshape(len(x), -1) @ w + b
        total = total if layer == "dense2" else np.maximum(total, 0)
        x = cast(np.ldexp(total.astype(np.longdouble), out.fraction_length - point), out, rounding)
        if layer.startswith("conv"):
            n, h, width, c = x.shape
            x = x.reshape(n, h // 2, 2, width // 2, 2, c).max(axis=(2, 4))
        before = layer
    return x


def cast(scaled: NDArray[np.floating], fmt: FixedPoint, rounding: str) -> Integers:
    """Round values counted in LSBs (ties away from zero, or down) and saturate."""
    whole = np.floor(scaled) if rounding == "floor" else np.trunc(scaled + np.copysign(0.5, scaled))
    clipped: Integers = np.clip(whole, fmt.stored_min, fmt.stored_max).astype(np.int64)
    return clipped
