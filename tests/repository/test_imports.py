"""`import bitwindow` stays light, and imports between its packages flow one way."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "bqplot",
    "ipywidgets",
    "flax",
    "numba",
    "pandas",
    "IPython",
    "jupyterlab",
    "onnx",
    "keras",
    "h5py",
    "equinox",
    "tqdm",
    "optax",
)


def loaded_after(statement: str) -> set[str]:
    """The top-level modules of a fresh process that has run ``statement``."""
    question = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    asked = subprocess.run([sys.executable, "-c", question], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in json.loads(asked.stdout)}


@pytest.fixture(scope="module")
def light() -> set[str]:
    return loaded_after("import bitwindow")


@pytest.mark.parametrize("package", HEAVY)
def test_importing_bitwindow_loads_no(package: str, light: set[str]) -> None:
    assert package not in light


def test_importing_bitwindow_loads_jax(light: set[str]) -> None:
    assert {"bitwindow", "jax"} <= light


def test_the_probe_sees_a_package_that_is_loaded() -> None:
    assert "numba" in loaded_after("import numba")
