"""Copies the built JupyterLab extensions into the environment that runs this script.

An editable installation copies them once, when it is made; this brings later builds in.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "kernel_side" / "bitwindow" / "labextensions"


def main() -> None:
    """Replaces every installed bundle by the built one of the same name."""
    bundles = sorted(path.parent for path in BUILT.glob("*/package.json"))
    if not bundles:
        sys.exit(f"No built extension in {BUILT}: run `npm run build:prod` first.")
    for bundle in bundles:
        target = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / bundle.name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copy(bundle / "package.json", target)
        shutil.copy(ROOT / "extension" / "install.json", target)
        for folder in ("static", "schemas"):
            if (bundle / folder).is_dir():
                shutil.copytree(bundle / folder, target / folder)


if __name__ == "__main__":
    main()
