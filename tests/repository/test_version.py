"""The version stands in package.json alone."""

from __future__ import annotations

import importlib.metadata
import json
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("package.json", "extension/lab/package.json")


def test_the_installed_package_has_the_version_of_package_json() -> None:
    stated = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"]

    assert importlib.metadata.version("bitwindow") == stated


def test_the_second_extension_has_the_same_version() -> None:
    first, second = (json.loads((ROOT / name).read_text(encoding="utf-8")) for name in PACKAGES)

    assert second["version"] == first["version"]


def test_pyproject_states_no_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert "version" not in project
    assert project["dynamic"] == ["version"]


def test_nothing_pulls_bqplot_gl_in() -> None:
    asked = importlib.metadata.requires("bitwindow") or []

    assert [requirement for requirement in asked if requirement.startswith("bqplot-gl")] == []
    assert [d.name for d in importlib.metadata.distributions() if d.name.lower().replace("_", "-") == "bqplot-gl"] == []
