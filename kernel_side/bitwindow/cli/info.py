"""``bitwindow info``: what a session file or a model file holds, read without running anything."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import numpy as np

from bitwindow.cli.model_info import describe_model
from bitwindow.errors import SettingError
from bitwindow.evaluate.memory import FLOAT_BYTES, bytes_each
from bitwindow.model.load import model_suffixes
from bitwindow.session.load import printable, read
from bitwindow.session.record import SessionRecord
from bitwindow.session.tree import AS_LEAVES

if TYPE_CHECKING:
    from bitwindow.cli.subcommands import Subcommands

LONGEST_REASON = 70


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "info",
        help="list the sites, types and sizes of a .bitwindow or model file",
        description="Lists what a .bitwindow, .onnx or other model file holds. Nothing of the file is imported or run.",
    )
    parser.add_argument("model", metavar="MODEL", type=Path, help="a .bitwindow file, or a model file such as net.onnx")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the file's content."""
    path: Path = arguments.model
    suffix = path.suffix.lower()
    if suffix not in {".bitwindow", *model_suffixes()}:
        raise SettingError(
            f"MODEL: wanted a .bitwindow file or a model file ({', '.join(model_suffixes())}), got {str(path)!r}. Save "
            "a session with q.save(...)."
        )
    lines = describe(read_any_parameters(path)) if suffix == ".bitwindow" else describe_model(path)
    for line in lines:
        print(printable(line))
    return 0


def read_any_parameters(path: Path) -> SessionRecord:
    """Return a file's record; parameters with nodes of classes that only the user has come as a list of leaves."""
    return read(path, params=AS_LEAVES)


def describe(record: SessionRecord) -> Iterator[str]:
    """Yield the lines that describe a session."""
    modes, formats = record.modes, record.assignment.formats
    yield f"model        {record.name or 'without a name'}"
    held = "not in the file; loading asks for it" if record.origin is None else "in the file"
    yield f"function     {record.source or 'unknown'} ({held})"
    yield f"parameters   {record.parameter_count:,}"
    yield f"calibration  {record.calibration.samples:,} samples"
    yield f"types        scheme {record.scheme}, {record.word_length} bits"
    bits = modes.accumulator_bits
    accumulator = "exact" if bits is None else f"{bits} bits, {modes.accumulator_overflow}"
    yield f"modes        rounding {modes.rounding}, overflow {modes.overflow}, accumulator {accumulator}"
    sizes = parameter_sizes(record)
    if sizes:
        before = FLOAT_BYTES * sum(sizes.values())
        after = sum(size * bytes_each(formats[site]) for site, size in sizes.items())
        yield f"memory       {before:,} bytes as float32, {after:,} quantized ({len(sizes)} parameter sites)"
    width = max((len(site) for site in formats), default=0)
    yield ""
    yield f"{'site':<{width}}  {'type':<12} {'values':>9}  reason"
    for site, fmt in formats.items():
        reason = "; ".join(filter(None, (record.assignment.flags.get(site), record.assignment.reasons[site])))
        shown = reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 3] + "..."
        yield f"{site:<{width}}  {fmt!s:<12} {f'{sizes[site]:,}' if site in sizes else '':>9}  {shown}".rstrip()


def parameter_sizes(record: SessionRecord) -> dict[str, int]:
    """Return how many values each site has whose name is a parameter's path in the pytree (``conv1/kernel``)."""
    sizes = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(record.params):
        name = "/".join(str(getattr(step, "key", getattr(step, "idx", getattr(step, "name", step)))) for step in path)
        if name in record.assignment.formats:
            sizes[name] = int(np.size(leaf))
    return sizes
