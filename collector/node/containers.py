"""Which container a process lives in, told by its cgroup and by names that need no API server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from collector.node.reading import Container

CONTAINER_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_LOG_LINK = re.compile(r"([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log")
LONGEST_CGROUP_FILE = 65536


def cgroup_path(proc: Path, pid: int) -> str | None:
    """Path of a process in the cgroup v2 hierarchy, or ``None`` when it is not in one or is gone.

    The hierarchy of version 2 is the line with number 0; on a machine with both versions its path may be
    the root, which says nothing.
    """
    try:
        with (proc / str(pid) / "cgroup").open(encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read(LONGEST_CGROUP_FILE).splitlines()
    except OSError:
        return None
    return next((line[3:] for line in lines if line.startswith("0::")), None)


def container_id(proc: Path, pid: int) -> str | None:
    """Id that the container runtime gave the container of a process, from any hierarchy of its cgroups."""
    try:
        with (proc / str(pid) / "cgroup").open(encoding="utf-8", errors="surrogateescape") as file:
            # The innermost id is the container's: runtimes may nest.
            found = CONTAINER_ID.findall(file.read(LONGEST_CGROUP_FILE))
    except OSError:
        return None
    return found[-1] if found else None


class ContainerNames:
    """Names of containers by their runtime's id.

    They come from the links that the kubelet keeps in ``/var/log/containers``, named
    ``POD_NAMESPACE_CONTAINER-ID.log`` (nothing is opened), and from a list of pods where one is read.

    Parameters
    ----------
    folder
        Where the links are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._linked: dict[str, Container] = {}
        self._listed: Mapping[str, Container] = {}
        self._looked = False

    def begin_round(self) -> None:
        """Allow one look into the folder again."""
        self._looked = False

    def tell(self, listed: Mapping[str, Container]) -> None:
        """Take over names from a list of pods; replaces those of the last list."""
        self._listed = listed

    def name(self, identity: str) -> Container | None:
        """Name of the container, or ``None``; an unknown one makes it look once a round."""
        known = self._linked.get(identity) or self._listed.get(identity)
        if known is None and not self._looked:
            self._looked = True
            self._linked = self._look()
            known = self._linked.get(identity)
        return known

    def _look(self) -> dict[str, Container]:
        try:
            names = [entry.name for entry in self._folder.iterdir()]
        except OSError:
            return {}
        return {
            found[4]: Container(found[2], found[1], found[3])
            for name in names
            if (found := _LOG_LINK.fullmatch(name)) is not None
        }
