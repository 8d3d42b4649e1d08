"""Shares of a card: every rule of division, and what it never does."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan

import pytest

from collector.node.attribution import Share, attribute
from collector.node.cards import Card, Told
from collector.node.reading import CardReading, Container, Owner, User, UserReading

A, B, C = (Container("n", f"{name}-0", "server") for name in "abc")
OWNERS: dict[User, Owner] = {
    A: Owner("a", "a-0"), B: Owner("b", "b-0"), 1: Owner("a", "a-0"), 2: Owner("b", "b-0"),
    3: Owner("a", "a-0"),
}  # fmt: skip


def card(utilization: float = 0.5, used: float = 60.0, total: float = 100.0) -> Card:
    return Card(CardReading("GPU-1", "gpu0", "Tesla T4", utilization, used, total, 70.0), "measured", "nvml")


def process(pid: int, core: float = nan, memory: float = nan) -> Told:
    return Told("nvml", UserReading("GPU-1", pid, core_share=core, memory_bytes=memory))


def container(
    user: User,
    core: float = nan,
    memory: float = nan,
    *,
    source: str = "hami",
    core_allocated: float = nan,
    memory_allocated: float = nan,
) -> Told:
    reading = UserReading("GPU-1", user, core, memory, core_allocated, memory_allocated)
    return Told(source, reading)


def copied(user: User) -> Told:
    return Told("dcgm", UserReading("GPU-1", user, copied=True))


def of(shares: Sequence[Share], model: str) -> Share:
    return next(share for share in shares if share.owner.model == model)


def test_measured_shares_go_to_their_instances() -> None:
    told = [process(1, 0.2, 10), process(3, 0.3, 20), process(2, 0.1, 5), process(9, 0.1, 5)]
    shares = attribute(card(), told, OWNERS.get)
    first, second = of(shares, "a"), of(shares, "b")
    assert (first.core.value, first.memory.value) == pytest.approx((0.5, 0.3))
    assert (first.core.grade, first.memory.grade, first.core.source) == ("measured", "measured", "nvml")
    assert (second.core.value, second.memory.value) == (0.1, 0.05)
    assert len(shares) == 2


def test_shares_above_one_are_scaled_and_graded() -> None:
    shares = attribute(card(), [process(1, 0.9, 80), process(2, 0.9, 80)], OWNERS.get)
    assert [share.core.value for share in shares] == [0.5, 0.5]
    assert [share.memory.value for share in shares] == [0.5, 0.5]
    assert {share.core.grade for share in shares} == {"apportioned"}


def test_unknown_compute_is_apportioned_by_memory_among_all_on_the_card() -> None:
    # Process 9 belongs to nobody here, and still takes its part.
    (share,) = attribute(card(), [process(1, memory=10), process(9, memory=30)], OWNERS.get)
    assert (share.core.value, share.core.grade) == (0.125, "apportioned")
    assert (share.memory.value, share.memory.grade) == (0.1, "measured")


def test_alone_on_a_card_that_tells_no_memory() -> None:
    (share,) = attribute(card(), [process(1)], OWNERS.get)
    assert (share.core.value, share.core.grade) == (0.5, "apportioned")
    assert (share.memory.value, share.memory.grade) == (0.6, "apportioned")


def test_what_cannot_be_known_is_not_invented() -> None:
    shares = attribute(card(), [process(1), process(2, memory=10)], OWNERS.get)
    assert all(isnan(share.core.value) for share in shares)
    assert [share.core.grade for share in shares] == ["unavailable", "unavailable"]
    (dark,) = attribute(card(utilization=nan), [process(1, memory=10)], OWNERS.get)
    assert isnan(dark.core.value)
    assert dark.core.grade == "unavailable"


def test_the_same_use_told_by_process_and_by_container_counts_once() -> None:
    told = [process(1, 0.3, 30), container(A, 0.28, 29), container(B, 0.2, 20)]
    shares = attribute(card(), told, OWNERS.get)
    assert (of(shares, "a").core.value, of(shares, "a").core.source) == (0.3, "nvml")
    assert (of(shares, "b").core.value, of(shares, "b").core.source) == (0.2, "hami")


def test_the_better_grade_counts_whoever_tells_it() -> None:
    # By process only memory is known, so compute would be divided; the container's is measured.
    told = [process(1, memory=30), process(2, memory=10), container(A, 0.11, 29)]
    shares = attribute(card(), told, OWNERS.get)
    assert (of(shares, "a").core.value, of(shares, "a").core.grade) == (0.11, "measured")
    assert (of(shares, "a").memory.value, of(shares, "a").memory.source) == (0.3, "nvml")
    assert of(shares, "b").core.grade == "apportioned"


def test_copied_values_are_divided_by_memory_held_then_by_what_was_allocated() -> None:
    by_memory = [copied(A), copied(C), container(A, memory=10), container(C, memory=30)]
    assert attribute(card(), by_memory, OWNERS.get)[0].core.value == pytest.approx(0.125)
    by_allocation = [
        copied(A), copied(B), container(A, memory_allocated=0.5), container(B, memory_allocated=0.25),
    ]  # fmt: skip
    shares = attribute(card(), by_allocation, OWNERS.get)
    assert (of(shares, "a").core.value, of(shares, "a").memory.value) == pytest.approx((1 / 3, 0.4))
    assert of(shares, "a").core.grade == of(shares, "a").memory.grade == "apportioned"
    assert of(shares, "a").memory_allocated == 0.5
    by_core = [copied(A), copied(B), container(A, core_allocated=0.3), container(B, core_allocated=0.2)]
    assert of(attribute(card(), by_core, OWNERS.get), "a").core.value == pytest.approx(0.3)


def test_copied_values_that_nothing_divides_give_no_share() -> None:
    shares = attribute(card(), [copied(A), copied(B)], OWNERS.get)
    assert {(share.core.grade, share.memory.grade) for share in shares} == {
        ("device-copied", "device-copied")
    }
    assert all(isnan(share.core.value) and isnan(share.memory.value) for share in shares)
    (alone,) = attribute(card(), [copied(A)], OWNERS.get)
    assert (alone.core.value, alone.core.grade) == (0.5, "apportioned")


def test_what_others_measured_is_taken_off_before_the_rest_is_divided() -> None:
    told = [process(1, 0.3, 30), copied(A), copied(B), container(A, memory=30), container(B, memory=10)]
    shares = attribute(card(), told, OWNERS.get)
    assert (of(shares, "a").core.value, of(shares, "a").core.source) == (0.3, "nvml")
    assert of(shares, "b").core.value == pytest.approx(0.2)
    assert of(shares, "b").core.grade == "apportioned"
    measured = [container(A, 0.4, 30), copied(A), copied(B), container(B, memory=10)]
    assert of(attribute(card(), measured, OWNERS.get), "b").core.value == pytest.approx(0.1)


def test_two_exporters_about_one_container_count_once() -> None:
    told = [
        container(A, 0.3, 30),
        container(A, 0.5, 35, source="gpumanager"),
        container(B, 0.1, source="hami"),
    ]
    shares = attribute(card(), told, OWNERS.get)
    assert (of(shares, "a").core.value, of(shares, "a").core.source) == (0.3, "hami")
    assert of(shares, "b").core.value == 0.1


def test_containers_of_one_instance_add_up() -> None:
    owner = Owner("a", "all")
    (share,) = attribute(card(), [container(A, 0.1, 10), container(B, 0.2, 20)], lambda user: owner)
    assert (share.core.value, share.memory.value) == pytest.approx((0.3, 0.3))
