"""CPU time and memory of a cgroup v2, as the kernel accounts them for everything that ever ran in it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path, PurePosixPath

MICROSECONDS = 1e6
DEEPEST = 8
"""Levels below the root that are searched; Kubernetes uses five."""
LARGEST_FILE = 2**20


@dataclass(frozen=True, slots=True)
class CgroupReading:
    """Counters of one cgroup with all below it; NaN is what the kernel does not tell.

    Attributes
    ----------
    key
        Path and inode: a cgroup that is made anew under an old path is another one.
    usage_seconds, throttled_seconds
        CPU time used, and time it was kept waiting by its limit, since it was made.
    memory_bytes
        Memory in use without file pages that can be dropped (the working set).
    memory_limit_bytes, cpu_limit_cores
        Its own limits; ``inf`` when it has none.
    """

    key: tuple[str, int]
    pids: frozenset[int]
    usage_seconds: float
    throttled_seconds: float
    memory_bytes: float
    memory_limit_bytes: float
    cpu_limit_cores: float


class CgroupTree:
    """The cgroup v2 tree of this node.

    Parameters
    ----------
    root
        Where it is mounted. Without ``cgroup.controllers`` there it is not one, and nothing is read.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_name: dict[str, Path] = {}
        self._walked = False

    def begin_round(self) -> None:
        """Allow one search through the tree again."""
        self._walked = False

    def read(self, path: str) -> CgroupReading | None:
        """Reading of the cgroup that a process's ``/proc/PID/cgroup`` names.

        ``None`` for the root (which is the whole node), for what is gone, and without cgroup v2.
        """
        folder = self._locate(path)
        if folder is None:
            return None
        try:
            usage = _fields(folder / "cpu.stat")
            inode = folder.stat().st_ino
            if "usage_usec" not in usage:
                return None
            return CgroupReading(
                key=(str(folder), inode),
                pids=frozenset(_pids(folder)),
                usage_seconds=usage["usage_usec"] / MICROSECONDS,
                throttled_seconds=usage.get("throttled_usec", nan) / MICROSECONDS,
                memory_bytes=_working_set(folder),
                memory_limit_bytes=_limit(folder / "memory.max"),
                cpu_limit_cores=_cpu_limit(folder / "cpu.max"),
            )
        except OSError:
            return None

    def _locate(self, path: str) -> Path | None:
        parts = PurePosixPath(path).parts
        names = [part for part in parts if part not in ("/", "..")]
        if not names or not (self._root / "cgroup.controllers").exists():
            return None
        if ".." not in parts:
            folder = self._root.joinpath(*names)
            return folder if folder.is_dir() else None
        # Seen from another cgroup namespace: relative to a place we do not know. But the last name holds
        # the container's id, so it is found once in the whole tree.
        known = self._by_name.get(names[-1])
        if (known is None or not known.is_dir()) and not self._walked:
            self._walked = True
            found = list(_folders(self._root, DEEPEST))
            often = Counter(folder.name for folder in found)
            self._by_name = {folder.name: folder for folder in found if often[folder.name] == 1}
            known = self._by_name.get(names[-1])
        return known if known is not None and known.is_dir() else None


def _folders(root: Path, depth: int) -> Iterator[Path]:
    try:
        with os.scandir(root) as entries:
            below = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for folder in below:
        yield folder
        if depth > 1:
            yield from _folders(folder, depth - 1)


def _pids(folder: Path) -> Iterator[int]:
    for place in (folder, *_folders(folder, DEEPEST)):
        try:
            text = _text(place / "cgroup.procs")
        except OSError:
            continue
        yield from (int(word) for word in text.split() if word.isdigit())


def _text(path: Path) -> str:
    with path.open(encoding="ascii", errors="replace") as file:
        return file.read(LARGEST_FILE)


def _fields(path: Path) -> dict[str, float]:
    pairs = (line.split() for line in _text(path).splitlines())
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2 and _is_count(pair[1])}


def _working_set(folder: Path) -> float:
    try:
        current = _text(folder / "memory.current").strip()
        if not _is_count(current):
            return nan
        return max(0.0, float(current) - _fields(folder / "memory.stat").get("inactive_file", 0.0))
    except OSError:
        return nan


def _limit(path: Path) -> float:
    try:
        text = _text(path).strip()
    except OSError:
        return nan
    return inf if text == "max" else float(text) if _is_count(text) else nan


def _cpu_limit(path: Path) -> float:
    try:
        words = _text(path).split()
    except OSError:
        return nan
    if len(words) != 2 or not _is_count(words[1]) or float(words[1]) == 0:
        return nan
    return inf if words[0] == "max" else float(words[0]) / float(words[1]) if _is_count(words[0]) else nan


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
