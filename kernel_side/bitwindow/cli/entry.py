"""The entry of the command line: which command runs, and what becomes of an error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from bitwindow.cli import demo, doctor, info, quantize
from bitwindow.errors import DataError, ExecutionError, FormatError, ModelError, SessionFileError, SettingError

USER_ERRORS = (DataError, ExecutionError, FormatError, ModelError, SessionFileError, SettingError)
COMMANDS = (demo, doctor, info, quantize)
FAILURE, INTERRUPTED = 1, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments, without the program's name; those of the process when ``None``.

    Returns:
        The exit code: 0 when all went well, 1 when the command failed (the reason is on standard error), 130 when it
        was interrupted. A command line that does not parse ends the process with 2.
    """
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except USER_ERRORS as error:
        print(f"bitwindow {arguments.command}: {error}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        print(f"bitwindow {arguments.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone (as in `bitwindow info ... | head`): there is no one left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    return code


def _parser() -> argparse.ArgumentParser:
    from bitwindow import __version__

    parser = argparse.ArgumentParser(
        prog="bitwindow", description="See what fixed point does to a neural network, and change it by hand."
    )
    parser.add_argument("--version", action="version", version=f"bitwindow {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
