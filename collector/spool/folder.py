"""The folder of a spool: held by one worker, and what earlier ones left in it."""

from __future__ import annotations

import fcntl
import os
import re
import time
from pathlib import Path
from uuid import UUID, uuid4

from collector.spool.segment import Segment, UnreadableSegment, inspect_segment
from driftline.logs import get_logger

_log = get_logger(__name__)

NEWER = ".newer"
"""Ending of a segment that a later version wrote: that version finds it again."""
DAMAGED = ".damaged"
UNFINISHED = ".tmp"
"""Ending of a replacement that was not put in its place; the original is still there."""
_NAME = re.compile(r"(\d{16})-([0-9a-f]{32})\.segment(\.newer)?")
_POLL_SECONDS = 0.02


class FolderInUse(OSError):
    """Another worker holds the folder."""


class SpoolFolder:
    """Exclusive use of a folder until :meth:`release` or the end of the process, in whatever way it ends.

    Parameters
    ----------
    path
        Made when it is missing, readable by its owner only.
    wait_seconds
        Time that an earlier worker is given to end.

    Raises
    ------
    OSError
        The folder cannot be made or written, or (:class:`FolderInUse`) another worker holds it.
    """

    def __init__(self, path: Path, wait_seconds: float) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock: int | None = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._sequence = 0
        self.set_aside = 0
        try:
            self._await_lock(time.monotonic() + wait_seconds)
        except BaseException:
            self.release()
            raise

    def exists(self) -> bool:
        """Whether nobody removed the folder meanwhile."""
        return (self.path / "lock").exists()

    def release(self) -> None:
        """Give the folder back; harmless when already done."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def next_segment(self) -> tuple[Path, UUID]:
        """Name and id of a new segment, after all others."""
        self._sequence += 1
        uuid = uuid4()
        return self.path / f"{self._sequence:016d}-{uuid.hex}.segment", uuid

    def leftovers(self) -> list[Segment]:
        """Segments of earlier workers, oldest first. What cannot be read is set aside, never deleted."""
        found = []
        for name in sorted(os.listdir(self.path)):
            match = _NAME.fullmatch(name)
            if match is None:
                self.set_aside += name.endswith(DAMAGED)
                if name.endswith(UNFINISHED):
                    (self.path / name).unlink()
                continue
            self._sequence = max(self._sequence, int(match[1]))
            segment = self._leftover(self.path / name, UUID(hex=match[2]))
            if segment is not None:
                found.append(segment)
        if found:
            # Segments are sent in turn, each deleted before the next: only the first can be half-way.
            found[0].uncertain = True
        return found

    def _leftover(self, path: Path, uuid: UUID) -> Segment | None:
        known = path.with_name(path.name.removesuffix(NEWER))
        try:
            segment = inspect_segment(path, uuid)
        except UnreadableSegment as error:
            self.set_aside += 1
            aside = known.with_name(known.name + (NEWER if error.newer else DAMAGED))
            _log.error(
                "a segment of the spool cannot be read and is set aside", path=str(aside), error=str(error)
            )
            path.rename(aside)
            return None
        if path != known:
            path.rename(known)
            segment.path = known
            segment.uncertain = True  # the version that wrote it may have sent it
        return segment

    def _await_lock(self, deadline: float) -> None:
        assert self._lock is not None
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    raise FolderInUse(f"another worker uses the spool folder {self.path}") from error
            time.sleep(_POLL_SECONDS)
