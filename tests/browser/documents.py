"""Files for the tests of documents: a model's function, a session of it, and calibration data."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np

import bitwindow as bw

MODULE = """
import jax


def forward(params, x):
    return jax.nn.relu(x @ params["kernel"]) @ params["scores"]
"""


def parameters() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    kernel, scores = random.normal(size=(6, 12)), random.normal(size=(12, 3))
    return {"kernel": kernel.astype(np.float32), "scores": scores.astype(np.float32)}


def forward(params: dict[str, np.ndarray], x: jax.Array) -> jax.Array:
    return jax.nn.relu(x @ params["kernel"]) @ params["scores"]


def write_files(folder: Path) -> bw.Quantizer:
    """Writes a session without calibration, its function's module, good data and data of a wrong shape."""
    (folder / "shown_network.py").write_text(MODULE)
    x = np.random.default_rng(2).normal(size=(128, 6)).astype(np.float32)
    labels = np.asarray(forward(parameters(), jax.numpy.asarray(x))).argmax(-1)
    np.savez(folder / "data.npz", x=x, y=labels)
    np.savez(folder / "wrong.npz", x=x[:, :5])
    q = bw.Quantizer(bw.Model(forward, parameters(), x[:1], name="shown"))
    q.save(folder / "shown.bitwindow")
    q.calibrate(x, progress=False)
    q.assign("minmax", 8)
    return q
