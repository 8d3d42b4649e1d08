"""Cards of this node by NVML; without a driver there are no readings, and nothing is made up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pynvml

from collector.node.shares import DeviceReading, ProcessOnDevice
from driftline.logs import get_logger

_log = get_logger(__name__)

Answer = TypeVar("Answer")


class GpuReader:
    """Reads every card. The driver may appear or go away while the agent runs."""

    def __init__(self) -> None:
        self._ready = False
        self._reported = ""
        self._sampled_at: dict[str, int] = {}

    def read(self) -> list[DeviceReading]:
        """One reading a card; empty when there is no driver, which is logged once."""
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
            return []
        readings = []
        for index in range(count):
            try:
                readings.append(self._device(pynvml.nvmlDeviceGetHandleByIndex(index)))
            except pynvml.NVMLError as error:
                _log.warning("a GPU cannot be read", index=index, error=str(error))
        return readings

    def close(self) -> None:
        """Release the driver."""
        if self._ready:
            self._ready = False
            _told(pynvml.nvmlShutdown)

    def _device(self, handle: Any) -> DeviceReading:
        uuid = str(pynvml.nvmlDeviceGetUUID(handle))
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        rates = _told(partial(pynvml.nvmlDeviceGetUtilizationRates, handle))
        power = _told(partial(pynvml.nvmlDeviceGetPowerUsage, handle))
        return DeviceReading(
            uuid=uuid,
            name=str(pynvml.nvmlDeviceGetName(handle)),
            utilization=math.nan if rates is None else rates.gpu / 100.0,
            memory_used_bytes=int(memory.used),
            memory_total_bytes=int(memory.total),
            power_watts=math.nan if power is None else power / 1000.0,
            processes=self._processes(handle, uuid),
        )

    def _processes(self, handle: Any, uuid: str) -> tuple[ProcessOnDevice, ...]:
        memory: dict[int, int | None] = {}
        for question in (
            pynvml.nvmlDeviceGetComputeRunningProcesses,
            pynvml.nvmlDeviceGetGraphicsRunningProcesses,
        ):
            for process in _told(partial(question, handle)) or ():
                memory[int(process.pid)] = process.usedGpuMemory
        cores = self._core_shares(handle, uuid)
        return tuple(
            ProcessOnDevice(
                pid=pid,
                # The driver lists only processes that computed; if it lists at all, the others did not.
                core_share=None if cores is None else cores.get(pid, 0.0),
                memory_bytes=memory.get(pid),
            )
            for pid in sorted(memory.keys() | (cores or {}).keys())
        )

    def _core_shares(self, handle: Any, uuid: str) -> dict[int, float] | None:
        """Mean compute share by process since the last reading; ``None`` when the driver tells none."""
        since = self._sampled_at.get(uuid, time.time_ns() // 1000 - 10_000_000)
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


def _told(question: Callable[[], Answer]) -> Answer | None:
    """The driver's answer, or ``None`` when this card or driver does not tell."""
    try:
        return question()
    except pynvml.NVMLError:
        return None
