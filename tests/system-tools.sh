#!/bin/sh
# Installs what tests need besides Python packages, where it may (root or sudo): a Chromium for the pages, and the
# shared library of this Python for Triton's Python backend. Without Chromium the browser test says why it is
# skipped; without the library the tests with Triton fail and say so.
set -eu
missing=""
command -v chromium >/dev/null || missing="chromium fonts-liberation fonts-noto-core"
library=$(.venv/bin/python -c '
import ctypes.util, glob, sys, sysconfig
version = "%d.%d" % sys.version_info[:2]
own = glob.glob("%s/libpython%s.so*" % (sysconfig.get_config_var("LIBDIR"), version))
print("" if own or ctypes.util.find_library("python" + version) else "libpython" + version)
')
missing="$missing $library"
[ -n "${missing# }" ] || exit 0
command -v apt-get >/dev/null || exit 0
if [ "$(id -u)" = 0 ]; then run=""; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then run="sudo"; else
    echo "system-tools: cannot be installed without root:$missing" >&2
    exit 0
fi
$run apt-get update -q >/dev/null || true
for package in $missing; do
    $run apt-get install -y -q --no-install-recommends "$package" >/dev/null \
        || echo "system-tools: $package could not be installed" >&2
done
