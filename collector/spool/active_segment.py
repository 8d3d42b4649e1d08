"""The segment that is being written."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

from collector.coverage import Source
from collector.spool.clock import Moment
from collector.spool.record import SourceRows
from collector.spool.segment import Segment, segment_header

_MOST_BUFFERS = 512
"""A single call takes at most IOV_MAX buffers, 1024 on Linux."""


class ActiveSegment:
    """An open file that records are appended to; a record is in it whole or not at all.

    Parameters
    ----------
    path, uuid
        Of the new file.
    fsync
        Write through to the disk.
    """

    def __init__(self, path: Path, uuid: UUID, *, fsync: bool) -> None:
        self._path = path
        self._uuid = uuid
        self._fsync = fsync
        self._created = Moment.now()
        self._opened_at = time.monotonic()
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        self._rows: Counter[Source] = Counter()
        self.size = 0
        self.events = 0
        self.broken = False

    @property
    def age_seconds(self) -> float:
        """Time since it was opened."""
        return time.monotonic() - self._opened_at

    def append(self, buffers: Sequence[bytes], sources: Iterable[SourceRows]) -> int:
        """Write a record (the header first, when it is the first) and return the bytes that were added.

        Raises
        ------
        OSError
            Nothing was added. ``broken`` tells when that took leaving a torn end, after which nothing may
            follow.
        """
        if self.size == 0:
            buffers = [segment_header(self._uuid, self._created), *buffers]
        if len(buffers) > _MOST_BUFFERS:
            buffers = [b"".join(buffers)]
        wanted = sum(map(len, buffers))
        try:
            written = os.writev(self._descriptor, buffers)
            if written < wanted:
                raise OSError(errno.ENOSPC, "the disk took only a part of a record", str(self._path))
            if self._fsync:
                self._sync()
        except OSError:
            self._roll_back()
            raise
        self.size += wanted
        for source, rows in sources:
            self._rows[source] += rows
            self.events += rows
        return wanted

    def close(self) -> Segment | None:
        """Close the file; ``None`` when nothing is in it, and then it is gone. Raises nothing."""
        with contextlib.suppress(OSError):  # what was written counts as accepted already
            os.close(self._descriptor)
        if self.size == 0:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            return None
        return Segment(
            self._path, self._uuid, self._created, self.size, uncertain=False, rows=dict(self._rows)
        )

    def _sync(self) -> None:
        os.fdatasync(self._descriptor)
        if self.size == 0:
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _roll_back(self) -> None:
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError:
            self.broken = True
