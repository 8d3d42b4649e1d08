"""One engine per state folder: an advisory lock that the kernel releases even after ``kill -9``."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from driftline.errors import StateFolderInUse


class StateFolderLock:
    """Exclusive use of a state folder, held until :meth:`release` or the end of the process.

    Raises
    ------
    StateFolderInUse
        Another process holds it; the message names that process.
    """

    def __init__(self, state_dir: Path, name: str = "lock") -> None:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = state_dir / name
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 4096, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise StateFolderInUse(
                f"state folder {state_dir} is in use by {holder or 'another process'}: stop it, "
                "or choose another folder with DRIFTLINE_STATE_DIR"
            ) from error
        os.ftruncate(descriptor, 0)
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200]
        os.pwrite(descriptor, f"process {os.getpid()} ({command})".encode(), 0)
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the folder back; harmless when already done."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
