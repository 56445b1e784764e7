"""The type of what ``add_subparsers`` returns, which argparse does not name in public."""

from __future__ import annotations

import argparse
from typing import Protocol


class Subcommands(Protocol):
    """What a command needs of it."""

    def add_parser(self, name: str, *, help: str, description: str) -> argparse.ArgumentParser:  # noqa: A002
        """Add a command and return its parser."""
        ...
