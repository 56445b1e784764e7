"""Reading a session file."""

from __future__ import annotations

import os

from bitwindow.errors import SessionFileError
from bitwindow.session.archive import MANIFEST, open_archive
from bitwindow.session.manifest import parse_manifest, read_manifest
from bitwindow.session.record import SessionRecord
from bitwindow.session.tree import Tree


def read(path: str | os.PathLike[str], params: Tree = None) -> SessionRecord:
    """Return the session that a ``.bitwindow`` file holds.

    Nothing of the file is executed, imported or written to the disk, and what it declares is checked before it is
    unpacked.

    Args:
        path: the file.
        params: a pytree whose structure the parameters take; only needed where they were saved with nodes of other
        classes
            than dict, list, tuple and named tuple.

    Raises:
        SessionFileError: the file is missing, damaged, no session, or written by a newer version.
    """
    with open_archive(path) as entry:
        try:
            return read_manifest(parse_manifest(entry(MANIFEST)), entry, params)
        except SessionFileError as error:
            # An entry's own errors name the file already.
            message = str(error) if str(error).startswith(str(path)) else f"{path}: {error}"
            raise SessionFileError(message) from error


def missing_function(path: str | os.PathLike[str], record: SessionRecord) -> SessionFileError:
    """Return the error for a session whose model is a plain function, opened without that function.

    Args:
        path: the file.
        record: what was read from it.
    """
    came_from = f"It was {printable(record.source)} when the file was saved. " if record.source else ""
    return SessionFileError(
        f"{path}: wanted fn=, the model's function fn(params, *inputs): the file holds its parameters, not its code. "
        f'{came_from}Import it and pass it: bitwindow.load("{path}", fn=...).'
    )


def printable(text: str) -> str:
    r"""Return text from a file with everything that is not printable escaped, so that it cannot steer a terminal.

    >>> printable("conv1" + chr(27) + "[2J")
    'conv1\\x1b[2J'
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
