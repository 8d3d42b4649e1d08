"""One card out of what several sources call by several names, and where users without a card must be."""

from __future__ import annotations

from math import isnan, nan

import pytest

from collector.node.cards import Inventory, take_inventory
from collector.node.reading import CardReading, Container, Reading, SourceFailed, UserReading
from collector.node.sources.pods import read_pods

A, B = Container("n", "a-0", "s"), Container("n", "b-0", "s")


def card(
    device: str,
    alias: str = "",
    *,
    utilization: float = nan,
    memory_used_bytes: float = nan,
    memory_total_bytes: float = nan,
    power_watts: float = nan,
) -> CardReading:
    return CardReading(
        device, alias, "Tesla T4", utilization, memory_used_bytes, memory_total_bytes, power_watts
    )


def devices(inventory: Inventory) -> list[str]:
    return [one.reading.device for one in inventory.cards]


def test_each_quantity_comes_from_the_first_source_that_tells_it() -> None:
    inventory = take_inventory(
        [
            Reading("nvml", [card("GPU-1", "gpu0", utilization=nan, power_watts=60.0)]),
            Reading("dcgm", [card("GPU-1", "gpu0", utilization=0.5, power_watts=61.0)]),
            Reading(
                "triton", [card("GPU-1", utilization=0.4, memory_used_bytes=1.0, memory_total_bytes=2.0)]
            ),
        ]
    )
    (merged,) = inventory.cards
    assert (merged.reading.utilization, merged.reading.power_watts) == (0.5, 60.0)
    assert merged.reading.memory_total_bytes == 2.0
    assert (merged.sources, merged.grade) == ("nvml+dcgm+triton", "measured")


def test_used_and_total_memory_are_of_one_source() -> None:
    hami = Reading("hami", [card("GPU-1", memory_used_bytes=9.0)])
    triton = Reading("triton", [card("GPU-1", memory_used_bytes=8.0, memory_total_bytes=16.0)])
    (merged,) = take_inventory([hami, triton]).cards
    assert (merged.reading.memory_used_bytes, merged.reading.memory_total_bytes) == (8.0, 16.0)
    (merged,) = take_inventory([hami]).cards
    assert merged.reading.memory_used_bytes == 9.0
    assert isnan(merged.reading.memory_total_bytes)


def test_an_index_leads_to_the_card_with_the_uuid() -> None:
    inventory = take_inventory(
        [
            Reading("dcgm", [card("GPU-1", "gpu0"), card("GPU-2", "gpu1")]),
            Reading("gpumanager", users=[UserReading("gpu1", A, core_share=0.5)]),
        ]
    )
    assert devices(inventory) == ["GPU-1", "GPU-2"]
    assert list(inventory.users) == ["GPU-2"]
    alone = take_inventory([Reading("gpumanager", users=[UserReading("gpu1", A, core_share=0.5)])])
    assert devices(alone) == ["gpu1"]


def test_an_ascend_chip_that_two_sources_call_differently_is_one() -> None:
    inventory = take_inventory(
        [
            Reading("hami", [card("ascend-7", "npu0")], [UserReading("ascend-7", A, copied=True)]),
            Reading(
                "npu", [card("7A3B", "npu0", utilization=0.5)], [UserReading("7A3B", B, memory_bytes=5.0)]
            ),
        ]
    )
    assert devices(inventory) == ["ascend-7"]
    assert {told.user.user for told in inventory.users["ascend-7"]} == {A, B}


def test_a_user_without_a_card_is_placed_where_it_can_only_be() -> None:
    both = Reading("dcgm", [card("GPU-1"), card("GPU-2")], [UserReading("GPU-2", A, copied=True)])
    requests = Reading(
        "gpumanager", users=[UserReading("", A, core_allocated=0.5), UserReading("", B, core_allocated=0.3)]
    )
    inventory = take_inventory([both, requests])
    assert [told.source for told in inventory.users["GPU-2"]] == ["dcgm", "gpumanager"]
    assert inventory.dropped == {("gpumanager", "no_card"): 1}
    only = take_inventory([Reading("dcgm", [card("GPU-1")]), requests])
    assert len(only.users["GPU-1"]) == 2
    cut = Reading("dcgm", [card("GPU-1"), CardReading("GPU-1/gi1", parent="GPU-1")])
    assert take_inventory([cut, requests]).users == {}


def test_allocations_alone_make_no_card() -> None:
    scheduler = Reading("hami", users=[UserReading("GPU-9", A, core_allocated=0.5)])
    inventory = take_inventory([scheduler])
    assert (devices(inventory), inventory.dropped) == ([], {("hami", "unknown_card"): 1})


def test_a_card_in_mig_mode_is_as_busy_as_its_instances() -> None:
    instances = [
        CardReading("M1", parent="GPU-1", utilization=0.8, core_fraction=0.25),
        CardReading("M2", parent="GPU-1", utilization=0.5, core_fraction=0.5),
    ]
    whole = take_inventory([Reading("dcgm", [card("GPU-1"), *instances])]).cards[0]
    assert whole.reading.utilization == pytest.approx(0.45)
    assert whole.grade == "apportioned"
    unknown = CardReading("M3", parent="GPU-1", core_fraction=0.25)
    whole = take_inventory([Reading("dcgm", [card("GPU-1"), *instances, unknown])]).cards[0]
    assert isnan(whole.reading.utilization)
    assert whole.grade == "unavailable"


def test_where_compute_instances_share_a_gpu_instance_others_cannot_be_matched() -> None:
    nvml = Reading("nvml", [card("GPU-1", "gpu0"), CardReading("MIG-1", parent="GPU-1")])
    dcgm = Reading("dcgm", [card("GPU-1", "gpu0"), CardReading("GPU-1/gi3", "GPU-1/gi3", parent="GPU-1")])
    inventory = take_inventory([nvml, dcgm])
    assert devices(inventory) == ["GPU-1", "MIG-1"]
    assert inventory.dropped == {("dcgm", "unknown_card"): 1}


def test_compute_allocated_by_qgpu_stands_in_the_limits() -> None:
    def pod(name: str, **limits: str) -> dict[str, object]:
        wanted = {f"tke.cloud.tencent.com/{key.replace('_', '-')}": value for key, value in limits.items()}
        return {
            "metadata": {"name": name, "namespace": "n"},
            "spec": {"containers": [{"name": "s", "resources": {"limits": wanted}}]},
        }

    listed = read_pods(
        {"items": [pod("a-0", qgpu_core="30"), pod("b-0", qgpu_core="200"), pod("c-0", qgpu_core="x")]}
    )
    assert [(user.user, user.core_allocated) for user in listed.users.values()] == [(A, 0.3)]
    assert listed.dropped == {"malformed": 1}


def test_what_is_no_list_of_pods_is_refused() -> None:
    wrongs: list[object] = [[], {"pods": []}, {"items": {}}]
    for wrong in wrongs:
        with pytest.raises(SourceFailed):
            read_pods(wrong)
