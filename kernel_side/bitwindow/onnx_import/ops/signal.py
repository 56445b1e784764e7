"""Signals: Fourier transforms and the weights of mel filters."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import canonical
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("DFT", static=(1, 2))
def _dft(call: Call, x: Array, length: Array | None = None, axis: Array | None = None) -> Array:
    named = call.get("axis", 1) if call.opset < 20 else -2 if axis is None else int(np.asarray(axis).reshape(()))
    place = call.axis(named, x.ndim)
    one_sided, inverse = call.get("onesided", 0), call.get("inverse", 0)
    bins = 2 * (x.shape[place] - 1) if one_sided and inverse else x.shape[place]
    size = bins if length is None else int(np.asarray(length).reshape(()))
    call.allow([size])
    real = x.shape[-1] == 1
    values = _complex(x) if not inverse or real else x[..., 0] + 1j * x[..., 1]
    if inverse and one_sided:
        return jnp.fft.irfft(values, n=size, axis=place)[..., None].astype(x.dtype)
    transform = jnp.fft.ifft if inverse else jnp.fft.rfft if one_sided and real else jnp.fft.fft
    return _pairs(transform(values, n=size, axis=place), x.dtype)


@operator("STFT", static=(1, 3))
def _stft(
    call: Call, x: Array, frame_step: Array, window: Array | None = None, frame_length: Array | None = None
) -> Array:
    step = int(np.asarray(frame_step).reshape(()))
    if frame_length is None and window is None:
        raise call.fail("a window or a frame_length", "neither")
    size = window.shape[0] if frame_length is None else int(np.asarray(frame_length).reshape(()))  # type: ignore[union-attr]
    signal = x if x.ndim == 3 else x[..., None]
    count = (signal.shape[1] - size) // step + 1
    if step < 1 or size < 1 or count < 1:
        raise call.fail("frames that fit the signal", f"step {step}, length {size}, signal {signal.shape[1]}")
    call.allow([count, size])
    places = np.arange(count)[:, None] * step + np.arange(size)
    frames = signal[:, places]
    if window is not None:
        frames = frames * window.reshape((1, 1, -1, 1))
    real = signal.shape[-1] == 1
    values = _complex(frames)
    transform = jnp.fft.rfft if call.get("onesided", 1) and real else jnp.fft.fft
    return _pairs(transform(values, axis=-1), x.dtype)


@operator("MelWeightMatrix", static=(0, 1, 2, 3, 4))
def _mel(call: Call, bins: Array, length: Array, rate: Array, low: Array, high: Array) -> Array:
    count, size, sampling = (int(np.asarray(value).reshape(())) for value in (bins, length, rate))
    first, last = (float(np.asarray(value).reshape(())) for value in (low, high))
    rows = size // 2 + 1
    call.allow([rows, count])
    edges = np.linspace(2595 * np.log10(1 + first / 700), 2595 * np.log10(1 + last / 700), count + 3)[: count + 2]
    places = np.floor((size + 1) * (700 * (10 ** (edges / 2595) - 1)) / sampling).astype(np.int64)
    result = np.zeros((rows, count), np.float32)
    for at in range(count):
        left, centre, right = places[at : at + 3]
        if centre == left:
            result[centre, at] = 1
        else:
            result[left : centre + 1, at] = (np.arange(left, centre + 1) - left) / (centre - left)
        if right > centre:
            result[centre:right, at] = (right - np.arange(centre, right)) / (right - centre)
    return result.astype(call.dtype(call.get("output_datatype", 1)))


def _complex(x: Array) -> Array:
    """Return real or complex numbers in the widest type that JAX has here."""
    wide = x.astype(canonical(np.float64))
    return wide[..., 0] if x.shape[-1] == 1 else wide[..., 0] + 1j * wide[..., 1]


def _pairs(values: Array, dtype: Any) -> Array:
    return jnp.stack([values.real, values.imag], axis=-1).astype(dtype)
