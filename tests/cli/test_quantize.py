from __future__ import annotations

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.cli import main
from bitwindow.cli.quantize import inputs_of
from bitwindow.errors import DataError
from bitwindow.session.load import read

from .conftest import Files


def run(files: Files, *more: str, function: str = "smallnet:forward") -> int:
    arguments = ["--calibration", str(files.data), "-o", str(files.folder / "out.bitwindow"), "--function", function]
    return main(["quantize", str(files.model), *arguments, *more])


def test_the_result_is_what_python_gives(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(files, "--validation", str(files.data), "--scheme", "minmax", "--word-length", "5", "--rounding", "floor")
        == 0
    )
    shown = capsys.readouterr().out
    data = np.load(files.data)
    q = bw.load(files.model, fn=import_small())
    q.rounding = "floor"
    q.calibrate(data["x"], progress=False, restart=True).assign("minmax", 5)
    saved = read(files.folder / "out.bitwindow")
    assert saved.assignment == q.assignment
    assert saved.modes == q.state.modes
    assert saved.calibration == q.calibration
    assert str(q.validate(data["x"], data["y"])) in shown
    assert "saved" in shown


def test_sites_that_need_more_bits_are_named_and_given_them_where_that_is_asked_for(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(files, "--scheme", "mse", "--word-length", "2") == 0
    assert "leave under 20 dB of SQNR by their own cast" in capsys.readouterr().out
    assert run(files, "--scheme", "mse", "--word-length", "2", "--wider") == 0
    assert "at the present types, accuracy 1 over" in capsys.readouterr().out
    q = bw.load(files.folder / "out.bitwindow", fn=import_small())
    assert max(site.format.word_length for site in q.sites.values() if site.kind == "weight") > 2


def import_small() -> object:
    import smallnet  # type: ignore[import-not-found]

    return smallnet.forward


def test_the_function_must_be_named(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(files.folder / "out.bitwindow")
    assert main(["quantize", str(files.model), "--calibration", str(files.data), "-o", out]) == 1
    assert "wanted fn=" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        ("smallnet", "wanted MODULE:NAME, got 'smallnet'"),
        ("nowhere_at_all:f", "cannot be imported: No module named 'nowhere_at_all'"),
        ("smallnet:backward", "has no attribute 'backward'"),
        ("smallnet:size", "wanted a function, got int"),
    ],
)
def test_a_function_that_is_none(files: Files, capsys: pytest.CaptureFixture[str], function: str, wanted: str) -> None:
    assert run(files, function=function) == 1
    assert wanted in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (["--scheme", "magic"], "magic"),
        (["--word-length", "99"], "99"),
        (["--calibration", "none.npz"], "there is no file of that name"),
        (["--calibration", "smallnet.py"], "wanted an npz file of plain arrays"),
        (["--validation", "unlabelled.npz"], "wanted the labels as 'y'"),
        (["-o", "out.txt"], "wanted a name that ends in .bitwindow"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(
    files: Files, capsys: pytest.CaptureFixture[str], more: list[str], wanted: str
) -> None:
    np.savez(files.folder / "unlabelled.npz", x=np.zeros((2, 6), np.float32))
    assert run(files, *more) == 1
    error = capsys.readouterr().err
    assert wanted in error
    assert not (files.folder / "out.bitwindow").exists()


def test_objects_in_the_data_are_refused(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(files.data, x=np.array([{}], dtype=object))
    assert run(files) == 1
    assert "wanted an npz file of plain arrays" in capsys.readouterr().err


def test_inputs_are_found_by_their_names(files: Files) -> None:
    a, b = np.zeros(1), np.ones(1)
    assert inputs_of({"x": a, "z": b}, a, files.data) is a
    assert inputs_of({"images": a, "y": b}, a, files.data) is a
    assert inputs_of({"left": a, "right": b}, {"left": a, "right": b}, files.data) == {"left": a, "right": b}
    assert inputs_of({"x0": a, "x1": b}, (a, b), files.data) == (a, b)
    with pytest.raises(DataError, match="as 'x' or as the only array"):
        inputs_of({"a": a, "b": b}, a, files.data)
    with pytest.raises(DataError, match=r"wanted the arrays \['left'\]"):
        inputs_of({"a": a}, {"left": a}, files.data)
    with pytest.raises(DataError, match="one for each input"):
        inputs_of({"x0": a}, (a, b), files.data)
