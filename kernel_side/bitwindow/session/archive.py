"""The container of a session file: a zip of ``manifest.json`` and ``arrays/NNNNN.npy``, written whole or not at all.

Nothing in a file is believed before it is checked: entry names, their number, and the sizes they declare are looked
at before one byte is unpacked, and no entry is ever written to the disk.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bitwindow.errors import SessionFileError

MANIFEST = "manifest.json"
ENTRY_NAME = re.compile(r"arrays/[0-9]{5}\.npy")
MOST_ENTRIES = 100_000
MOST_MANIFEST_BYTES = 64 * 2**20
FREE_BYTES = 256 * 2**20
"""A file may always unpack to this many bytes ..."""
EXPANSION = 20
"""... plus this many times its own size, and may have as much read again. What bitwindow writes keeps to it, a zip bomb
cannot."""

Entries = dict[str, bytes]


def write_archive(path: str | os.PathLike[str], entries: Entries) -> None:
    """Write the entries as a zip that appears under its name only when it is complete.

    The zip is written beside the target and moved over it (``os.replace``) after ``fsync``, so a crash leaves the old
    file or the new one, never half of one. A link is followed. Arrays are deflated where that helps and the reader's
    limit allows it.

    Args:
        path: the file to make or to replace.
        entries: contents by entry name.

    Raises:
        SessionFileError: the folder does not exist, or cannot be written.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise SessionFileError(
            f"{path}: wanted an existing folder to save into, got {str(target.parent)!r}. Make it first."
        )
    if target.is_dir():
        raise SessionFileError(f"{path}: wanted the name of a file, got a folder. Give a name such as net.bitwindow.")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with _new_file(temporary) as descriptor, os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                deflated = 0
                for name, content in entries.items():
                    small = is_small(content) and deflated + len(content) <= FREE_BYTES
                    deflated += small * len(content)
                    archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise SessionFileError(
            f"{path}: could not be written ({error.strerror}). An older file of that name is as it was."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def open_archive(path: str | os.PathLike[str]) -> Iterator[Callable[[str], bytes]]:
    """Open a session file; the context is a function from an entry's name to its content.

    Raises:
        SessionFileError: it is missing, not a zip, damaged, or not made as a session file is. Also raised by the
        function for an
            entry that is missing or whose checksum does not fit.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            allowed = _check_entries(path, archive)
            yield _Reader(path=path, archive=archive, repeats_left=allowed)
    except FileNotFoundError:
        raise SessionFileError(
            f"{path}: wanted a session file, and there is no file of that name. Check the path."
        ) from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError) as error:
        raise _damaged(path, f"it is no complete zip archive ({error})") from error
    except OSError as error:
        raise SessionFileError(f"{path}: could not be read ({error.strerror or error}).") from error


@dataclass(kw_only=True)
class _Reader:
    """Gives an entry's content by its name, and keeps count of what is read more than once."""

    path: str | os.PathLike[str]
    archive: zipfile.ZipFile
    repeats_left: int
    seen: set[str] = field(default_factory=set)

    def __call__(self, name: str) -> bytes:
        content = _read(self.path, self.archive, name)
        self.repeats_left -= len(content) if name in self.seen else 0
        if self.repeats_left < 0:
            raise _damaged(self.path, "it takes the same entries many times over")
        self.seen.add(name)
        return content


def _check_entries(path: str | os.PathLike[str], archive: zipfile.ZipFile) -> int:
    """Return how many bytes a file of this size may hold, after a check of what it declares."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(names) > MOST_ENTRIES:
        raise _damaged(path, f"it declares {len(names)} entries, more than {MOST_ENTRIES}")
    strange = [name for name in names if name != MANIFEST and not ENTRY_NAME.fullmatch(name)]
    if strange:
        raise _damaged(path, f"an entry is named {strange[0][:80]!r}")
    if len(set(names)) != len(names):
        raise _damaged(path, "two entries have the same name")
    if MANIFEST not in names:
        raise _damaged(path, f"it has no {MANIFEST}")
    if archive.getinfo(MANIFEST).file_size > MOST_MANIFEST_BYTES:
        raise _damaged(path, f"its {MANIFEST} declares more than {MOST_MANIFEST_BYTES} bytes")
    declared = sum(entry.file_size for entry in entries)
    allowed = FREE_BYTES + EXPANSION * Path(path).stat().st_size
    if declared > allowed:
        raise _damaged(path, f"it declares {declared} bytes of content, and a file of this size may hold {allowed}")
    if any(
        entry.flag_bits & 1 or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        for entry in entries
    ):
        raise _damaged(path, "an entry is encrypted or packed in a way that bitwindow does not use")
    return allowed


def _read(path: str | os.PathLike[str], archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        size = archive.getinfo(name).file_size
        with archive.open(name) as entry:
            content = entry.read(size)
            rest = entry.read(1)  # the checksum is compared when the end is seen
    except KeyError:
        raise _damaged(path, f"the entry {name!r} is missing") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _damaged(path, f"the entry {name!r} cannot be unpacked ({error})") from error
    if rest or len(content) != size:
        raise _damaged(path, f"the entry {name!r} does not have the size that it declares")
    return content


def _damaged(path: str | os.PathLike[str], what: str) -> SessionFileError:
    return SessionFileError(
        f"{path}: wanted a bitwindow session file, but {what}. The file is damaged, or was not written by bitwindow; "
        "use another copy, or save it again from the notebook that made it."
    )


def is_small(content: bytes) -> bool:
    """Whether an entry is deflated, as far as ``FREE_BYTES`` go; large ones stay as they are: weights hardly shrink."""
    return len(content) <= FREE_BYTES // 256


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # a fixed date: the same session gives the same bytes
    entry.external_attr = 0o644 << 16
    return entry


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[int]:
    yield os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
