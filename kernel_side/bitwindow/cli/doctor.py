"""``bitwindow doctor``: what is installed, and whether this machine computes what it must."""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bitwindow.cli.subcommands import Subcommands

PACKAGES = ("bitwindow", "jax", "jaxlib", "numpy", "numba", "ipywidgets", "bqplot", "jupyterlab")
OPTIONAL = frozenset({"jupyterlab"})
LABEXTENSION = "bitwindow"
SPECTRUM_BYTES = 64 * 2**20
REPETITIONS = 5


State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the diagnosis. A ``"failed"`` one says what to do."""

    state: State
    subject: str
    words: str


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="show versions and devices, and check the integer results on this machine",
        description="Shows versions and devices, compares integer results on this machine's device with the "
        "reference's bits, and measures the spectrum. Ends with 1 if anything failed.",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings as they come."""
    del arguments
    failed = 0
    for finding in examine(CHECKS):
        print(f"{finding.state:<8} {finding.subject:<14} {finding.words}", flush=True)
        failed += finding.state == "failed"
    print("All is well." if failed == 0 else f"{failed} checks failed; each line above says what to do.")
    return 1 if failed else 0


def examine(checks: tuple[Callable[[], Iterator[Finding]], ...]) -> Iterator[Finding]:
    """Yield the findings of the checks; a check that breaks is a finding too, and the others still run."""
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001  (a doctor reports whatever is broken)
            words = f"{type(error).__name__}: {error}. Reinstall what this names, then run bitwindow doctor again."
            yield Finding(state="failed", subject=check.__name__.strip("_").replace("_", " "), words=words)


def _versions() -> Iterator[Finding]:
    yield Finding(state="ok", subject="python", words=f"{platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        try:
            yield Finding(state="ok", subject=package, words=version(package))
        except PackageNotFoundError:
            if package in OPTIONAL:
                words = "not installed; pip install 'bitwindow[demo]' brings it"
                yield Finding(state="warning", subject=package, words=words)
            else:
                yield Finding(state="failed", subject=package, words=f"not installed: pip install {package}")


def _bqplot_gl() -> Iterator[Finding]:
    try:
        found = version("bqplot-gl")
    except PackageNotFoundError:
        return
    words = f"{found} breaks dragging in bqplot figures: pip uninstall bqplot-gl"
    yield Finding(state="warning", subject="bqplot-gl", words=words)


def _labextension() -> Iterator[Finding]:
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        yield Finding(
            state="warning", subject="labextension", words="no Jupyter here, so nothing that could show panels"
        )
        return
    for folder in map(Path, jupyter_path("labextensions")):
        found = folder / LABEXTENSION / "package.json"
        if found.is_file():
            number = json.loads(found.read_text(encoding="utf-8")).get("version", "of unknown version")
            yield Finding(state="ok", subject="labextension", words=f"{number} in {found.parent}")
            return
    words = "not found, so panels cannot be drawn: pip install --force-reinstall bitwindow"
    yield Finding(state="failed", subject="labextension", words=words)


def _devices() -> Iterator[Finding]:
    import jax

    kinds = ", ".join(f"{device.platform} {device.id} ({device.device_kind})" for device in jax.devices())
    yield Finding(state="ok", subject="devices", words=kinds)


def _integer_results() -> Iterator[Finding]:
    import jax

    from bitwindow.execute.selfcheck import self_check

    on_cpu = jax.default_backend() == "cpu"
    for result in self_check():
        state: State = "ok" if result.ok else "failed"
        if not result.ok and not on_cpu and result.name.startswith("convolution"):
            state = "warning"  # GPUs refuse integer convolutions, and the execution uses patches there
        yield Finding(state=state, subject="integers", words=f"{result.name}: {result.detail}")


def _spectrum() -> Iterator[Finding]:
    import numpy as np

    from bitwindow.spectrum.record import Spectrum

    values = np.random.default_rng(0).standard_normal(SPECTRUM_BYTES // 4, np.float32)
    Spectrum.of(values)  # compiles
    seconds = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        total = Spectrum.of(values).total
        seconds.append(time.perf_counter() - began)
    if total != values.size:
        words = f"wanted {values.size} values counted, got {total}. Please report this with the lines above."
        yield Finding(state="failed", subject="spectrum", words=words)
        return
    rate = SPECTRUM_BYTES / min(seconds) / 1e9
    yield Finding(state="ok", subject="spectrum", words=f"{rate:.1f} GB/s of float32, the best of {REPETITIONS} passes")


CHECKS = (_versions, _bqplot_gl, _labextension, _devices, _integer_results, _spectrum)
