"""What the driver tells, does not tell, and tells differently after the clock was set."""

from __future__ import annotations

import time
from math import isnan

import pytest

from collector.node.reading import Reading, Round
from collector.node.sources.nvml import NvmlSource
from tests.fake_nvml import FakeCard, FakeMig, FakeNvml, FakeProcess, no_driver

WALL = 1_790_000_000.0


def read(source: NvmlSource, wall: float = WALL) -> Reading:
    return source.read(Round(wall, time.monotonic() + 5))


def test_a_card_and_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml(
        monkeypatch, [FakeCard("GPU-1", processes=[FakeProcess(7, 500, 40), FakeProcess(8, None, 0)])]
    )
    nvml.now_microseconds = int(WALL * 1e6)
    reading = read(NvmlSource())
    (card,) = reading.cards
    assert (card.device, card.alias, card.name, card.utilization) == ("GPU-1", "gpu0", "Tesla T4", 0.64)
    assert (card.memory_used_bytes, card.power_watts) == (9000 * 2**20, 61.0)
    first, second = reading.users
    assert (first.user, first.core_share, first.memory_bytes) == (7, 0.4, 500 * 2**20)
    assert second.core_share == 0.0
    assert isnan(second.memory_bytes)


def test_nobody_computed_is_zero_and_not_told_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml(monkeypatch, [FakeCard("GPU-1", processes=[FakeProcess(7, 500, 40)])])
    source = NvmlSource()
    (user,) = read(source).users
    assert user.core_share == 0.0, "no sample since the last reading"
    nvml.cards = [FakeCard("GPU-1", utilization=None, power_milliwatts=None, processes=[FakeProcess(7, 500)])]
    reading = read(source)
    assert isnan(reading.users[0].core_share)
    assert isnan(reading.cards[0].utilization)
    assert isnan(reading.cards[0].power_watts)


def test_a_broken_card_is_counted_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeNvml(monkeypatch, [FakeCard("GPU-1", broken=True), FakeCard("GPU-2")])
    reading = read(NvmlSource())
    assert [card.device for card in reading.cards] == ["GPU-2"]
    assert reading.dropped == {"unreadable_card": 1}


def test_the_driver_may_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    source = NvmlSource()
    no_driver(monkeypatch)
    assert "NVML is unavailable" in read(source).note
    FakeNvml(monkeypatch, [FakeCard("GPU-1")])
    assert len(read(source).cards) == 1
    source.close()
    source.close()


def test_samples_are_asked_from_the_last_one_on_and_anew_after_the_clock_went_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nvml = FakeNvml(monkeypatch, [FakeCard("GPU-1", processes=[FakeProcess(7, 500, 40)])])
    source = NvmlSource()
    nvml.now_microseconds = int(WALL * 1e6)
    read(source, WALL)
    read(source, WALL + 10)
    read(source, WALL - 3600)
    first, second, third = nvml.asked_since
    assert (first, second) == (int((WALL - 10) * 1e6), int(WALL * 1e6))
    assert third == int((WALL - 3610) * 1e6)


def test_mig_instances_carry_their_card_size_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    a100 = "NVIDIA A100-SXM4-40GB"
    instances = [
        FakeMig("MIG-1", f"{a100} MIG 3g.20gb", 2, 3, 20096, 4000, [FakeProcess(7, 3900)]),
        FakeMig("MIG-2", a100, 5, 1, 4864, 10),
        FakeMig("MIG-3", f"{a100} MIG 1c.3g.20gb", 6, 1, 20096, 10),
        FakeMig("MIG-4", f"{a100} MIG 1c.3g.20gb", 6, 1, 20096, 10),
    ]
    FakeNvml(monkeypatch, [FakeCard("GPU-1", a100, 40536, 5000, None, migs=instances)])
    reading = read(NvmlSource())
    whole, *slices = reading.cards
    assert isnan(whole.utilization)
    assert [(card.profile, round(card.core_fraction, 3), card.alias) for card in slices] == [
        ("3g.20gb", 0.429, "GPU-1/gi2"), ("1g.5gb", 0.143, "GPU-1/gi5"),
        # Two compute instances of one GPU instance: nobody else can tell them apart.
        ("1c.3g.20gb", 0.143, ""), ("1c.3g.20gb", 0.143, ""),
    ]  # fmt: skip
    assert all(card.parent == "GPU-1" and card.name == a100 for card in slices)
    (user,) = reading.users
    assert (user.device, user.user, user.memory_bytes) == ("MIG-1", 7, 3900 * 2**20)
    assert isnan(user.core_share)
