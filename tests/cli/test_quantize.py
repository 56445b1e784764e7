from __future__ import annotations

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.cli import main
from bitwindow.cli.data import inputs_of
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


def test_best_is_what_assign_best_gives(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files, "--best", "--word-length", "4", "--drop", "0", "--signed", "--rounding", "floor") == 0
    data = np.load(files.data)
    q = bw.load(files.model, fn=import_small())
    q.rounding = "floor"
    q.calibrate(data["x"], progress=False, restart=True)
    done = q.assign_best((data["x"], data["y"]), 4, drop=0.0, signed=True)
    assert str(done) in capsys.readouterr().out
    saved = read(files.folder / "out.bitwindow")
    assert saved.assignment == q.assignment
    assert saved.scheme == "loss"
    assert all(fmt.signed for fmt in saved.assignment.formats.values() if isinstance(fmt, bw.FixedPoint))


@pytest.mark.parametrize(
    ("more", "drop", "metric"),
    [
        ([], None, "accuracy"),
        (["--drop", "25"], 0.25, "accuracy"),
        (["--drop", "25", "--metric", "top2"], 0.25, "top2"),
        (["--drop", "0.5", "--metric", "mse"], 0.5, "mse"),
    ],
)
@pytest.mark.parametrize("option", ["--best", "--wider"])
def test_a_drop_is_in_points_of_accuracy_or_in_the_metric_s_own_unit(
    files: Files, monkeypatch: pytest.MonkeyPatch, option: str, more: list[str], drop: float | None, metric: str
) -> None:
    asked = []
    wider = bw.Quantizer.wider

    def noted(self: bw.Quantizer, *data: object, **settings: object) -> object:
        asked.append(settings)
        return wider(self, *data, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(bw.Quantizer, "wider", noted)
    np.savez(files.data, x=np.load(files.data)["x"])  # no labels: against the float network
    assert run(files, option, *more) == 0
    assert asked == [{"metric": metric, "drop": drop}]


def test_preparation_keeps_what_the_file_said(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    import smallnet  # type: ignore[import-not-found]

    rng = np.random.default_rng(8)
    x = np.load(files.data)["x"]
    dense = {"kernel": rng.normal(size=(6, 4)).astype(np.float32), "bias": rng.normal(size=4).astype(np.float32)}
    drawn = {name: rng.uniform(0.5, 2, 3).astype(np.float32) for name in ("mean", "var", "scale")}
    np.savez(files.data, x=x, y=np.arange(20) % 3)
    params = {"dense": dense, "head": rng.normal(size=(4, 3)).astype(np.float32), **drawn}
    q = bw.Quantizer(bw.Model(smallnet.normed, params, x[:2])).calibrate(x, progress=False)
    q.accumulator_bits, q.accumulator_overflow, q.rounding = 20, "saturate", "convergent"
    q.assign("percentile", 6, per_channel={"head"})
    q.save(files.model)
    assert run(files, "--prepare", "--validation", str(files.data), function="smallnet:normed") == 0
    shown = capsys.readouterr().out
    back = bw.load(files.folder / "out.bitwindow", fn=smallnet.normed)
    assert back.preparation is not None
    assert back.preparation.done[0].kind == "fold"
    assert "took in sub, div, mul behind it, 3 channels" in shown
    assert set(back.sites) < set(q.sites) | {"head_bias"}
    for name in ("modes", "scheme", "word_length", "per_channel"):
        assert getattr(back.state, name) == getattr(q.state, name)
    q.prepare(x)
    q.accumulator_bits, q.accumulator_overflow, q.rounding = 20, "saturate", "convergent"
    q.calibrate(x, progress=False).assign("percentile", 6, per_channel={"head"})
    assert back.assignment == q.assignment


def test_loss_takes_the_calibration_data(files: Files) -> None:
    assert run(files, "--scheme", "loss", "--word-length", "3", "--metric", "top2") == 0
    data = np.load(files.data)
    q = bw.load(files.model, fn=import_small()).calibrate(data["x"], progress=False, restart=True)
    q.assign("loss", 3, data=(data["x"], data["y"]), metric="top2")
    saved = read(files.folder / "out.bitwindow")
    assert saved.scheme == "loss"
    assert saved.assignment == q.assignment


def import_small() -> object:
    import smallnet

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
        (["--best", "--scheme", "mse"], "--best: wanted no --scheme beside it, got 'mse'"),
        (["--best", "--wider"], "--best: wanted no --wider beside it"),
        (["--drop", "2"], "--drop: wanted --best or --wider, which keep to it, got 2 alone"),
        (["--best", "--drop", "-1"], "--drop: wanted a number, at least 0, got -1"),
        (["--wider", "--drop", "nan"], "--drop: wanted a number, at least 0, got nan"),
        (["--metric", "mse"], "--metric: wanted --validation, --best, --wider or --scheme loss"),
        (["--best", "--metric", "magic"], "metric: wanted 'accuracy'"),
        (["--best", "--metric", "mse"], "drop: wanted how much mse may lose against float, got None"),
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
