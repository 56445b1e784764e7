"""``python -m bitwindow``: the command line."""

import sys

from bitwindow.cli import main

if __name__ == "__main__":
    sys.exit(main())
