"""The times of a round, each from the clock that is right for its purpose."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment.

    Attributes
    ----------
    wall
        Epoch seconds; steps when the clock is set. For time stamps only.
    monotonic
        Seconds that never step. For lengths of intervals.
    since_boot
        Seconds since boot, as the kernel dates processes.
    """

    wall: float
    monotonic: float
    since_boot: float


Clock = Callable[[], Moment]


def system_clock() -> Moment:
    """Now."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    else:
        since_boot = time.time() - psutil.boot_time()
    return Moment(time.time(), time.monotonic(), since_boot)
