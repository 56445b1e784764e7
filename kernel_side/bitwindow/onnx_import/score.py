"""Prints the score of the importer in the onnx package's node tests: ``python -m bitwindow.onnx_import.score``."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bitwindow.onnx_import.node_suite import Outcome, run_all

TABLE = Path(__file__).with_name("node_suite.toml")


def exceptions() -> dict[str, str]:
    """Return the node tests that do not pass, each with its reason."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: group["reason"] for group in table["group"] for name in group["tests"]}


def listed() -> frozenset[str]:
    """Return the operators that bitwindow promises to compute."""
    return frozenset(tomllib.loads(TABLE.read_text(encoding="utf-8"))["operators"])


def is_listed(outcome: Outcome, promised: frozenset[str]) -> bool:
    """Whether a node test is one of the promised operators alone."""
    return bool(outcome.operators) and set(outcome.operators) <= promised


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the lines of the score."""
    promised, reasons = listed(), exceptions()
    ours = [outcome for outcome in outcomes if is_listed(outcome, promised)]
    yield _line("node tests of the listed operators", ours)
    yield _line("all node tests", outcomes)
    why = Counter(reasons.get(item.name, "not in the table") for item in outcomes if item.verdict != "passed")
    yield ""
    yield from (f"{count:5}  {reason}" for reason, count in why.most_common())
    surprises = [item for item in outcomes if (item.verdict != "passed") != (item.name in reasons)]
    yield from (f"SURPRISE {item.name}: {item.verdict} {item.words}" for item in surprises)


def _line(what: str, outcomes: Sequence[Outcome]) -> str:
    found = Counter(item.verdict for item in outcomes)
    share = found["passed"] / max(1, len(outcomes))
    return (
        f"{what}: {found['passed']:,} of {len(outcomes):,} passed ({share:.1%}), {found['refused']} refused with an "
        f"error, {found['wrong']} with other values"
    )


def main() -> int:
    """Print the score; 1 if a test is not as the table says."""
    lines = list(report(run_all()))
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any(line.startswith("SURPRISE") for line in lines))


if __name__ == "__main__":
    sys.exit(main())
