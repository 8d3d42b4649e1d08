#!/bin/sh
# Installs what the browser test needs, where it may (root or sudo). Elsewhere that test says why it is skipped.
set -eu
command -v chromium >/dev/null && exit 0
command -v apt-get >/dev/null || exit 0
if [ "$(id -u)" = 0 ]; then run=""; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then run="sudo"; else
    echo "system-tools: Chromium is missing and cannot be installed without root; the browser test will be skipped" >&2
    exit 0
fi
$run apt-get update -q >/dev/null || true
$run apt-get install -y -q --no-install-recommends chromium fonts-liberation fonts-noto-core >/dev/null \
    || echo "system-tools: Chromium could not be installed; the browser test will be skipped" >&2
