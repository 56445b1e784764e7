"""The wheel brings the built extension and the demo's data, and needs no Node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARE = "share/jupyter/labextensions"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the working tree, around the bundle that `make install` has built, with no npm to be found."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    without_node = os.environ | {"SKIP_JUPYTER_BUILDER": "1", "PATH": str(Path(sys.executable).parent)}
    subprocess.run([*command, str(folder), str(ROOT)], check=True, env=without_node)
    (built,) = folder.glob("bitwindow-*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel installed into a folder of its own, without what it depends on."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([*command, str(wheel)], check=True)
    return folder


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_it_holds_the_package_and_its_data(wheel: Path) -> None:
    held = set(names_in(wheel))
    package = ROOT / "kernel_side" / "bitwindow"
    wanted = {
        f"bitwindow/{path.relative_to(package)}"
        for pattern in ("**/*.py", "demo/**/*.npz", "demo/**/*.ipynb", "**/*.json", "**/*.toml", "py.typed")
        for path in package.glob(pattern)
        if not {"labextensions", "__pycache__"} & set(path.parts)
    }

    assert {name for name in wanted if name.endswith(".npz")}
    assert wanted - held == set()


def test_it_holds_no_cache_source_map_or_second_copy(wheel: Path) -> None:
    unwanted = ("__pycache__", ".map", ".nbi", ".nbc", "bitwindow/labextensions/", "node_modules", "build_log")

    assert [
        name for name in names_in(wheel) if any(part in name.partition(".data/")[0] + name for part in unwanted[:4])
    ] == []
    assert [
        name for name in names_in(wheel) if name.startswith(unwanted[4]) or unwanted[5] in name or unwanted[6] in name
    ] == []


def test_each_bundle_is_complete_and_of_one_build(unpacked: Path) -> None:
    bundles = sorted((unpacked / SHARE).iterdir())

    assert [bundle.name for bundle in bundles] == ["bitwindow", "bitwindow-lab"]
    assert (bundles[1] / "schemas" / "bitwindow-lab" / "plugin.json").is_file()
    for bundle in bundles:
        described = json.loads((bundle / "package.json").read_text(encoding="utf-8"))
        entries = [f"static/{path.name}" for path in (bundle / "static").glob("remoteEntry.*.js")]
        assert entries == [described["jupyterlab"]["_build"]["load"]]
        installed = json.loads((bundle / "install.json").read_text(encoding="utf-8"))
        assert installed["packageName"] == "bitwindow"


def test_jupyterlab_finds_it_enabled(unpacked: Path, tmp_path: Path) -> None:
    isolated = os.environ | {
        "JUPYTER_PATH": str(unpacked / "share" / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
    }

    asked = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"],
        env=isolated,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    shown = asked.stdout + asked.stderr
    first = shown.partition(str(unpacked))[2]
    for name in ("bitwindow", "bitwindow-lab"):
        line = next(line for line in first.splitlines() if line.strip().startswith(f"{name} "))
        assert "enabled" in line
        assert "OK" in line


def test_the_command_line_is_declared(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "bitwindow = bitwindow.cli:main" in archive.read(name).decode()
