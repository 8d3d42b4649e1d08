"""Alibaba's gpushare has no metrics: what a container was given stands in its processes' environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import nan
from pathlib import Path

from collector.node.reading import Container, Owner, Reading, Round, ServingProcess, User, UserReading

PREFIX = "ALIYUN_COM_GPU_MEM_"
GIB = float(2**30)
MIB = float(2**20)
LARGEST_ENVIRONMENT = 2**20
LARGEST_GIB = 1024
"""Units up to this number are GiB, above it MiB: the plug-in counts in either and does not say which."""


class GpushareSource:
    """Reads ``ALIYUN_COM_GPU_MEM_{IDX,CONTAINER,POD,DEV}`` of the workloads' processes.

    It tells what was allocated, not what is used. Needs the right to read other users' environments
    (root, or ``SYS_PTRACE``); processes that cannot be read are counted once.

    Parameters
    ----------
    proc
        Where processes are found.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        # An environment is read once in a process's life: it is that of its start.
        self._known: dict[tuple[int, float], tuple[UserReading, ...]] = {}

    @property
    def name(self) -> str:
        return "gpushare"

    def read(self, this: Round) -> Reading:
        dropped: Counter[str] = Counter()
        known: dict[tuple[int, float], tuple[UserReading, ...]] = {}
        users: dict[tuple[str, Container | Owner], UserReading] = {}
        for process in this.processes:
            key = (process.pid, process.started)
            found = self._known.get(key)
            known[key] = found = self._environment(process, dropped) if found is None else found
            # Every process of a container carries the same words: they count once.
            user = process.container or process.owner
            for reading in found:
                users.setdefault(
                    (reading.device, user), replace(reading, user=process.container or process.pid)
                )
        self._known = known
        return Reading(self.name, users=list(users.values()), dropped=dropped)

    def close(self) -> None:
        """Nothing is held."""

    def _environment(self, process: ServingProcess, dropped: Counter[str]) -> tuple[UserReading, ...]:
        try:
            with (self._proc / str(process.pid) / "environ").open("rb") as file:
                raw = file.read(LARGEST_ENVIRONMENT)
        except PermissionError:
            dropped["environment_denied"] += 1
            return ()
        except OSError:
            return ()
        pairs = (entry.partition(b"=") for entry in raw.split(b"\0"))
        wanted = {
            name.decode("ascii", "replace"): value.decode("ascii", "replace")
            for name, _, value in pairs
            if name.startswith(PREFIX.encode()) or name == b"NVIDIA_VISIBLE_DEVICES"
        }
        return tuple(allocations(wanted, process.pid))


def allocations(given: Mapping[str, str], user: User) -> list[UserReading]:
    """What a container was given, from its environment or its pod's annotations.

    >>> told = {"ALIYUN_COM_GPU_MEM_IDX": "1", "ALIYUN_COM_GPU_MEM_CONTAINER": "4",
    ...         "ALIYUN_COM_GPU_MEM_DEV": "16"}
    >>> [(share.device, share.memory_allocated) for share in allocations(told, 7)]
    [('gpu1', 0.25)]
    """
    mine = _number(given.get(f"{PREFIX}CONTAINER") or given.get(f"{PREFIX}POD"))
    of_card = _number(given.get(f"{PREFIX}DEV"))
    if mine is None:
        return []
    cards = given.get(f"{PREFIX}IDX") or given.get("NVIDIA_VISIBLE_DEVICES") or ""
    share = min(1.0, mine / of_card) if of_card else nan
    return [
        UserReading(
            device=f"gpu{card}" if card.isascii() and card.isdigit() else card,
            user=user,
            memory_allocated=share,
            memory_allocated_bytes=unit_bytes(max(mine, of_card or 0.0)) * mine,
        )
        for card in (part.strip() for part in cards.split(","))
        if (card.isascii() and card.isdigit()) or card.startswith(("GPU-", "MIG-"))
    ]


def unit_bytes(amount: float) -> float:
    """Bytes of one unit of ``aliyun.com/gpu-mem``, judged by an amount in that unit."""
    return GIB if amount <= LARGEST_GIB else MIB


def _number(text: str | None) -> float | None:
    return (
        float(text) if text and text.isascii() and text.isdigit() and len(text) < 12 and int(text) else None
    )
