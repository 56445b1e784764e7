"""Values read between the samples of an image, and patches put together again."""

from __future__ import annotations

from functools import reduce
from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("Col2Im", static=(1, 2))
def _col2im(call: Call, x: Array, image: Array, block: Array) -> Array:
    sizes, blocks = [int(size) for size in image], [int(size) for size in block]
    rank = len(sizes)
    strides = call.ints("strides", (1,) * rank) or ()
    dilations = call.ints("dilations", (1,) * rank) or ()
    pads = call.ints("pads", (0,) * (2 * rank)) or ()
    channels = x.shape[1] // int(np.prod(blocks))
    padded = call.allow([size + pads[at] + pads[at + rank] for at, size in enumerate(sizes)])
    counts = [
        (size - dilation * (reach - 1) - 1) // stride + 1
        for size, dilation, reach, stride in zip(padded, dilations, blocks, strides, strict=True)
    ]
    parts = jnp.asarray(x).reshape((x.shape[0], channels, *blocks, *counts))
    places: list[Any] = []
    for at in range(rank):
        taps = np.arange(blocks[at]) * dilations[at]
        starts = np.arange(counts[at]) * strides[at]
        shape = [1] * (2 * rank)
        shape[at], shape[at + rank] = blocks[at], counts[at]
        places.append((taps[:, None] + starts[None, :]).reshape(shape))
    empty = jnp.zeros((x.shape[0], channels, *padded), x.dtype)
    filled = empty.at[(slice(None), slice(None), *places)].add(parts)
    return filled[(slice(None), slice(None), *(slice(pads[at], pads[at] + size) for at, size in enumerate(sizes)))]


@operator("GridSample")
def _grid_sample(call: Call, x: Array, grid: Array) -> Array:
    mode = {"bilinear": "linear", "bicubic": "cubic"}.get(call.get("mode", "linear"), call.get("mode", "linear"))
    aligned, padding = call.get("align_corners", 0), call.get("padding_mode", "zeros")
    sizes = x.shape[2:]
    if grid.shape[-1] != len(sizes):
        raise call.fail(f"a grid of {len(sizes)} coordinates", f"{grid.shape[-1]}")
    where = [_unnormalized(grid[..., len(sizes) - 1 - at], size, aligned) for at, size in enumerate(sizes)]
    if mode != "cubic":
        where = [_folded(value, size, padding, aligned) for value, size in zip(where, sizes, strict=True)]
    if mode == "nearest":
        return _picked(x, [jnp.rint(value).astype(np.int32) for value in where], padding, aligned)
    taps = [_taps(value, mode) for value in where]
    total: Any = 0.0
    for chosen in np.ndindex(*[len(axis) for axis in taps]):
        pairs = [axis[at] for axis, at in zip(taps, chosen, strict=True)]
        weight = pairs[0][1]
        for _, more in pairs[1:]:
            weight = weight * more
        total = total + _picked(x, [place for place, _ in pairs], padding, aligned) * weight[:, None]
    return total.astype(x.dtype)


def _unnormalized(value: Array, size: int, aligned: int) -> Array:
    return (value + 1) / 2 * (size - 1) if aligned else ((value + 1) * size - 1) / 2


def _folded(value: Array, size: int, padding: str, aligned: int) -> Array:
    if padding == "border":
        return jnp.clip(value, 0, size - 1)
    if padding != "reflection":
        return value
    low, high = (0.0, size - 1.0) if aligned else (-0.5, size - 0.5)
    reach = high - low
    if reach <= 0:
        return jnp.zeros_like(value)
    inside = jnp.mod(value - low, 2 * reach)
    return jnp.clip(jnp.where(inside > reach, 2 * reach - inside, inside) + low, 0, size - 1)


def _taps(value: Array, mode: str) -> list[tuple[Array, Array]]:
    first = jnp.floor(value)
    rest = value - first
    base = first.astype(np.int32)
    if mode == "linear":
        return [(base, 1 - rest), (base + 1, rest)]
    a = -0.75
    distances = [1 + rest, rest, 1 - rest, 2 - rest]
    near = [((a + 2) * d - (a + 3)) * d * d + 1 for d in distances]
    far = [((a * d - 5 * a) * d + 8 * a) * d - 4 * a for d in distances]
    return [(base - 1, far[0]), (base, near[1]), (base + 1, near[2]), (base + 2, far[3])]


def _picked(x: Array, places: list[Array], padding: str, aligned: int) -> Array:
    """Return the image's values (N, C, ...) at whole places (N, ...), by the padding's rule outside."""
    inside: Any = True
    kept = []
    for place, size in zip(places, x.shape[2:], strict=True):
        inside = jnp.logical_and(inside, jnp.logical_and(place >= 0, place < size))
        if padding == "reflection":
            kept.append(_reflected(place, size, aligned))
        else:
            kept.append(jnp.clip(place, 0, size - 1))
    samples = np.arange(x.shape[0]).reshape((-1,) + (1,) * (places[0].ndim - 1))
    moved = jnp.moveaxis(jnp.asarray(x), 1, -1)[(samples, *kept)]
    values = jnp.moveaxis(moved, -1, 1)
    return jnp.where(inside[:, None], values, np.zeros((), x.dtype)) if padding == "zeros" else values


def _reflected(place: Array, size: int, aligned: int) -> Array:
    if size == 1:
        return jnp.zeros_like(place)
    period = 2 * (size - 1) if aligned else 2 * size
    inside = jnp.mod(place, period)
    return jnp.where(inside >= size, period - inside - (0 if aligned else 1), inside)


@operator("AffineGrid", static=(1,))
def _affine_grid(call: Call, theta: Array, size: Array) -> Array:
    sizes = [int(item) for item in size]
    call.allow(sizes)
    axes = [_base(count, call.get("align_corners", 0)) for count in sizes[2:]]
    mesh = np.meshgrid(*axes, indexing="ij")
    base = np.stack([*reversed(mesh), np.ones(sizes[2:])], axis=-1).astype(theta.dtype)
    return jnp.einsum("...k,njk->n...j", base, theta)


def _base(count: int, aligned: int) -> Any:
    if aligned:
        return np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    return (np.arange(count) * 2 + 1) / count - 1


@operator("RoiAlign")
def _roi_align(call: Call, x: Array, rois: Array, batch: Array) -> Array:
    height, width = call.get("output_height", 1), call.get("output_width", 1)
    ratio, scale = call.get("sampling_ratio", 0), call.get("spatial_scale", 1.0)
    if ratio < 1:
        raise call.fail("a sampling_ratio above 0", f"{ratio}, which makes the number of samples depend on the regions")
    call.allow([rois.shape[0], x.shape[1], height * ratio, width * ratio])
    half = call.get("coordinate_transformation_mode", "half_pixel" if call.opset >= 16 else "output_half_pixel")
    offset = 0.5 if half == "half_pixel" else 0.0
    corners = rois * np.asarray(scale, rois.dtype) - np.asarray(offset, rois.dtype)
    places = []
    for first, count in ((1, height), (0, width)):
        length = corners[:, first + 2] - corners[:, first]
        length = length if half == "half_pixel" else jnp.maximum(length, 1.0)
        steps = (np.arange(count * ratio, dtype=np.float32) + 0.5) / (count * ratio)
        places.append(corners[:, first, None] + length[:, None] * steps)
    largest = call.get("mode", "avg") == "max"
    values = _bilinear(jnp.asarray(x), batch, places[0], places[1], largest=largest)
    shaped = values.reshape((rois.shape[0], x.shape[1], height, ratio, width, ratio))
    if largest:
        return jnp.max(shaped, axis=(3, 5))
    return jnp.mean(shaped, axis=(3, 5))


def _bilinear(x: Array, batch: Array, ys: Array, xs: Array, *, largest: bool) -> Array:
    """Return the weighted sum of the four neighbours, or the largest of the four weighted ones, as the mode wants."""
    rows, columns = _edges(ys, x.shape[2]), _edges(xs, x.shape[3])
    parts = []
    for row, row_weight in rows:
        for column, column_weight in columns:
            picked = x[batch[:, None, None], :, row[:, :, None], column[:, None, :]]
            parts.append(picked * (row_weight[:, :, None] * column_weight[:, None, :])[..., None])
    return jnp.moveaxis(reduce(jnp.maximum if largest else jnp.add, parts), -1, 1)


def _edges(place: Array, size: int) -> list[tuple[Array, Array]]:
    outside = (place < -1) | (place > size)
    held = jnp.clip(place, 0, size - 1)
    low = jnp.floor(held).astype(np.int32)
    rest = held - low
    zero = np.zeros((), place.dtype)
    return [
        (low, jnp.where(outside, zero, 1 - rest)),
        (jnp.minimum(low + 1, size - 1), jnp.where(outside, zero, rest)),
    ]
