"""Finds a Chromium for the browser tests; with --install, brings one in where the machine has none.

The order: the environment variable CHROME, a Chromium or Chrome on the PATH, Playwright's own download, and (as root on
Debian or Ubuntu, with --install) the distribution's package. Prints the path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = """\
The browser tests need Chromium, and none was found (looked at $CHROME, the PATH and Playwright's own).
Do one of these, then run make test again:
    .venv/bin/python -m playwright install --with-deps chromium
    apt-get install chromium           (Debian, as root)
    export CHROME=/path/to/chrome      (one that you have)"""


def installed() -> str | None:
    """The path of a browser that is already here, or None."""
    return on_path() or playwright_default()


def on_path() -> str | None:
    """The browser that CHROME names, else the first known one on the PATH, else None.

    Raises:
        FileNotFoundError: CHROME names a file that does not exist.
    """
    named = os.environ.get("CHROME")
    if named:
        found = shutil.which(named)
        if found is None:
            msg = f"CHROME should name a Chromium to start, and {named!r} is not an executable file"
            raise FileNotFoundError(msg)
        return found
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def playwright_default() -> str | None:
    """The path of Playwright's own Chromium when it has been downloaded.

    Asked in a process of its own: Playwright's synchronous interface cannot start twice in one.
    """
    question = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
    )
    asked = subprocess.run([sys.executable, "-c", question], check=False, capture_output=True, text=True)
    path = asked.stdout.strip()
    return path if asked.returncode == 0 and Path(path).exists() else None


def install() -> str | None:
    """Brings a browser in by the means this machine has; None when all fail."""
    attempts: list[list[list[str]]] = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempts[0].append([sys.executable, "-m", "playwright", "install-deps", "chromium"])
        attempts.append([["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]])
    for commands in attempts:
        for command in commands:
            print("No Chromium here, trying:", " ".join(command), file=sys.stderr)
            subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if (found := installed()) and starts(found):
            return found
    return None


def starts(browser: str) -> bool:
    """Whether the browser finds all its libraries (it prints its version)."""
    asked = subprocess.run([browser, "--version", "--no-sandbox"], check=False, capture_output=True, timeout=60)
    return asked.returncode == 0


def main() -> None:
    """Prints the path of the browser, or says what to do and exits with 1."""
    found = installed()
    if found is None and "--install" in sys.argv[1:]:
        found = install()
    if found is None:
        sys.exit(MISSING)
    print(found)


if __name__ == "__main__":
    main()
