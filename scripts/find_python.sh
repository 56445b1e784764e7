#!/bin/sh
# Prints the first Python on this machine that can make the environment: 3.11 or newer, with venv and pip.
# PYTHON=/path/to/python overrides the search.
usable='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'

if [ -n "${PYTHON:-}" ]; then
    candidates="$PYTHON"
else
    candidates="python3 python3.13 python3.12 python3.11 python3.14 python"
fi
for candidate in $candidates; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$usable" >/dev/null 2>&1; then
        # A shim or an active environment may change later: the real interpreter stays.
        "$candidate" -c 'import os, sys; print(os.path.realpath(sys.executable))'
        exit 0
    fi
done

cat >&2 <<'END'
bitwindow needs Python 3.11 or newer with venv and pip; none was found on the PATH (looked for: python3,
python3.11 to python3.14). Install one, on Debian or Ubuntu with
    apt-get install python3 python3-venv
or name one that you have: make install PYTHON=/path/to/python3.12
END
exit 1
