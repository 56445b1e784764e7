"""Runs the checks one after the other and closes with one line that counts them all.

Without arguments every check runs, also after one has failed; arguments name the checks to run. A check is one or more
commands; a test suite writes a JUnit file, from which its tests are counted, and any other check counts as one test.
"""

from __future__ import annotations

import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".results"
PYTEST = (sys.executable, "-m", "pytest", "-q")
WHOLE = "not browser and not notebook"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One command and, for a test suite, the JUnit file that it writes."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    suite: bool = False

    @property
    def junit(self) -> Path:
        """Where the suite writes its results."""
        return RESULTS / f"{self.name}.xml"


def suite(name: str, *command: str, option: str = "--junitxml") -> Check:
    """A check whose tests are counted one by one."""
    return Check(name=name, commands=((*command, f"{option}={RESULTS / name}.xml"),), suite=True)


CHECKS = (
    Check(
        name="lint",
        commands=(("ruff", "check", "."), ("ruff", "format", "--check", "."), ("lint-imports", "--no-cache")),
    ),
    Check(name="types", commands=(("mypy",),)),
    Check(name="front-end-lint", commands=(("npm", "run", "--silent", "lint"),)),
    suite(
        "front-end",
        *("npm", "run", "--silent", "test", "--", "--reporter=default", "--reporter=junit"),
        option="--outputFile.junit",
    ),
    suite("python", *PYTEST, "-n", "2", "--dist", "loadfile", "-m", WHOLE),
    suite("notebooks", *PYTEST, "tests/notebooks", "-m", "notebook"),
    # Playwright's synchronous interface owns the event loop of its process, so the browser tests run apart.
    suite("browser", *PYTEST, "tests/browser", "-m", "browser"),
)


def main(names: Sequence[str]) -> int:
    """Runs the named checks (all when none is named); 0 when everything passed."""
    unknown = set(names) - {check.name for check in CHECKS}
    if unknown:
        sys.exit(f"Unknown check {', '.join(sorted(unknown))}; there are {', '.join(check.name for check in CHECKS)}.")
    RESULTS.mkdir(exist_ok=True)
    began = time.monotonic()
    tally: Counter[str] = Counter()
    for check in CHECKS:
        if not names or check.name in names:
            tally += run(check)
    print(closing_line(tally, time.monotonic() - began), flush=True)
    return 1 if tally["failed"] or tally["errors"] else 0


def run(check: Check) -> Counter[str]:
    """Runs one check and counts what passed and failed in it."""
    print(f"\n---- {check.name} ----", flush=True)
    began = time.monotonic()
    check.junit.unlink(missing_ok=True)
    codes = [subprocess.run(command, check=False, cwd=ROOT).returncode for command in check.commands]
    counted = tests_in(check.junit) if check.suite and check.junit.exists() else Counter[str]()
    complete = not any(codes)
    if not counted or (not complete and not counted["failed"] and not counted["errors"]):
        # A suite without a single test, or one that ended badly with no test to blame, is itself a failure.
        counted["passed" if complete and not check.suite else "failed"] += 1
    print(f"---- {check.name}: {words(counted)} in {time.monotonic() - began:.1f} s ----", flush=True)
    return counted


def tests_in(junit: Path) -> Counter[str]:
    """Counts the test cases of a JUnit file by their outcome."""
    counted: Counter[str] = Counter()
    for case in ET.parse(junit).iter("testcase"):  # noqa: S314
        tags = {child.tag for child in case}
        outcome = "failed" if "failure" in tags else "errors" if "error" in tags else "skipped"
        counted[outcome if tags & {"failure", "error", "skipped"} else "passed"] += 1
    return counted


def words(tally: Counter[str]) -> str:
    """The counts in words, worst first."""
    return ", ".join(
        f"{tally[outcome]} {outcome}" for outcome in ("failed", "errors", "passed", "skipped") if tally[outcome]
    )


def closing_line(tally: Counter[str], seconds: float) -> str:
    """The last line, in the form of pytest's own."""
    return f" {words(tally)} in {seconds:.2f}s ".center(80, "=")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
