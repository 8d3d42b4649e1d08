"""Where the spool is and how large it may become."""

from __future__ import annotations

from dataclasses import dataclass

from driftline.errors import InvalidInput

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpoolOptions:
    """Bounds of one spool.

    Attributes
    ----------
    folder
        Belongs to one worker at a time; made when it is missing.
    max_bytes
        Largest size of all segments together. Beyond it the newest events are dropped.
    max_age_seconds
        Longest time that events wait for ClickHouse.
    segment_bytes, segment_events
        A segment is closed before it passes one of them. One segment is in memory while it is shipped.
    fsync
        Write every record through to the disk before it counts as accepted. Without it an accepted event
        survives the end of the process in any way, but not a power cut.
    """

    folder: str
    max_bytes: int = 512 * _MIB
    max_age_seconds: float = 24 * 3600.0
    segment_bytes: int = 4 * _MIB
    segment_events: int = 20_000
    fsync: bool = False

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_age_seconds", "segment_bytes", "segment_events"):
            value = getattr(self, name)
            if value <= 0:
                raise InvalidInput(f"{name} of the spool must be above 0, got {value!r}")

    @property
    def coverage_bytes(self) -> int:
        """Room that events leave free, so that what is dropped can still be counted on disk."""
        return min(_MIB, self.max_bytes // 16)
