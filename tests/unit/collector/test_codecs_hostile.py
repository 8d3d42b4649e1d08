"""Bodies made to exhaust the worker: each is read or refused in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from collector.codecs.json_body import PARSED_BYTES
from tests.payloads.hostile import BODIES, LARGEST

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of the resident set is read from /proc")
def test_memory_is_bounded() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.payloads.hostile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    measured = {found["name"]: found for found in map(json.loads, ran.stdout.splitlines())}
    assert set(measured) == set(BODIES)
    for found in measured.values():
        assert found["bytes"] <= LARGEST + 1024
        assert found["grown"] <= PARSED_BYTES + 2 * found["bytes"], found
    unread = {name for name, found in measured.items() if found["outcome"] != "decoded"}
    assert set(BODIES) - unread == {"bytes"}, "the others are no messages, or too large to be read"
