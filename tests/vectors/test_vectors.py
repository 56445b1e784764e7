"""The package gives the counts of exact arithmetic that the browser is checked against too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitwindow.numbers.format import FixedPoint
from bitwindow.spectrum.record import Spectrum

HERE = Path(__file__).parent
VECTORS: list[dict[str, Any]] = json.loads((HERE / "counts.json").read_text())


def spectrum_of(vector: dict[str, Any]) -> Spectrum:
    values = [float.fromhex(text) for text in vector["values"]]
    spectrum = Spectrum.of(np.array([*values, np.nan, np.inf, -np.inf]))
    for _ in range(vector["weight"].bit_length() - 1):
        spectrum = spectrum + spectrum
    return spectrum


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_counts_are_those_of_exact_arithmetic(vector: dict[str, Any]) -> None:
    spectrum = spectrum_of(vector)
    tally = vector["tally"]
    assert (spectrum.total, spectrum.zero, spectrum.nan, spectrum.inf) == tuple(
        tally[k] for k in ("total", "zero", "nan", "inf")
    )
    for signed, word_length, fraction_length, rounding, overflow, under, over in vector["cases"]:
        fmt = FixedPoint(bool(signed), word_length, fraction_length)
        counts = spectrum.counts(fmt, rounding, overflow)
        assert (counts.underflow, counts.overflow) == (under, over), (fmt, rounding, overflow)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_cells_on_the_wire_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    cells = sorted(tuple(int(field) for field in cell) for cell in spectrum_of(vector).wire())
    assert cells == [tuple(cell) for cell in vector["cells"]]


def test_the_vectors_are_what_their_script_makes(tmp_path: Path) -> None:
    script = tmp_path / "make_counts.py"
    script.write_text((HERE / "make_counts.py").read_text())
    subprocess.run([sys.executable, str(script)], check=True)
    assert (tmp_path / "counts.json").read_text() == (HERE / "counts.json").read_text()
