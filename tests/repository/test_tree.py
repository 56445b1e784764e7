"""What may stand in the repository: no caches, no addresses of private places, JAX's private names in one file."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kernel_side" / "bitwindow"
# Assembled from parts, so that this file does not hold what it looks for.
FORBIDDEN = {
    "an absolute path of one machine": re.compile("/" + r"(?:work|home|root|opt|Users)/\w"),
    "a package index's address": re.compile(
        "registry" + r"\.npmjs|pypi\." + r"org/simple|(?:--|extra_?-?)index" + "-url"
    ),
    "torch": re.compile(r"^\s*(?:import|from)\s+" + "torch", re.MULTILINE),
}
UNSTABLE = re.compile(r"jax\._src|jax\.interpreters|jax\.extend(?!\.core)|jaxlib")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> dict[str, str]:
    found = {}
    for path in tracked():
        try:
            found[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    assert [name for name, text in texts().items() if FORBIDDEN[what].search(text)] == []


def test_the_package_neither_reads_nor_writes_a_pickle() -> None:
    pickle = re.compile(r"^\s*(?:import|from) (?:pickle|cloudpickle|dill|marshal)\b|allow_pickle=True", re.MULTILINE)

    assert [str(path) for path in PACKAGE.rglob("*.py") if pickle.search(path.read_text(encoding="utf-8"))] == []


def test_no_cache_or_build_is_tracked() -> None:
    generated = re.compile(r"__pycache__|\.py[co]$|\.nb[ci]$|node_modules|/lib/|labextensions/|\.ipynb_checkpoints")

    assert [str(path.relative_to(ROOT)) for path in tracked() if generated.search(str(path.relative_to(ROOT)))] == []


def test_every_tracked_file_is_smaller_than_a_mebibyte() -> None:
    assert [str(path) for path in tracked() if path.stat().st_size > 2**20] == []


def test_only_one_file_uses_jax_names_that_are_not_public() -> None:
    users = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if any(UNSTABLE.match(name) for name in dotted_names(path)) and path.name != "jax_names.py"
    ]

    assert users == []


def dotted_names(path: Path) -> list[str]:
    """Every module that the file imports and every dotted name that it writes."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names.append(ast.unparse(node))
    return names


def test_files_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sorted(PACKAGE.rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }

    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {path.stem for path in PACKAGE.rglob("*.py")} | {path.name for path in PACKAGE.rglob("*") if path.is_dir()}

    assert names & {"utils", "helpers", "misc", "common"} == set()
