#!/bin/sh
# Ends with a plain message where Node 20 and npm are missing.
if command -v npm >/dev/null 2>&1 && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null; then
    exit 0
fi
cat >&2 <<END
bitwindow's JupyterLab extension is built with Node 20 or newer and npm; found: node $(node --version 2>/dev/null || echo 'none').
Install Node (on Debian or Ubuntu: apt-get install nodejs npm; or any other way), then run make again.
END
exit 1
