"""Cards, MIG instances and processes by NVML; without a driver there are none, and nothing is made up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from math import nan
from typing import Any, TypeVar

import pynvml

from collector.node.reading import CardReading, Reading, Round, UserReading
from collector.node.sources.mig import mig_instances
from driftline.logs import get_logger

_log = get_logger(__name__)

Answer = TypeVar("Answer")

FIRST_LOOK_BACK_MICROSECONDS = 10_000_000
CLOCK_SLACK_MICROSECONDS = 1_000_000


class NvmlSource:
    """Reads every card. The driver may appear or go away while the agent runs."""

    def __init__(self) -> None:
        self._ready = False
        self._reported = ""
        self._sampled_at: dict[str, int] = {}

    @property
    def name(self) -> str:
        return "nvml"

    def read(self, this: Round) -> Reading:
        """Cards, MIG instances and their processes; none when there is no driver, which is logged once."""
        try:
            if not self._ready:
                pynvml.nvmlInit()
                self._ready = True
                self._reported = ""
            count = int(pynvml.nvmlDeviceGetCount())
        except pynvml.NVMLError as error:
            self.close()
            if self._reported != str(error):
                self._reported = str(error)
                _log.info("no GPU figures: NVML is unavailable", reason=str(error))
            return Reading(self.name, note=f"NVML is unavailable: {error}")
        cards: list[CardReading] = []
        users: list[UserReading] = []
        dropped: Counter[str] = Counter()
        for index in range(count):
            try:
                self._card(index, pynvml.nvmlDeviceGetHandleByIndex(index), this.wall, cards, users)
            except pynvml.NVMLError as error:
                dropped["unreadable_card"] += 1
                _log.warning("a GPU cannot be read", index=index, error=str(error))
        return Reading(self.name, cards, users, dropped)

    def close(self) -> None:
        """Release the driver."""
        if self._ready:
            self._ready = False
            _told(pynvml.nvmlShutdown)

    def _card(
        self, index: int, handle: Any, wall: float, cards: list[CardReading], users: list[UserReading]
    ) -> None:
        uuid, name = str(pynvml.nvmlDeviceGetUUID(handle)), str(pynvml.nvmlDeviceGetName(handle))
        memory = _told(partial(pynvml.nvmlDeviceGetMemoryInfo, handle))
        rates = _told(partial(pynvml.nvmlDeviceGetUtilizationRates, handle))
        power = _told(partial(pynvml.nvmlDeviceGetPowerUsage, handle))
        cards.append(
            CardReading(
                device=uuid,
                alias=f"gpu{index}",
                name=name,
                utilization=nan if rates is None else rates.gpu / 100.0,
                memory_used_bytes=nan if memory is None else float(memory.used),
                memory_total_bytes=nan if memory is None else float(memory.total),
                power_watts=nan if power is None else power / 1000.0,
            )
        )
        instances = mig_instances(handle, uuid, name)
        if instances is None:
            users.extend(self._users(handle, uuid, wall))
            return
        # Processes of a card in MIG mode are those of its instances; compute shares are not told.
        for instance, card in instances:
            cards.append(card)
            users.extend(
                UserReading(card.device, pid, memory_bytes=memory) for pid, memory in _memory(instance)
            )

    def _users(self, handle: Any, uuid: str, wall: float) -> list[UserReading]:
        memory = dict(_memory(handle))
        cores = self._core_shares(handle, uuid, wall)
        return [
            UserReading(
                device=uuid,
                user=pid,
                # The driver lists only processes that computed; if it lists at all, the others did not.
                core_share=nan if cores is None else cores.get(pid, 0.0),
                memory_bytes=memory.get(pid, nan),
            )
            for pid in sorted(memory.keys() | (cores or {}).keys())
        ]

    def _core_shares(self, handle: Any, uuid: str, wall: float) -> dict[int, float] | None:
        """Mean compute share by process since the last reading; ``None`` when the driver tells none."""
        now = int(wall * 1e6)
        since = self._sampled_at.get(uuid, now - FIRST_LOOK_BACK_MICROSECONDS)
        if since > now + CLOCK_SLACK_MICROSECONDS:
            # The clock was set back: the driver would tell nothing until it caught up.
            since = now - FIRST_LOOK_BACK_MICROSECONDS
            self._sampled_at.pop(uuid, None)
        try:
            samples = pynvml.nvmlDeviceGetProcessUtilization(handle, since)
        except pynvml.NVMLError as error:
            # NOT_FOUND: nobody computed since then. Anything else: not supported here (vGPU, MIG).
            not_found = isinstance(error, pynvml.NVMLError_NotFound)
            return {} if not_found else None
        shares: dict[int, list[float]] = {}
        for sample in samples:
            if sample.timeStamp <= since or sample.smUtil > 100:
                continue
            self._sampled_at[uuid] = max(self._sampled_at.get(uuid, 0), int(sample.timeStamp))
            shares.setdefault(int(sample.pid), []).append(sample.smUtil / 100.0)
        return {pid: sum(values) / len(values) for pid, values in shares.items()}


def _memory(handle: Any) -> Iterator[tuple[int, float]]:
    """Process ids on a card or instance and the bytes they hold, NaN where the driver does not tell."""
    for question in (
        pynvml.nvmlDeviceGetComputeRunningProcesses,
        pynvml.nvmlDeviceGetGraphicsRunningProcesses,
    ):
        for process in _told(partial(question, handle)) or ():
            held = process.usedGpuMemory
            yield int(process.pid), nan if held is None else float(held)


def _told(question: Callable[[], Answer]) -> Answer | None:
    """The driver's answer, or ``None`` when this card or driver does not tell."""
    try:
        return question()
    except pynvml.NVMLError:
        return None
