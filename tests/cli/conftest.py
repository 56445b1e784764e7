"""A small network's session file, its function in a module of its own, and data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import bitwindow as bw

SOURCE = """
import jax.numpy as jnp

def forward(params, x):
    return jnp.maximum(x @ params["dense"]["kernel"] + params["dense"]["bias"], 0)

def normed(params, x):
    return (forward(params, x) @ params["head"] - params["mean"]) / jnp.sqrt(params["var"]) * params["scale"]

size = 3
"""


@dataclass(frozen=True, kw_only=True)
class Files:
    model: Path
    data: Path
    folder: Path


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    rng = np.random.default_rng(3)
    (tmp_path / "smallnet.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    import smallnet  # type: ignore[import-not-found]

    params = {"dense": {"kernel": rng.standard_normal((6, 4)).astype(np.float32), "bias": np.zeros(4, np.float32)}}
    x = rng.standard_normal((20, 6)).astype(np.float32)
    y = np.argmax(smallnet.forward(params, x), axis=-1)
    model = bw.Model(smallnet.forward, params, x[:2], name="small", source="smallnet:forward")
    bw.Quantizer(model).calibrate(x[:10], progress=False).save(tmp_path / "small.bitwindow")
    np.savez(tmp_path / "data.npz", x=x, y=y)
    yield Files(model=tmp_path / "small.bitwindow", data=tmp_path / "data.npz", folder=tmp_path)
    sys.modules.pop("smallnet", None)
