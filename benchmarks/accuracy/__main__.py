"""Prints the accuracy table as Markdown; names of networks as arguments print theirs alone."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version

from benchmarks.accuracy.data import CACHE, CALIBRATION
from benchmarks.accuracy.measure import BUDGET, Row, measured
from benchmarks.accuracy.subjects import SUBJECTS
from benchmarks.accuracy.training import SEED

PACKAGES = ("jax", "jaxlib", "numpy", "onnx", "onnxruntime", "optax", "mlxtend")


def main(names: Sequence[str]) -> None:
    """Measure the named networks, or all; ``--again`` prints what was measured before instead."""
    wanted = [name for name in names if name != "--again"]
    unknown = set(wanted) - set(SUBJECTS)
    if unknown:
        sys.exit(f"Unknown network {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}.")
    rows = [_row(name, again="--again" in names) for name in wanted or SUBJECTS]
    print("\n".join([*table(rows), "", *recipes(rows), "", conditions(rows)]))


def _row(name: str, *, again: bool) -> Row:
    kept = CACHE / f"{name}.json"
    if again and kept.exists():
        return Row(**json.loads(kept.read_text()))
    row = measured(SUBJECTS[name](), lambda line: print(line, file=sys.stderr, flush=True))
    row.day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    kept.write_text(json.dumps(asdict(row)))
    return row


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a Markdown table, accuracies in percent of the test samples."""
    columns = list(rows[0].accuracy)
    lines = [
        f"| network | parameters | test samples | {' | '.join(columns)} | 95 % interval of best 8 |",
        f"|---|---|---|{'---|' * (len(columns) + 1)}",
    ]
    for row in rows:
        figures = " | ".join(_percent(row.accuracy[column]) for column in columns)
        interval = "-" if row.interval is None else " to ".join(map(_percent, row.interval))
        lines.append(f"| {row.network} | {row.parameters:,} | {row.samples:,} | {figures} | {interval} |")
    return lines


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def recipes(rows: Sequence[Row]) -> list[str]:
    """Return a line for each network on what the recipe did behind ``loss``; and notes."""
    found = [f"- {row.network}: {', '.join(row.recipe) or 'the types of loss stay'}" for row in rows]
    return [*found, *(f"- {row.network}: {text}" for row in rows for text in row.notes)]


def conditions(rows: Sequence[Row]) -> str:
    """Return when and with what the rows were measured."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    days = " and ".join(sorted({row.day for row in rows}))
    return (
        f"Measured on {days}; Python {sys.version.split()[0]}, {packages}; seed {SEED}; at most {CALIBRATION} "
        f"calibration samples, at most {BUDGET} evaluations of them for `loss`."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
