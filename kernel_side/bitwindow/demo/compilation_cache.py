"""Where compiled steps outlive the process: JAX's persistent compilation cache, in the user's own cache folder."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

OVERRIDE = "BITWINDOW_CACHE_DIR"
"""The environment variable that names another folder; empty: no cache at all."""


def cache_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the folder for compiled steps by the platform's convention, or None where the user wants none.

    ``$BITWINDOW_CACHE_DIR``, else ``bitwindow`` in ``$XDG_CACHE_HOME`` (by default ``~/.cache``), in
    ``~/Library/Caches`` on macOS, and in ``%LOCALAPPDATA%`` on Windows.

    >>> cache_folder({"BITWINDOW_CACHE_DIR": ""}) is None
    True
    """
    chosen = environment.get(OVERRIDE)
    if chosen is not None:
        return Path(chosen).expanduser() if chosen else None
    return _convention(environment) / "bitwindow" / "compiled"


def _convention(environment: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def cache_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that switch JAX's cache on for a process started with them.

    What the user has set for JAX wins. Where the folder cannot be made or written to, there are none: compiling again
    is no error.
    """
    folder = cache_folder(environment)
    if folder is None or "JAX_COMPILATION_CACHE_DIR" in environment:
        return {}
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return {}
    wanted = {
        "JAX_COMPILATION_CACHE_DIR": str(folder.resolve()),
        # A network's steps are many and small: without these JAX keeps none of them.
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    return {name: value for name, value in wanted.items() if name not in environment}
