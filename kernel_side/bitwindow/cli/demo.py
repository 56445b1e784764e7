"""``bitwindow demo``: the first look, in JupyterLab."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bitwindow.cli.subcommands import Subcommands

HIGHEST_PORT = 65535


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="open JupyterLab on a trained network for handwritten digits",
        description="Puts a copy of the first-look notebook into a folder, runs its cells, and opens it in JupyterLab. "
        "An edited copy is never overwritten: the new one gets a number.",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("bitwindow-demo"),
        help="for the notebook's copy (default: bitwindow-demo, here)",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=8888,
        help="to listen on at 127.0.0.1 (default: 8888); the next free one when it is in use; 0 for any",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address and open no page")
    parser.add_argument("--no-run", action="store_true", help="leave the cells for you to run")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show the demo until the user ends it."""
    from bitwindow.demo.launch import launch

    launch(arguments.folder, port=arguments.port, browser=not arguments.no_browser, run=not arguments.no_run)
    return 0


def port(text: str) -> int:
    """Return a port's number.

    Raises:
        argparse.ArgumentTypeError: the text is none.
    """
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"wanted a port from 0 to {HIGHEST_PORT}, got {text!r}")
    return int(text)
