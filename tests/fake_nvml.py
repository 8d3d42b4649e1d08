"""A driver that is not there: NVML's functions answered from a description, at the boundary of pynvml."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

MIB = 2**20


@dataclass
class FakeProcess:
    """A process on a card; ``None`` is what the driver does not tell."""

    pid: int
    memory_mib: int | None
    sm_percent: int | None = None


@dataclass
class FakeMig:
    """A MIG instance."""

    uuid: str
    name: str
    gpu_instance: int
    slices: int
    memory_mib: int
    used_mib: int
    processes: list[FakeProcess] = field(default_factory=list)


@dataclass
class FakeCard:
    """A card; without utilization and samples when ``migs`` is not ``None``."""

    uuid: str
    name: str = "Tesla T4"
    memory_mib: int = 15000
    used_mib: int = 9000
    utilization: int | None = 64
    power_milliwatts: int | None = 61_000
    processes: list[FakeProcess] = field(default_factory=list)
    migs: list[FakeMig] | None = None
    most_migs: int = 7
    broken: bool = False


class FakeNvml:
    """Takes the place of the driver for one test.

    Attributes
    ----------
    cards
        May be changed between two readings.
    now_microseconds
        Time that samples of processes carry.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cards: list[FakeCard]) -> None:
        self.cards = cards
        self.now_microseconds = 0
        self.asked_since: list[int] = []
        answers: dict[str, Any] = {
            "nvmlInit": lambda: None,
            "nvmlShutdown": lambda: None,
            "nvmlDeviceGetCount": lambda: len(self.cards),
            "nvmlDeviceGetHandleByIndex": self._handle,
            "nvmlDeviceGetUUID": lambda it: it.uuid,
            "nvmlDeviceGetName": lambda it: it.name,
            "nvmlDeviceGetMemoryInfo": lambda it: SimpleNamespace(
                used=it.used_mib * MIB, total=it.memory_mib * MIB
            ),
            "nvmlDeviceGetUtilizationRates": self._rates,
            "nvmlDeviceGetPowerUsage": lambda it: _known(it.power_milliwatts),
            "nvmlDeviceGetComputeRunningProcesses": lambda it: [
                SimpleNamespace(
                    pid=one.pid, usedGpuMemory=None if one.memory_mib is None else one.memory_mib * MIB
                )
                for one in it.processes
            ],
            "nvmlDeviceGetGraphicsRunningProcesses": lambda it: [],
            "nvmlDeviceGetProcessUtilization": self._samples,
            "nvmlDeviceGetMigMode": self._mig_mode,
            "nvmlDeviceGetMaxMigDeviceCount": lambda it: it.most_migs,
            "nvmlDeviceGetMigDeviceHandleByIndex": self._mig,
            "nvmlDeviceGetGpuInstanceId": lambda it: it.gpu_instance,
            "nvmlDeviceGetAttributes": lambda it: SimpleNamespace(
                computeInstanceSliceCount=it.slices, memorySizeMB=it.memory_mib
            ),
        }
        for name, answer in answers.items():
            monkeypatch.setattr(pynvml, name, answer)

    def _handle(self, index: int) -> FakeCard:
        card = self.cards[index]
        if card.broken:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return card

    def _rates(self, card: FakeCard) -> Any:
        return SimpleNamespace(gpu=_known(card.utilization))

    def _samples(self, card: FakeCard, since: int) -> list[Any]:
        self.asked_since.append(since)
        told = [one for one in card.processes if one.sm_percent is not None]
        if card.migs is not None or (card.processes and not told):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        if not told or self.now_microseconds <= since:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return [
            SimpleNamespace(pid=one.pid, smUtil=one.sm_percent, timeStamp=self.now_microseconds)
            for one in told
        ]

    def _mig_mode(self, card: FakeCard) -> list[int]:
        if card.name.startswith("Tesla"):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return [int(card.migs is not None)] * 2

    def _mig(self, card: FakeCard, index: int) -> FakeMig:
        if card.migs is None or index >= len(card.migs):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return card.migs[index]


def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without NVIDIA's driver, whatever this one has."""

    def refuse() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", refuse)


def _known(value: int | None) -> int:
    if value is None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
    return value
