"""One sampling round of the node agent: processes and cards in, rows out."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from collector.node.processes import WorkloadMeter, find_processes, read_processes
from collector.node.shares import DeviceReading, attribute
from driftline.logs import get_logger
from driftline.settings import Workload

_log = get_logger(__name__)

Rows = list[dict[str, Any]]


class DeviceReader(Protocol):
    """Reads the cards of this node."""

    def read(self) -> list[DeviceReading]: ...


class NodeAgent:
    """Measures the workloads of this node.

    Parameters
    ----------
    workloads
        Which processes serve which model.
    devices
        Reads the cards.
    node
        Name of this node; the host's name when empty.
    """

    def __init__(self, workloads: Sequence[Workload], devices: DeviceReader, node: str = "") -> None:
        self._workloads = workloads
        self._devices = devices
        self._node = node or socket.gethostname()
        self._meters = [WorkloadMeter() for _ in workloads]
        self._absent = [False] * len(workloads)
        self._last_at: float | None = None

    def sample(self) -> dict[str, Rows]:
        """Rows by table since the last call; none at the first, which only starts the interval."""
        families = find_processes(self._workloads)
        # Epoch seconds, because process creation times are.
        now = time.time()
        interval = now - self._last_at if self._last_at is not None else None
        self._last_at = now
        ts = datetime.fromtimestamp(now, UTC)
        cpu = self._cpu_rows([read_processes(family) for family in families], now, ts, interval)
        devices = self._devices.read()
        if interval is None:
            return {}
        workload_of = {process.pid: index for index, family in enumerate(families) for process in family}
        return {
            "cpu_samples": cpu,
            "gpu_samples": [self._device_row(device, ts, interval) for device in devices],
            "gpu_shares": [
                row for device in devices for row in self._share_rows(device, workload_of, ts, interval)
            ],
        }

    def _cpu_rows(
        self, readings: Sequence[Sequence[Any]], now: float, ts: datetime, interval: float | None
    ) -> Rows:
        rows: Rows = []
        for index, (meter, reading) in enumerate(zip(self._meters, readings, strict=True)):
            use = meter.measure(reading, now)
            self._note_absence(index, absent=not reading)
            if use is None or interval is None:
                continue
            rows.append(
                {
                    "ts": ts,
                    "node": self._node,
                    **self._names(index),
                    "processes": min(use.processes, 65535),
                    "cpu_seconds": use.cpu_seconds,
                    "memory_bytes": use.memory_bytes,
                    "interval_seconds": interval,
                    "grade": "measured",
                }
            )
        return rows

    def _note_absence(self, index: int, *, absent: bool) -> None:
        if absent and not self._absent[index]:
            workload = self._workloads[index]
            way = workload.model_dump(exclude_none=True, exclude={"model", "instance"}, mode="json")
            _log.warning("no process of a workload is running", model=workload.model, **way)
        self._absent[index] = absent

    def _names(self, index: int) -> dict[str, str]:
        workload = self._workloads[index]
        return {"model": workload.model, "instance": workload.instance or self._node}

    def _device_row(self, device: DeviceReading, ts: datetime, interval: float) -> dict[str, Any]:
        return {
            "ts": ts,
            "node": self._node,
            "device": device.uuid,
            "device_name": device.name,
            "utilization": device.utilization,
            "memory_used_bytes": device.memory_used_bytes,
            "memory_total_bytes": device.memory_total_bytes,
            "power_watts": device.power_watts,
            "interval_seconds": interval,
            "grade": "measured" if device.utilization == device.utilization else "unavailable",
        }

    def _share_rows(
        self, device: DeviceReading, workload_of: Mapping[int, int], ts: datetime, interval: float
    ) -> Rows:
        return [
            {
                "ts": ts,
                "node": self._node,
                "device": device.uuid,
                "device_name": device.name,
                **self._names(share.workload),
                "core_share": share.core_share,
                "memory_share": share.memory_share,
                "interval_seconds": interval,
                "grade": share.grade,
            }
            for share in attribute(device, workload_of)
        ]
