"""Resize and Upsample: every output sample is a weighted sum of input samples, axis by axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import is_float
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

Matrix = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """How one axis is resized: sizes before and after, the scale, and the region of interest (crop and resize)."""

    before: int
    after: int
    scale: float
    start: float = 0.0
    end: float = 1.0


@operator("Upsample", static=(1,), layout="follows")
def _upsample(call: Call, x: Array, scales: Array | None = None) -> Array:
    factors = [float(scale) for scale in (call.get("scales") if scales is None else scales)]
    axes = _axes_of(call, x, factors, None)
    return _resized(call, x, axes, mode=call.get("mode", "nearest"), coordinates="asymmetric", nearest="floor")


@operator("Resize", static=(1, 2, 3), layout="follows")
def _resize(
    call: Call, x: Array, roi: Array | None = None, scales: Array | None = None, sizes: Array | None = None
) -> Array:
    if call.opset < 11:
        axes = _axes_of(call, x, [float(scale) for scale in np.asarray(roi).reshape(-1)], None)
        return _resized(call, x, axes, mode=call.get("mode", "nearest"), coordinates="asymmetric", nearest="floor")
    places = [call.axis(axis, x.ndim) for axis in call.ints("axes") or range(x.ndim)]
    factors = None if scales is None or not np.size(scales) else _whole(x, places, [float(s) for s in scales], 1.0)
    shape = _shape(call, x)
    wanted = None if sizes is None or not np.size(sizes) else _whole(x, places, [int(s) for s in sizes], None)
    if wanted is not None:
        targets = [shape[at] if size is None else size for at, size in enumerate(wanted)]
        axes = _axes_of(call, x, *_kept_aspect(call, shape, places, targets))
    elif factors is not None:
        axes = _axes_of(call, x, factors, None)
    else:
        raise call.fail("scales or sizes", "neither")
    mode = call.get("coordinate_transformation_mode", "half_pixel")
    if mode == "tf_crop_and_resize":
        axes = _with_regions(call, axes, np.asarray(roi).reshape(-1), places)
    return _resized(
        call,
        x,
        axes,
        mode=call.get("mode", "nearest"),
        coordinates=mode,
        nearest=call.get("nearest_mode", "round_prefer_floor"),
    )


def _shape(call: Call, x: Array) -> tuple[int, ...]:
    return (x.shape[0], x.shape[-1], *x.shape[1:-1]) if call.channels_last else tuple(x.shape)


def _whole(x: Array, places: Sequence[int], given: Sequence[Any], default: Any) -> list[Any]:
    found = [default] * x.ndim
    for place, value in zip(places, given, strict=True):
        found[place] = value
    return found


def _kept_aspect(
    call: Call, shape: Sequence[int], places: Sequence[int], targets: Sequence[int]
) -> tuple[list[float], list[int]]:
    policy = call.get("keep_aspect_ratio_policy", "stretch")
    ratios = [targets[at] / shape[at] if shape[at] else 1.0 for at in range(len(shape))]
    if policy == "stretch":
        return ratios, list(targets)
    chosen = [ratios[at] for at in places]
    scale = min(chosen) if policy == "not_larger" else max(chosen)
    sizes = [floor(scale * size + 0.5) if at in places else size for at, size in enumerate(shape)]
    return [scale if at in places else 1.0 for at in range(len(shape))], sizes


def _axes_of(call: Call, x: Array, scales: Sequence[float], sizes: Sequence[int] | None) -> list[_Axis]:
    shape = _shape(call, x)
    if len(scales) != len(shape) or not all(np.isfinite(scales)) or min(scales, default=1.0) < 0:
        raise call.fail(f"{len(shape)} scales, none negative", f"{list(scales)[:9]}")
    after = [floor(size * scale) for size, scale in zip(shape, scales, strict=True)] if sizes is None else list(sizes)
    after = list(call.allow(after))
    if call.fixed_batch is not None and not call.folding and shape[0] == call.batch:
        after[0] = shape[0] if after[0] in {call.fixed_batch, shape[0]} else after[0]
    exact = [
        1.0 if size == new and sizes is not None else scale
        for size, new, scale in zip(shape, after, scales, strict=True)
    ]
    return [_Axis(before=size, after=new, scale=scale) for size, new, scale in zip(shape, after, exact, strict=True)]


def _with_regions(call: Call, axes: Sequence[_Axis], roi: Matrix, places: Sequence[int]) -> list[_Axis]:
    if roi.size != 2 * len(places):
        raise call.fail(f"a region of {2 * len(places)} numbers", f"{roi.size}")
    found = list(axes)
    for at, place in enumerate(places):
        start, end = float(roi[at]), float(roi[at + len(places)])
        axis = axes[place]
        found[place] = _Axis(before=axis.before, after=axis.after, scale=axis.scale, start=start, end=end)
    return found


def _resized(call: Call, x: Array, axes: Sequence[_Axis], *, mode: str, coordinates: str, nearest: str) -> Array:
    wide = jnp.asarray(x) if is_float(x.dtype) or mode == "nearest" else jnp.asarray(x, jnp.float32)
    outside: Any = None
    for at, axis in enumerate(axes):
        crop = coordinates == "tf_crop_and_resize" and (axis.start, axis.end) != (0.0, 1.0)
        if axis.before == axis.after and axis.scale == 1.0 and not crop:
            continue
        place = at if not call.channels_last else (x.ndim - 1 if at == 1 else at - (at > 1))
        where = _positions(call, axis, coordinates)
        if mode == "nearest":
            wide = jnp.take(wide, np.clip(_rounded(call, where, nearest), 0, axis.before - 1), axis=place)
        else:
            matrix = _weights(call, axis, where, mode).astype(wide.dtype)
            wide = jnp.moveaxis(jnp.tensordot(wide, matrix, axes=([place], [1])), -1, place)
        if coordinates == "tf_crop_and_resize":
            beyond = ((where < 0) | (where > axis.before - 1)).reshape([-1 if d == place else 1 for d in range(x.ndim)])
            outside = beyond if outside is None else outside | beyond
    if outside is not None:
        wide = jnp.where(outside, np.asarray(call.get("extrapolation_value", 0.0), wide.dtype), wide)
    return wide.astype(x.dtype) if is_float(x.dtype) else _whole_numbers(wide, x.dtype)


def _whole_numbers(wide: Array, dtype: Any) -> Array:
    if not is_float(wide.dtype):
        return wide.astype(dtype)
    limits = np.iinfo(dtype)
    return jnp.clip(jnp.rint(wide), limits.min, limits.max).astype(dtype)


def _positions(call: Call, axis: _Axis, mode: str) -> Matrix:
    """Return where each output sample lies on the input's axis."""
    out = np.arange(axis.after, dtype=np.float64)
    length = axis.before * axis.scale
    middle = (out + 0.5) / axis.scale
    table: dict[str, Callable[[], Matrix]] = {
        "align_corners": lambda: out * (axis.before - 1) / (length - 1) if length > 1 else np.zeros_like(out),
        "asymmetric": lambda: out / axis.scale,
        "half_pixel": lambda: middle - 0.5,
        "pytorch_half_pixel": lambda: middle - 0.5 if axis.after > 1 else np.zeros_like(out),
        "half_pixel_symmetric": lambda: axis.before / 2 * (1 - axis.after / length) + middle - 0.5,
        "tf_half_pixel_for_nn": lambda: middle,
        "tf_crop_and_resize": lambda: _in_region(axis, out),
    }
    if mode not in table:
        raise call.fail(f"a coordinate transformation of {', '.join(table)}", repr(mode))
    return np.asarray(table[mode]())


def _in_region(axis: _Axis, out: Matrix) -> Matrix:
    last = axis.before - 1
    if axis.after > 1:
        return axis.start * last + out * ((axis.end - axis.start) * last / (axis.after - 1))
    return np.full_like(out, 0.5 * (axis.start + axis.end) * last)


def _rounded(call: Call, where: Matrix, mode: str) -> Matrix:
    table = {
        "round_prefer_floor": lambda: np.ceil(where - 0.5),
        "round_prefer_ceil": lambda: np.floor(where + 0.5),
        "floor": lambda: np.floor(where),
        "ceil": lambda: np.ceil(where),
    }
    if mode not in table:
        raise call.fail(f"a nearest_mode of {', '.join(table)}", repr(mode))
    return table[mode]().astype(np.int64)


def _weights(call: Call, axis: _Axis, where: Matrix, mode: str) -> Matrix:
    """Return the matrix (after, before) of the weights of one axis."""
    stretch = min(1.0, axis.scale) if call.get("antialias", 0) else 1.0
    support = (1.0 if mode == "linear" else 2.0) / stretch
    call.allow([axis.after, axis.before])
    first = np.floor(where - support).astype(np.int64)
    taps = first[:, None] + np.arange(int(np.ceil(2 * support)) + 2)
    distance = (taps - where[:, None]) * stretch
    weights = _linear(distance) if mode == "linear" else _cubic(distance, call.get("cubic_coeff_a", -0.75))
    if call.get("exclude_outside", 0):
        weights = np.where((taps < 0) | (taps >= axis.before), 0.0, weights)
    total = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(total == 0, 1.0, total)
    matrix = np.zeros((axis.after, axis.before))
    rows = np.broadcast_to(np.arange(axis.after)[:, None], taps.shape)
    np.add.at(matrix, (rows, np.clip(taps, 0, axis.before - 1)), weights)
    return matrix


def _linear(distance: Matrix) -> Matrix:
    return np.maximum(0.0, 1.0 - np.abs(distance))


def _cubic(distance: Matrix, a: float) -> Matrix:
    d = np.abs(distance)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))
