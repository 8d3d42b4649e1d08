"""What one source says about the cards of this node and about who uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Literal, Protocol

Grade = Literal["measured", "apportioned", "device-copied", "unavailable"]
"""What a figure rests on.

``measured``: the source reports this process's or container's own use. ``apportioned``: divided by us by a
stated rule. ``device-copied``: the source copied the card's value onto everyone on it, and nothing tells
how to divide it. ``unavailable``: nobody tells.
"""

GRADES: tuple[Grade, ...] = ("measured", "apportioned", "device-copied", "unavailable")
"""From the strongest to the weakest."""

FailureReason = Literal[
    "unreachable", "timeout", "busy", "redirect", "http_status", "too_large", "encoding", "format",
    "no_metrics", "unreadable",
]  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Container:
    """A container as Kubernetes names it; ``container`` is empty where only the pod is told."""

    namespace: str
    pod: str
    container: str = ""


User = Container | int
"""Who uses a card: a container, or a process id of the node."""


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """The model instance that a share belongs to."""

    model: str
    instance: str


OwnerOf = Callable[[User], Owner | None]


@dataclass(frozen=True, slots=True)
class CardReading:
    """A card, or a slice cut from one, at one moment; NaN and empty are what the source does not tell.

    Attributes
    ----------
    device
        UUID, or the alias where the source knows no UUID.
    alias
        Another name that sources use for it: ``gpu0`` for NVIDIA's index, ``npu0`` for Ascend's, and
        ``UUID/gi3`` for the MIG instance 3 of a card.
    utilization
        Share of the time in which it computed, 0..1; of a slice: of the slice.
    parent, profile
        Of a slice: UUID of its card, and the name of its size, as ``1g.5gb``.
    core_fraction
        Of a slice: its part of the card's compute units, 0..1.
    """

    device: str
    alias: str = ""
    name: str = ""
    utilization: float = nan
    memory_used_bytes: float = nan
    memory_total_bytes: float = nan
    power_watts: float = nan
    parent: str = ""
    profile: str = ""
    core_fraction: float = nan


@dataclass(frozen=True, slots=True)
class UserReading:
    """Who is on a card, and what the source says of their use; NaN is what it does not tell.

    Attributes
    ----------
    device
        UUID or alias of the card or slice; empty where the source does not tell the card.
    core_share
        Share of the card's (or slice's) compute time, 0..1.
    memory_bytes
        Memory held on it.
    core_allocated, memory_allocated, memory_allocated_bytes
        What was promised, not used: shares in 0..1, or bytes.
    core_grade
        Grade of ``core_share`` where the source's reader had to convert it.
    copied
        The source repeated the card's values for this user.
    """

    device: str
    user: User
    core_share: float = nan
    memory_bytes: float = nan
    core_allocated: float = nan
    memory_allocated: float = nan
    memory_allocated_bytes: float = nan
    core_grade: Grade = "measured"
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source told in one round.

    Attributes
    ----------
    dropped
        Samples left out, by reason.
    note
        Why there is less than expected, for a person to read.
    """

    source: str
    cards: Sequence[CardReading] = ()
    users: Sequence[UserReading] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    note: str = ""


class SourceFailed(Exception):
    """A source gave nothing this round; the next round asks again.

    Parameters
    ----------
    reason
        One of a closed list, which is also the label of the counter.
    message
        What happened, for a person to read.
    """

    def __init__(self, reason: FailureReason, message: str) -> None:
        super().__init__(message)
        self.reason: FailureReason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class ServingProcess:
    """A process of a workload: its id, its start (seconds since boot) and its container, where known."""

    owner: Owner
    pid: int
    started: float
    container: Container | None


@dataclass(frozen=True, slots=True)
class Round:
    """What a source may need to know of the round it reads in.

    Attributes
    ----------
    wall
        Epoch seconds.
    deadline
        ``time.monotonic`` value after which nobody waits for the answer.
    processes
        Processes of the workloads.
    """

    wall: float
    deadline: float
    processes: Sequence[ServingProcess] = ()


class Source(Protocol):
    """Reads one kind of source. It may be absent, slow or broken; it must never guess."""

    @property
    def name(self) -> str:
        """Name in rows, logs and metrics."""

    def read(self, this: Round) -> Reading:
        """What it tells now; raises :class:`SourceFailed`."""

    def close(self) -> None:
        """Release what it holds."""
