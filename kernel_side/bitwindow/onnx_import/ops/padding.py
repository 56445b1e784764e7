"""Padding and cropping."""

from __future__ import annotations

import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

_MODES = {"constant": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}


@operator("Pad", static=(1, 2, 3), layout="follows")
def _pad(
    call: Call, x: Array, pads: Array | None = None, value: Array | None = None, axes: Array | None = None
) -> Array:
    amounts = [int(pad) for pad in pads] if pads is not None else list(call.ints("pads") or ())
    places = [call.axis(int(axis), x.ndim) for axis in axes] if axes is not None else list(range(x.ndim))
    if len(amounts) != 2 * len(places):
        raise call.fail(f"{2 * len(places)} pads", f"{len(amounts)}")
    if call.channels_last:
        places = [x.ndim - 1 if place == 1 else place - (place > 1) for place in places]
    widths = [(0, 0)] * x.ndim
    for at, place in enumerate(places):
        widths[place] = (amounts[at], amounts[at + len(places)])
    cropped = x[
        tuple(slice(max(0, -low), size - max(0, -high)) for (low, high), size in zip(widths, x.shape, strict=True))
    ]
    widths = [(max(0, low), max(0, high)) for low, high in widths]
    call.allow([size + low + high for size, (low, high) in zip(cropped.shape, widths, strict=True)])
    mode = _MODES.get(call.get("mode", "constant"))
    if mode is None:
        raise call.fail(f"a mode of {', '.join(_MODES)}", repr(call.get("mode")))
    if mode != "constant":
        return call.xp.pad(cropped, widths, mode=mode)
    number = call.get("value", 0.0) if value is None else np.asarray(value).reshape(-1)[0]
    return call.xp.pad(cropped, widths, constant_values=np.asarray(number, x.dtype))


@operator("CenterCropPad", static=(1,))
def _center_crop_pad(call: Call, x: Array, shape: Array) -> Array:
    axes = [call.axis(axis, x.ndim) for axis in call.ints("axes") or range(x.ndim)]
    sizes = [int(size) for size in shape]
    if len(sizes) != len(axes):
        raise call.fail(f"{len(axes)} sizes", f"{len(sizes)}")
    call.allow(sizes)
    for axis, wanted in zip(axes, sizes, strict=True):
        have = x.shape[axis]
        if wanted < have:
            start = (have - wanted) // 2
            x = x[(slice(None),) * axis + (slice(start, start + wanted),)]
        else:
            low = (wanted - have) // 2
            x = call.xp.pad(x, [(low, wanted - have - low) if at == axis else (0, 0) for at in range(x.ndim)])
    return x
