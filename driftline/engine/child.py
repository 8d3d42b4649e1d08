"""Entry point of the embedded engine: ``python -m driftline.engine.child STATE_DIR PARENT_PID``.

``chdb._chdb.query`` runs the ``clickhouse local`` entry point, whose ``SYSTEM START LISTEN`` turns the
process into a real server until SIGTERM. chdb must be imported before the folder with ``config.xml``
becomes the current one, because it connects once at import.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys

LISTEN_STATEMENTS = (
    "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; "
    "SELECT sleepEachRow(1) FROM system.numbers FORMAT Null SETTINGS max_block_size = 1"
)
"""Opens the ports, then stays busy for ever."""

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int) -> None:
    """Ask Linux for SIGTERM when the supervising thread ends, also when it was killed with SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:
        sys.exit("the supervisor ended before its engine began")


def main() -> None:
    state_dir, parent_pid = sys.argv[1], int(sys.argv[2])
    _chdb = importlib.import_module("chdb._chdb")

    os.chdir(state_dir)
    die_with_parent(parent_pid)
    _chdb.query(LISTEN_STATEMENTS, "CSV", path="data")


if __name__ == "__main__":
    main()
