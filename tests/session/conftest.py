"""A session with everything in it that a file must carry."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from bitwindow.assign.records import Assignment
from bitwindow.calibrate.record import Calibration
from bitwindow.execute.modes import Modes
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.session.record import SessionRecord
from bitwindow.session.save import write
from bitwindow.session.view import View
from bitwindow.spectrum.record import Spectrum

Change = Callable[[dict[str, bytes]], object]


@pytest.fixture
def record() -> SessionRecord:
    rng = np.random.default_rng(7)
    images = rng.standard_normal((5, 4, 4, 1)).astype(np.float32)
    features = np.maximum(rng.standard_normal((5, 3)).astype(np.float32), 0)
    features[0] = [np.inf, np.nan, np.float32(1e-42)]
    return SessionRecord(
        name="a small net",
        source="somewhere.nets:small",
        params={
            "conv1": {"kernel": rng.standard_normal((3, 3, 1, 2)).astype(np.float32), "bias": np.zeros(2, np.float32)},
            "scales": [np.float32(1.5), (np.arange(3, dtype=np.int8), None)],
            "half": rng.standard_normal(4).astype(ml_dtypes.bfloat16),
            "epsilon": 0.1,
            "steps": 3,
            "training": False,
        },
        example=(np.zeros((2, 4, 4, 1), np.float32), {"length": np.zeros(2, np.int32)}),
        assignment=Assignment(
            formats={
                "input": FixedPoint(signed=False, word_length=8, fraction_length=8),
                "conv1/kernel": FixedPoint(signed=True, word_length=8, fraction_length=-3),
                "conv1/bias": FixedPoint(signed=True, word_length=32, fraction_length=5),
                "conv1": "float",
            },
            reasons={
                "input": "holds the most MSBs: 99 %",
                "conv1/kernel": "set by hand \u00fc \u2603",
                "conv1/bias": "follows",
                "conv1": "softmax",
            },
            following=frozenset({"conv1/bias"}),
            flags={"conv1/kernel": "all values are zero"},
            scheme="mse",
        ),
        modes=Modes(
            rounding=Rounding.CONVERGENT,
            overflow=Overflow.SATURATE_SYMMETRIC,
            accumulator_bits=24,
            accumulator_overflow="saturate",
            seed=2**32 - 1,
        ),
        scheme="percentile",
        word_length=6,
        locked=frozenset({"conv1/kernel", "input"}),
        view=View(underflow_threshold=0.25, kinds=("weight",), sort_by="overflow", descending=True, opened=("conv1",)),
        calibration=Calibration(
            samples=5, spectra={"input": Spectrum.of(images), "conv1": Spectrum.of(features, axis=1)}
        ),
    )


@pytest.fixture
def saved(record: SessionRecord, tmp_path: Path) -> Path:
    path = tmp_path / "net.bitwindow"
    write(record, path)
    return path


@pytest.fixture
def changed(saved: Path) -> Callable[[Change], Path]:
    """Write the file's entries anew after a change to them, with good checksums."""

    def rewrite(change: Change) -> Path:
        with zipfile.ZipFile(saved) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        change(entries)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        saved.write_bytes(buffer.getvalue())
        return saved

    return rewrite
