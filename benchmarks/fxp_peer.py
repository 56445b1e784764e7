"""The demo network's layers written out in the arithmetic of a NumPy fixed-point library, fxpmath, rounding down."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.demo_types import Integers, TypedDemo
from bitwindow.numbers.format import FixedPoint

Fxp: Any = import_module("fxpmath").Fxp  # partly typed, and its types forbid what its documentation shows


def fxp_logits(demo: TypedDemo, images: NDArray[np.float32]) -> Integers:
    """Return the stored integers of the logits."""
    params, made = demo.quantizer.network.parameters, []
    weights = {site: cast(np.asarray(value), demo.fmt(site)) for site, value in params.items()}
    for image in images:
        x = cast(image, demo.fmt("input"))
        for layer in ("conv1", "conv2"):
            x = halve(convolve(demo, layer, x, weights))
        flat = x.reshape((1, -1))
        for layer in ("dense1", "dense2"):
            flat = summed(demo, layer, [flat[:, i] for i in range(flat.shape[1])], weights, clip=layer == "dense1")
        made.append(flat.val[0])
    return np.array(made).astype(np.int64)


def cast(values: Any, fmt: FixedPoint) -> Any:
    return Fxp(
        values,
        signed=fmt.signed,
        n_word=fmt.word_length,
        n_frac=fmt.fraction_length,
        rounding="floor",
        overflow="saturate",
    )


def convolve(demo: TypedDemo, layer: str, x: Any, weights: dict[str, Any]) -> Any:
    """Gather each tap of each channel as one vector over all places, and sum."""
    size = x.shape[0]
    padded = np.pad(x.get_val(), ((1, 1), (1, 1), (0, 0)))
    taps = [
        cast(padded[i : i + size, j : j + size, c].ravel(), fmt_of(x))
        for i in range(3)
        for j in range(3)
        for c in range(x.shape[2])
    ]
    return summed(demo, layer, taps, weights, clip=True).reshape((size, size, -1))


def summed(demo: TypedDemo, layer: str, taps: list[Any], weights: dict[str, Any], *, clip: bool) -> Any:
    """Return the sum of tap times weight, plus bias, in a 32-bit accumulator, cast once to the layer's type."""
    kernel, bias = weights[f"{layer}/kernel"], weights[f"{layer}/bias"]
    rows = kernel.reshape((len(taps), -1))
    n_frac = taps[0].n_frac + kernel.n_frac
    total = Fxp(np.zeros((taps[0].size, rows.shape[1])), signed=True, n_word=48, n_frac=n_frac)
    for place, tap in enumerate(taps):
        total = total + tap.reshape((-1, 1)) * rows[place]
        total.resize(signed=True, n_word=48, n_frac=n_frac)  # each sum would be a bit wider than the one before
    total = total + bias
    values = total.get_val()
    return cast(np.maximum(values, 0) if clip else values, demo.fmt(layer))


def halve(x: Any) -> Any:
    size, _, channels = x.shape
    return cast(x.get_val().reshape(size // 2, 2, size // 2, 2, channels).max(axis=(1, 3)), fmt_of(x))


def fmt_of(x: Any) -> FixedPoint:
    return FixedPoint(bool(x.signed), int(x.n_word), int(x.n_frac))
