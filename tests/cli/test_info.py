from __future__ import annotations

from dataclasses import replace

import pytest
from flax.core import FrozenDict

from bitwindow.cli import main
from bitwindow.cli.info import describe
from bitwindow.model.origin import Origin
from bitwindow.session.load import read
from bitwindow.session.save import write

from .conftest import Files


def test_sites_types_and_sizes_are_listed(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(files.model)]) == 0
    shown = capsys.readouterr().out
    record = read(files.model)
    for site, fmt in record.assignment.formats.items():
        (line,) = (line for line in shown.splitlines() if line.split()[:1] == [site])
        assert line.split()[1] == str(fmt)
    assert "parameters   28\n" in shown
    assert "calibration  10 samples" in shown
    assert "112 bytes as float32, 40 quantized" in shown  # 24 weights of one byte, 4 biases of four
    assert "smallnet:forward (not in the file" in shown


def test_a_session_that_holds_its_model_file_asks_for_nothing(files: Files) -> None:
    record = replace(read(files.model), source="net.onnx", origin=Origin(kind="onnx", content=b""))
    assert "function     net.onnx (in the file)" in list(describe(record))


def test_nothing_in_a_file_can_steer_the_terminal(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    write(replace(read(files.model), name="a\x1b[2Jb\u202e"), files.model)
    assert main(["info", str(files.model)]) == 0
    shown = capsys.readouterr().out
    assert "a\\x1b[2Jb\\u202e" in shown
    assert "\x1b" not in shown


def test_foreign_parameters_and_a_limited_accumulator_are_described_too(files: Files) -> None:
    record = read(files.model)
    modes = replace(record.modes, accumulator_bits=16, accumulator_overflow="saturate")
    write(replace(record, params=FrozenDict(record.params), modes=modes), files.model)
    assert main(["info", str(files.model)]) == 0
    assert any("accumulator 16 bits, saturate" in line for line in describe(replace(record, modes=modes)))


def test_another_kind_of_file_is_refused(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(files.data)]) == 1
    assert "wanted a .bitwindow file" in capsys.readouterr().err
