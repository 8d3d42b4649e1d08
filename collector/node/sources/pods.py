"""A list of this node's pods as JSON: names of containers, and what was allocated to them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from collector.node.containers import CONTAINER_ID
from collector.node.reading import Container, Reading, Round, SourceFailed, User, UserReading
from collector.node.scrape import LARGEST_ANSWER, Scraper
from collector.node.sources.gpushare import PREFIX, allocations, unit_bytes

GPUSHARE = "aliyun.com/gpu-mem"
GPUSHARE_ALLOCATION = "scheduler.framework.gpushare.allocation"
HUNDREDTHS = ("tke.cloud.tencent.com/qgpu-core", "tencent.com/vcuda-core")
"""Compute of qGPU and GPUManager: 100 is a card."""
NVIDIA = "nvidia.com/"
SHARED_DEVICE = "::"
"""NVIDIA's device plug-in puts it between a UUID and a number when a card is given to several."""


@dataclass(slots=True)
class PodList:
    """What a list of pods tells."""

    names: dict[str, Container] = field(default_factory=dict)
    users: dict[tuple[str, User], UserReading] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, user: UserReading) -> None:
        """Add an allocation, the first one of a container on a card."""
        self.users.setdefault((user.device, user.user), user)


class PodsSource:
    """Reads a file or an address with either of two shapes.

    The kubelet's ``/pods``: names by container id; ``aliyun.com/gpu-mem`` with the card from the pod's
    annotations; compute of qGPU and GPUManager. What the kubelet's pod-resources service lists: cards and
    MIG instances given whole (``nvidia.com/*``), and the amount of ``aliyun.com/gpu-mem``; that one's device
    ids (``UUID-_-N``) say how much, not on which card.

    Parameters
    ----------
    place
        Path or address.
    on_names
        Told the names of containers by id at every reading.
    """

    def __init__(
        self,
        place: str,
        seconds: float,
        on_names: Callable[[Mapping[str, Container]], None],
        token_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._place = place
        self._on_names = on_names
        remote = place.startswith(("http://", "https://"))
        self._scraper = Scraper(place, seconds, token_file, ca_file) if remote else None

    @property
    def name(self) -> str:
        return "pods"

    def read(self, this: Round) -> Reading:
        try:
            listed = read_pods(orjson.loads(self._fetch(this.deadline)))
        except orjson.JSONDecodeError as error:
            raise SourceFailed("format", f"it is not JSON: {error}") from error
        self._on_names(listed.names)
        return Reading(self.name, users=list(listed.users.values()), dropped=listed.dropped)

    def close(self) -> None:
        if self._scraper is not None:
            self._scraper.close()

    def _fetch(self, deadline: float) -> bytes:
        if self._scraper is not None:
            return self._scraper.fetch(deadline, accept="application/json")
        try:
            with Path(self._place).open("rb") as file:
                raw = file.read(LARGEST_ANSWER + 1)
        except OSError as error:
            raise SourceFailed("unreadable", f"it cannot be read: {error}") from error
        if len(raw) > LARGEST_ANSWER or time.monotonic() > deadline:
            raise SourceFailed("too_large", f"it is above {LARGEST_ANSWER} bytes")
        return raw


def read_pods(listed: Any) -> PodList:
    """Read a decoded list of pods; a pod that is not understood is dropped and counted.

    Raises
    ------
    SourceFailed
        It has neither ``items`` nor ``pod_resources``.
    """
    result = PodList()
    if not isinstance(listed, dict):
        raise SourceFailed("format", "it is no JSON object")
    readers: tuple[tuple[str, Callable[[Any, PodList], None]], ...] = (
        ("items", _read_pod),
        ("pod_resources", _read_pod_resources),
        ("podResources", _read_pod_resources),
    )
    for key, reader in readers:
        if isinstance(listed.get(key), list):
            for pod in listed[key]:
                try:
                    reader(pod, result)
                except (KeyError, TypeError, ValueError, AttributeError):
                    result.dropped["malformed"] += 1
            return result
    raise SourceFailed("format", "it has neither items nor pod_resources")


def _read_pod(pod: Any, result: PodList) -> None:
    metadata, spec = pod["metadata"], pod["spec"]
    status = pod.get("status") or {}
    if status.get("phase", "Running") != "Running":
        return
    namespace, name = str(metadata["namespace"]), str(metadata["name"])
    for started in status.get("containerStatuses") or ():
        identity = CONTAINER_ID.search(str(started.get("containerID", "")))
        if identity is not None:
            result.names[identity[0]] = Container(namespace, name, str(started["name"]))
    annotations = {str(key): str(value) for key, value in (metadata.get("annotations") or {}).items()}
    for index, container in enumerate(spec["containers"]):
        limits = (container.get("resources") or {}).get("limits") or {}
        user = Container(namespace, name, str(container["name"]))
        if GPUSHARE in limits:
            for allocation in _gpushare(annotations, index, str(limits[GPUSHARE]), user):
                result.add(allocation)
        for resource in HUNDREDTHS:
            hundredths = int(limits.get(resource, 0))
            # Above one card it says nothing of the part of each.
            if 0 < hundredths <= 100:
                result.add(UserReading("", user, core_allocated=hundredths / 100))


def _gpushare(
    annotations: Mapping[str, str], index: int, limit: str, user: Container
) -> Iterator[UserReading]:
    """What a container was given, with the card where the scheduler noted it."""
    if GPUSHARE_ALLOCATION in annotations:
        of_cards = orjson.loads(annotations[GPUSHARE_ALLOCATION])[str(index)]
        total = annotations.get(f"{PREFIX}DEV", "")
        for card, amount in of_cards.items():
            given = {f"{PREFIX}IDX": str(card), f"{PREFIX}CONTAINER": str(amount), f"{PREFIX}DEV": total}
            yield from allocations(given, user)
        return
    noted = {f"{PREFIX}{key}": annotations.get(f"{PREFIX}{key}", "") for key in ("IDX", "DEV")}
    found = allocations({**noted, f"{PREFIX}CONTAINER": limit}, user)
    amount = float(int(limit))
    yield from found or [UserReading("", user, memory_allocated_bytes=amount * unit_bytes(amount))]


def _read_pod_resources(pod: Any, result: PodList) -> None:
    for container in pod.get("containers") or ():
        user = Container(str(pod["namespace"]), str(pod["name"]), str(container["name"]))
        units = 0
        for given in container.get("devices") or ():
            resource = str(given.get("resource_name") or given.get("resourceName"))
            ids = [str(one) for one in given.get("device_ids") or given.get("deviceIds") or ()]
            if resource == GPUSHARE:
                units += len(ids)
            elif resource.startswith(NVIDIA):
                for one in ids:
                    result.add(_whole(one, user))
        if units:
            bytes_ = units * unit_bytes(float(units))
            result.add(UserReading("", user, memory_allocated_bytes=bytes_))


def _whole(device: str, user: Container) -> UserReading:
    card, shared, _ = device.partition(SHARED_DEVICE)
    if shared:
        return UserReading(card, user)
    return UserReading(card, user, core_allocated=1.0, memory_allocated=1.0)
