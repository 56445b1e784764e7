"""Exporters' graphs: in float against onnxruntime, and bit-true through calibration, types and a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import bitwindow as bw
from tests.onnx_import.exporters import CASES
from tests.onnx_import.graphs import reference


@pytest.mark.parametrize("name", CASES)
def test_float_outputs_are_onnxruntime_s(name: str) -> None:
    case = CASES[name]()
    loaded = bw.load(case.proto)
    (wanted,) = reference(case.proto, case.inputs)
    found: Any = jax.jit(loaded.fn)(loaded.params, case.inputs["x"])
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(wanted).max())))
    single: Any = jax.jit(loaded.fn)(loaded.params, case.inputs["x"][5:6])  # the batch is open
    np.testing.assert_allclose(single, wanted[5:6], rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(wanted).max())))


@pytest.mark.parametrize("name", CASES)
def test_bit_true_and_back_from_a_session(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    x = case.inputs["x"]
    q = bw.Quantizer(bw.load(case.proto), batch=4).calibrate(x, progress=False)
    q.assign("minmax", 16)
    if q.model.formats:
        q.take_given()  # the file's own types clip, which wider ones would not
    assert sum(layer.note == "quantized" for layer in q.network.layers) >= case.layers
    (wanted,) = reference(case.proto, case.inputs)
    out = np.asarray(q(x))
    if np.issubdtype(wanted.dtype, np.floating):
        assert np.abs(out - wanted).max() < 2e-3 * np.abs(wanted).max()
    else:
        assert np.mean(out != wanted) < 0.1
    np.testing.assert_array_equal(q(x[3:8]), out[3:8])
    q.prepare(x)
    q.calibrate(x, progress=False).assign("mse", 8)
    report = q.validate(x, None, "mse")
    back = bw.load(q.save(tmp_path / "net.bitwindow"))
    np.testing.assert_array_equal(back(x), q(x))
    assert str(back.validate(x, None, "mse")) == str(report)
