from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "train_demo.py"
SHIPPED = SCRIPT.parents[1] / "kernel_side" / "bitwindow" / "demo"


def test_the_script_splits_trains_and_writes_what_the_package_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("train_demo", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    count = 1350  # one batch of 50 is left for training
    images = np.random.default_rng(5).integers(0, 256, (count, 28, 28), np.uint8)
    np.savez(tmp_path / "data.npz", x=images, y=np.arange(count) % 10)
    arguments = ["--data", str(tmp_path / "data.npz"), "--output", str(tmp_path / "out"), "--epochs", "1"]
    monkeypatch.setattr(sys, "argv", ["train_demo.py", *arguments])
    script.main()
    assert "of 1000 images never trained on" in capsys.readouterr().out
    with np.load(tmp_path / "out" / "digits.npz") as made, np.load(SHIPPED / "digits.npz") as shipped:
        assert {name: made[name].shape for name in made} == {name: shipped[name].shape for name in shipped}
        assert np.array_equal(made["test_y"], np.random.default_rng(2024).permutation(count)[:1000] % 10)
    with np.load(tmp_path / "out" / "weights.npz") as made, np.load(SHIPPED / "weights.npz") as shipped:
        assert {name: made[name].dtype for name in made} == {name: shipped[name].dtype for name in shipped}
        assert {name: made[name].shape for name in made} == {name: shipped[name].shape for name in shipped}
        assert all(np.isfinite(made[name]).all() for name in made)
