from __future__ import annotations

import subprocess
import sys

import pytest

from bitwindow.cli import demo, main
from bitwindow.cli.demo import port
from bitwindow.errors import SettingError


def test_no_command_and_an_unknown_one_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["fly"], ["info"], ["demo", "--port", "70000"]):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
    assert "wanted a port from 0 to 65535, got '70000'" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("demo", "doctor", "info", "quantize"))


def test_the_module_runs_as_the_command_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bitwindow", "info", "none.bitwindow"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("bitwindow info: none.bitwindow: wanted a session file")
    assert "Traceback" not in done.stderr


def test_an_error_of_the_user_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: object, **settings: object) -> None:
        raise SettingError("wanted this, got that")

    monkeypatch.setattr("bitwindow.demo.launch.launch", refuse)
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == "bitwindow demo: wanted this, got that\n"


def test_an_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupt)
    assert main(["demo"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_demo_passes_its_settings_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr("bitwindow.demo.launch.launch", lambda folder, **rest: calls.append((str(folder), rest)))
    assert main(["demo", "--folder", "here", "--port", "9", "--no-browser", "--no-run"]) == 0
    assert main(["demo"]) == 0
    assert calls == [
        ("here", {"port": 9, "browser": False, "run": False}),
        ("bitwindow-demo", {"port": 8888, "browser": True, "run": True}),
    ]
    assert port("0") == 0
