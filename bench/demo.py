"""How soon a newcomer sees something: seconds from starting ``driftline demo`` to its first screen."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from typing import Any

BAR_SECONDS = 20.0
ENOUGH = b"127.0.0.1"
"""The first screen names the page's address."""


def run() -> list[dict[str, Any]]:
    """Start the demo on a pseudo-terminal, wait for its first screen, stop it; beside bare Python."""
    seconds = _first_screen_seconds()
    bare = _bare_seconds()
    return [
        {
            "bench": "demo",
            "metric": "first_screen",
            "value": round(seconds, 2),
            "unit": "s",
            "bar": f"at most {BAR_SECONDS:.0f}",
            "baseline": "python -c pass",
            "baseline_value": round(bare, 3),
            "ratio": round(seconds / bare, 1),
            "met": seconds <= BAR_SECONDS,
            "sizes": {},
        }
    ]


def _first_screen_seconds() -> float:
    ours, theirs = pty.openpty()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli.main", "demo"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    try:
        while ENOUGH not in seen:
            ready, _, _ = select.select([ours], [], [], 3 * BAR_SECONDS)
            if not ready:
                raise TimeoutError(f"no first screen within {3 * BAR_SECONDS:.0f} s: {seen[-500:]!r}")
            seen += os.read(ours, 65536)
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(ours)


def _bare_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began
