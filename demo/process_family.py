"""What a program has started: found, waited for, and ended when it outlives the program."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

FAREWELL_SECONDS = 2.0
KILL_SECONDS = 10.0
POLL_SECONDS = 0.05


def descendants(pid: int) -> list[psutil.Process]:
    """All processes below one, none when it has ended."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def end_family(leader: int, known: Iterable[psutil.Process]) -> None:
    """Give what an ended program has left behind two seconds to end too, then kill it.

    Parameters
    ----------
    leader
        Process id of the program, which led a session of its own.
    known
        Its descendants as they were before it ended.
    """
    family = [*known, *_session(leader)]
    for survivor in _left_after(family, FAREWELL_SECONDS):
        with suppress(psutil.NoSuchProcess):
            survivor.kill()
    _left_after(family, KILL_SECONDS)


def _session(leader: int) -> list[psutil.Process]:
    """Processes of the session that a program leads: also those whose own parent has ended."""
    members = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if process.pid != leader and os.getsid(process.pid) == leader:
                members.append(process)
    return members


def _left_after(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after so long; a zombie, which only its parent can bury, does not."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if _runs(process)]
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        left = [process for process in left if _runs(process)]
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
