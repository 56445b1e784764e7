"""From a file to types, a session and the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import bitwindow as bw
from bitwindow.cli import main
from bitwindow.errors import SessionFileError
from tests.onnx_import.graphs import convolutional, images, model, node


def test_a_session_comes_back_without_the_file(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(convolutional(1), path)
    quantizer = bw.Quantizer(bw.load(path), batch=4)
    quantizer.calibrate(images(8))
    quantizer.assign("minmax", 8)
    session = tmp_path / "net.bitwindow"
    quantizer.save(session)
    path.unlink()
    back = bw.load(session)
    assert list(back.sites) == list(quantizer.sites)
    assert [back[name].format for name in back.sites] == [quantizer[name].format for name in quantizer.sites]
    np.testing.assert_array_equal(back(images(4, 1)), quantizer(images(4, 1)))
    wrong = dict.fromkeys(back.model.origin.settings) if back.model.origin else {}
    assert set(wrong) == {"outputs", "channels_last", "name"}


def test_the_command_line_takes_a_model_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(convolutional(), path)
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    assert "input        input: float32 (batch, 1, 6, 6)" in said
    assert "parameters   151 in 4 arrays" in said
    assert "conv1/weight  weight" in said
    np.savez(tmp_path / "data.npz", x=images(4))
    out = tmp_path / "net.bitwindow"
    assert main(["quantize", str(path), "--calibration", str(tmp_path / "data.npz"), "-o", str(out)]) == 0
    assert "saved" in capsys.readouterr().out
    assert out.is_file()


def test_a_damaged_model_in_a_session_is_a_session_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = bw.load(model([node("Relu", ["x"], "y")], {"x": ["N", 3]}, ["y"]))
    assert loaded.origin is not None
    broken = type(loaded.origin)(kind="onnx", content=b"no model", settings=loaded.origin.settings)
    monkeypatch.setattr(loaded, "origin", broken)
    quantizer = bw.Quantizer(loaded, batch=2)
    quantizer.calibrate(np.ones((2, 3), np.float32))
    quantizer.assign()
    quantizer.save(tmp_path / "net.bitwindow")
    with pytest.raises(SessionFileError, match="the model inside the session cannot be read"):
        bw.load(tmp_path / "net.bitwindow")


def test_types_of_the_file_where_the_scale_is_a_power_of_two() -> None:
    constants = {
        "w_quantized": np.array([[1, -2], [3, 127]], np.int8),
        "eighth": np.float32(0.125),
        "third": np.float32(1 / 3),
        "zero": np.int8(0),
        "uzero": np.uint8(0),
        "other": np.int8(3),
    }
    nodes = [
        node("QuantizeLinear", ["x", "eighth", "uzero"], "xq"),
        node("DequantizeLinear", ["xq", "eighth", "uzero"], "xd"),
        node("DequantizeLinear", ["w_quantized", "eighth", "zero"], "w"),
        node("MatMul", ["xd", "w"], "m"),
        node("QuantizeLinear", ["m", "third", "zero"], "mq"),
        node("DequantizeLinear", ["mq", "third", "zero"], "md"),
        node("QuantizeLinear", ["md", "eighth", "other"], "q2"),
        node("DequantizeLinear", ["q2", "eighth", "other"], "y"),
    ]
    loaded = bw.load(model(nodes, {"x": ["N", 2]}, ["y"], constants))
    found = {name: str(fmt) for name, fmt in loaded.formats.items()}
    assert (found["input"], found["w"]) == ("ufix8_En3", "sfix8_En3")
    assert {"m", "md"} & set(found) == set()
    assert list(loaded.params) == ["w"]
    quantizer = bw.Quantizer(loaded, batch=2)
    quantizer.calibrate(np.ones((2, 2), np.float32))
    quantizer.assign()
    quantizer.take_given()
    assert str(quantizer["w"].format) == "sfix8_En3"
    assert str(quantizer["input"].format) == "ufix8_En3"


def test_a_session_holds_each_weight_once(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(256, 200)).astype(np.float32)
    loaded = bw.load(model([node("MatMul", ["x", "w"], "y")], {"x": ["N", 256]}, ["y"], {"w": weights}))
    x = np.random.default_rng(1).normal(size=(4, 256)).astype(np.float32)
    quantizer = bw.Quantizer(loaded, batch=4).calibrate(x, progress=False)
    path = quantizer.save(tmp_path / "net.bitwindow")
    assert path.stat().st_size < 1.5 * weights.nbytes
    back = bw.load(path)
    np.testing.assert_array_equal(back(x), quantizer(x))
    # What came back can be saved and opened again, and is the whole file once more.
    assert loaded.origin is not None
    assert back.model.origin == loaded.origin
    again = bw.load(back.save(tmp_path / "again.bitwindow"))
    np.testing.assert_array_equal(again(x), quantizer(x))


def test_a_session_whose_weights_do_not_fit_its_model_is_a_session_error(tmp_path: Path) -> None:
    loaded = bw.load(convolutional())
    assert loaded.origin is not None
    assert loaded.origin.beside is not None
    held = {**loaded.origin.beside.settings["held"], "fc.weight": "conv1/weight"}
    settings = {**loaded.origin.beside.settings, "held": held}
    loaded.origin = replace(loaded.origin, beside=replace(loaded.origin.beside, settings=settings))
    quantizer = bw.Quantizer(loaded, batch=2).calibrate(images(2), progress=False)
    quantizer.save(tmp_path / "net.bitwindow")
    with pytest.raises(
        SessionFileError, match=r"wanted the parameter 'conv1/weight' of shape \[3, 36\], got \[4, 1, 3, 3\]"
    ):
        bw.load(tmp_path / "net.bitwindow")
