"""Ages that survive a wall clock that is set, and a process that ends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

LONGEST_CREDIBLE_SECONDS = 366 * 86_400.0
"""A larger difference of wall clocks is a clock that was wrong, not time that passed."""

_UNKNOWN_BOOT = bytes(16)
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time by two clocks: the wall's, and the one that runs evenly while the machine is up.

    Attributes
    ----------
    wall_ms
        Unix milliseconds.
    boot_ms
        Milliseconds since the machine started, sleep included.
    boot_id
        16 bytes that name this start of the machine; zeros when unknown.
    """

    wall_ms: int
    boot_ms: int
    boot_id: bytes

    @classmethod
    def now(cls) -> Moment:
        """The present."""
        return cls(int(time.time() * 1000), int(time.clock_gettime(_BOOT_CLOCK) * 1000), _boot_id())

    def is_of_this_boot(self) -> bool:
        """Whether the machine has not been restarted since; ``False`` when that is unknown."""
        return self.boot_id == _boot_id() != _UNKNOWN_BOOT

    def seconds_until(self, later: Moment) -> float:
        """Seconds from here to ``later``, never negative.

        Within one start of the machine by its even clock, whatever the wall clock does. Across a restart only
        the wall clocks are left: a negative or absurd difference counts as none, so that events are rather
        kept too long than lost to a clock that was set.
        """
        if self.boot_id == later.boot_id != _UNKNOWN_BOOT:
            return max(0.0, (later.boot_ms - self.boot_ms) / 1000)
        seconds = (later.wall_ms - self.wall_ms) / 1000
        return seconds if 0 <= seconds <= LONGEST_CREDIBLE_SECONDS else 0.0


@cache
def _boot_id() -> bytes:
    try:
        return UUID(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()).bytes
    except (OSError, ValueError):
        return _UNKNOWN_BOOT
