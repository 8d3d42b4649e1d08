"""What processes use, as the kernel counts it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self


def cpu_seconds(pid: int) -> float:
    """Time on a processor of all threads of a process, to the nanosecond (``times`` counts in 10 ms)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


def proportional_bytes(pids: Sequence[int]) -> int:
    """Memory of processes: their own pages, and of shared ones the share that is theirs (PSS)."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # a worker that has just ended
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total * 1024


class PeakMemory:
    """The most that processes took together until the block ended, looked at twice a second."""

    def __init__(self, pids: Callable[[], Sequence[int]]) -> None:
        self._pids = pids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.peak_bytes = max(self.peak_bytes, proportional_bytes(self._pids()))
            self._stop.wait(max(0.1, 0.5 - (time.monotonic() - began)))
