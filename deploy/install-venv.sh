#!/bin/sh
# Debian and Ubuntu ship Python without its venv module: install it where we may, else say what to do.
set -eu
python=$1
venv=$2
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ "$(id -u)" = 0 ]; then run=""; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then run="sudo"; else
    echo "python3-venv is missing: install it with 'apt-get install python${version}-venv' and run make again" >&2
    exit 1
fi
rm -rf "$venv"
$run apt-get update -q >/dev/null
$run apt-get install -y -q "python${version}-venv" >/dev/null
"$python" -m venv "$venv"
