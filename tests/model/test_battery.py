"""What every front end's models must do: one battery, inherited by each network of each framework."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import jax
import numpy as np
import pytest

import bitwindow as bw
from tests.model.cases import CASES, arguments, case_of, leaves


@cache
def quantizer_of(name: str) -> bw.Quantizer:
    case = case_of(name)
    return bw.Quantizer(case.make(), batch=8).calibrate(case.inputs, progress=False)


@pytest.mark.parametrize("name", CASES)
def test_names_are_stable_and_recognizable(name: str) -> None:
    case, found = case_of(name), list(quantizer_of(name).sites)
    assert set(case.names) <= set(found)
    assert list(bw.Quantizer(case.make(), batch=4).sites) == found


@pytest.mark.parametrize("name", CASES)
def test_the_float_output_is_the_framework_s(name: str) -> None:
    case = case_of(name)
    model = case.make()
    wanted = leaves(case.reference())
    for run in (model.fn, jax.jit(model.fn)):
        for one, other in zip(leaves(run(model.params, *arguments(case))), wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=4e-6 * max(1.0, float(np.abs(other).max())))


@pytest.mark.parametrize("name", CASES)
def test_the_bit_true_run(name: str) -> None:
    case, q = case_of(name), quantizer_of(name)
    q.assign("minmax", 16)
    out = q(case.inputs)
    for got, wanted, value in zip(leaves(out), leaves(case.reference()), q.network.outputs, strict=True):
        site = q.network.values[value].site
        assert site is not None
        fmt = q[site].format
        if isinstance(fmt, bw.FixedPoint):
            np.testing.assert_array_equal(bw.quantize(got, fmt), got)
        assert np.abs(got - wanted).max() < 0.02 * np.abs(wanted).max()
    rows = jax.tree.map(lambda leaf: leaf[3:8], case.inputs)
    for one, other in zip(leaves(q(rows)), leaves(out), strict=True):
        np.testing.assert_array_equal(one, other[3:8])


@pytest.mark.parametrize("name", CASES)
def test_what_is_float_says_why(name: str) -> None:
    for site in quantizer_of(name).network.sites.values():
        assert site.float_reason == "" or site.float_reason.startswith("float, because")


@pytest.mark.parametrize("name", CASES)
def test_it_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    case, q = case_of(name), quantizer_of(name)
    path = q.save(tmp_path / "net.bitwindow")
    settings = {} if case.whole else {"fn": q.model.fn, "params": q.model.params}
    back = bw.load(path, **settings)
    assert back.state == q.state
    assert back.calibration.spectra == q.calibration.spectra
    for one, other in zip(leaves(back.model.params), leaves(q.model.params), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_keras_model_comes_back_in_another_process(tmp_path: Path) -> None:
    name = "keras-residual"
    case, q = case_of(name), quantizer_of(name)
    np.save(tmp_path / "x.npy", case.inputs)
    path = q.save(tmp_path / "net.bitwindow")
    code = (
        "import sys, numpy as np, bitwindow as bw; "
        "q = bw.load(sys.argv[1]); np.save(sys.argv[3], q(np.load(sys.argv[2])))"
    )
    subprocess.run([sys.executable, "-c", code, path, tmp_path / "x.npy", tmp_path / "y.npy"], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), q(case.inputs))
