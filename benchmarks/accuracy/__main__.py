"""Prints the accuracy table as Markdown; names of networks as arguments print theirs alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import onnx

from benchmarks.accuracy.data import Data, digits, power_demand, vowels
from benchmarks.accuracy.measure import Row, measured
from benchmarks.accuracy.training import trained

NETWORKS: dict[str, Callable[[], Data]] = {
    "residual": digits,
    "depthwise": digits,
    "transformer": digits,
    "series": power_demand,
    "recurrent": vowels,
}


def main(names: Sequence[str]) -> None:
    """Measure the named networks, or all."""
    unknown = set(names) - set(NETWORKS)
    if unknown:
        sys.exit(f"Unknown network {', '.join(sorted(unknown))}; there are {', '.join(NETWORKS)}.")
    rows = [_row(name) for name in names or NETWORKS]
    print("\n".join(table(rows)))


def _row(name: str) -> Row:
    data = NETWORKS[name]()
    model: onnx.ModelProto = trained(name, data)
    return measured(name, model, data, lambda line: print(line, file=sys.stderr, flush=True))


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a Markdown table, accuracies in percent of the test samples."""
    columns = list(rows[0].accuracy)
    lines = [
        f"| network | parameters | test samples | {' | '.join(columns)} |",
        f"|---|---|---|{'---|' * len(columns)}",
    ]
    for row in rows:
        figures = " | ".join(f"{100 * row.accuracy[column]:.1f}" for column in columns)
        lines.append(f"| {row.network} | {row.parameters:,} | {row.samples:,} | {figures} |")
    return lines


if __name__ == "__main__":
    main(sys.argv[1:])
