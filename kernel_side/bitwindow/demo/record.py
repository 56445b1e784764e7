"""The demo's record: the trained network, and images it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.demo.network import forward

if TYPE_CHECKING:
    from bitwindow.model.record import Model

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Digits:
    """A trained network for handwritten digits and images of MNIST that it was not trained on.

    Attributes:
        model: 28 x 28 grey values to ten logits; 105,866 parameters.
        calibration: float32 array (300, 28, 28, 1) of images in [0, 1], without labels.
        x: float32 array (1000, 28, 28, 1) of test images in [0, 1], none of them in ``calibration``.
        y: int64 array (1000,), the digits in ``x``.
    """

    model: Model
    calibration: NDArray[np.float32]
    x: NDArray[np.float32]
    y: NDArray[np.int64]


def digits() -> Digits:
    """Return the demo's network and data, from files inside the package.

    The network is two convolutions and two dense layers with ReLU and max-pooling (``bitwindow.demo.forward``),
    trained in float32 by ``scripts/train_demo.py``. Pixels are bytes divided by 255. Sources and licences:
    ``demo/LICENSES.md``.

    Returns:
        A ``Digits`` record, made anew by each call.

    >>> digits().model.name
    'digits'
    """
    from bitwindow.model.record import Model

    with np.load(FOLDER / "weights.npz", allow_pickle=False) as file:
        params: dict[str, dict[str, Any]] = {}
        for name in file:
            layer, part = name.split("/")
            params.setdefault(layer, {})[part] = file[name]
    with np.load(FOLDER / "digits.npz", allow_pickle=False) as file:
        x, y, calibration = _as_input(file["test_x"]), file["test_y"].astype(np.int64), _as_input(file["calibration_x"])
    return Digits(
        model=Model(forward, params, calibration[:1], name="digits", source="bitwindow.demo:forward"),
        calibration=calibration,
        x=x,
        y=y,
    )


def _as_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images[..., None].astype(np.float32) / np.float32(255)
