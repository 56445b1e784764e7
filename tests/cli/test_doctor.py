from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import jax
import pytest

from bitwindow.cli import doctor, main
from bitwindow.cli.doctor import Finding, examine
from bitwindow.execute import selfcheck


def test_a_sound_installation_ends_with_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "SPECTRUM_BYTES", 2**16)
    monkeypatch.setattr(selfcheck, "_WIDTHS", (8,))
    monkeypatch.setattr(doctor, "CHECKS", tuple(check for check in doctor.CHECKS if check is not doctor._labextension))
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert f"jax            {jax.__version__}" in shown
    assert "GB/s of float32" in shown
    assert "stored integers equal the reference's" in shown
    assert "All is well." in shown


def test_a_wrong_bit_ends_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = selfcheck.Check(name="convolution, 8 bits", ok=False, detail="71 of 72 stored integers")
    monkeypatch.setattr(selfcheck, "self_check", lambda: [wrong])
    monkeypatch.setattr(doctor, "CHECKS", (doctor._integer_results,))
    assert main(["doctor"]) == 1
    assert "failed   integers" in capsys.readouterr().out


def test_what_a_gpu_refuses_and_does_not_use_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = [selfcheck.Check(name=f"{path}, 8 bits", ok=False, detail="") for path in ("convolution", "patches")]
    monkeypatch.setattr(selfcheck, "self_check", lambda: refused)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert [finding.state for finding in doctor._integer_results()] == ["warning", "failed"]


def test_a_check_that_breaks_is_a_finding_and_the_others_run() -> None:
    def _broken_part() -> Iterator[Finding]:
        yield from ()
        raise OSError("no such device")

    def _sound() -> Iterator[Finding]:
        yield Finding(state="ok", subject="sound", words="yes")

    findings = list(examine((_broken_part, _sound)))
    assert [finding.state for finding in findings] == ["failed", "ok"]
    assert findings[0].subject == "broken part"
    assert "no such device" in findings[0].words


def test_missing_packages_and_bqplot_gl(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(doctor, "version", none)
    states = {finding.subject: finding.state for finding in doctor._versions()}
    assert states["bqplot"] == "failed"
    assert states["jupyterlab"] == "warning"
    assert list(doctor._bqplot_gl()) == []
    monkeypatch.setattr(doctor, "version", lambda package: "1.0")
    assert [finding.state for finding in doctor._bqplot_gl()] == ["warning"]


def test_the_labextension_is_looked_for_where_jupyter_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    assert [finding.state for finding in doctor._labextension()] == ["failed"]
    (tmp_path / "bitwindow").mkdir()
    (tmp_path / "bitwindow" / "package.json").write_text('{"version": "9.9"}')
    (found,) = doctor._labextension()
    assert (found.state, found.words.split()[0]) == ("ok", "9.9")


def test_a_count_that_is_wrong_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong:
        total = 1

    monkeypatch.setattr(doctor, "SPECTRUM_BYTES", 2**10)
    monkeypatch.setattr("bitwindow.spectrum.record.Spectrum.of", lambda values: Wrong)
    (finding,) = doctor._spectrum()
    assert (finding.state, finding.words.split(",")[0]) == ("failed", "wanted 256 values counted")
