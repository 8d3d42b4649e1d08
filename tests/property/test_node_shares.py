"""However sources contradict each other, the shares of a card never sum above it, and nothing is negative."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import isfinite, isnan, nan

from hypothesis import given
from hypothesis import strategies as st

from collector.node.attribution import attribute
from collector.node.cards import Card, take_inventory
from collector.node.reading import CardReading, Container, Owner, Reading, User, UserReading
from collector.node.share_rows import share_rows
from collector.node.workloads import Serving
from driftline.node_settings import Workload

shares = st.one_of(st.just(nan), st.floats(0, 1))
byte_counts = st.one_of(st.just(nan), st.floats(0, 2e10))
containers = st.builds(
    Container, st.just("n"), st.sampled_from(["a-0", "a-1", "b-0", "other-0"]), st.just("s")
)
devices = st.sampled_from(["GPU-1", "GPU-2", "gpu0", "gpu1", "MIG-1", "GPU-2/gi1", ""])


def users(user: st.SearchStrategy[User]) -> st.SearchStrategy[UserReading]:
    return st.builds(
        UserReading,
        device=devices,
        user=user,
        core_share=shares,
        memory_bytes=byte_counts,
        core_allocated=shares,
        memory_allocated=shares,
        memory_allocated_bytes=byte_counts,
        copied=st.booleans(),
    )


def cards(device: str, alias: str, **more: object) -> st.SearchStrategy[CardReading]:
    return st.builds(
        CardReading,
        device=st.just(device),
        alias=st.just(alias),
        utilization=shares,
        memory_used_bytes=byte_counts,
        memory_total_bytes=byte_counts,
        core_fraction=shares if more else st.just(nan),
        **{name: st.just(value) for name, value in more.items()},
    )


CARDS = st.tuples(
    cards("GPU-1", "gpu0"),
    cards("GPU-2", "gpu1"),
    cards("MIG-1", "GPU-2/gi1", parent="GPU-2"),
    cards("MIG-2", "GPU-2/gi2", parent="GPU-2"),
)


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    nvml = Reading("nvml", draw(CARDS), draw(st.lists(users(st.integers(1, 5)), max_size=6)))
    others = [
        Reading(name, draw(CARDS), draw(st.lists(users(containers), max_size=6)))
        for name in draw(st.lists(st.sampled_from(["dcgm", "hami", "gpumanager"]), unique=True))
    ]
    return [nvml, *others] if draw(st.booleans()) else others


class ServingPids(Serving):
    """Process ids belong to instances as well."""

    def owner_of(self, user: User) -> Owner | None:
        return Owner("ab"[user % 2], f"p-{user}") if isinstance(user, int) else super().owner_of(user)


SERVING = ServingPids((Workload(model="{m}", pod="(?P<m>[ab])-.*"),), ())


@given(readings())
def test_shares_of_a_card_never_sum_above_one(told: list[Reading]) -> None:
    inventory = take_inventory(told)
    assert len({card.reading.device for card in inventory.cards}) == len(inventory.cards)
    rows = share_rows(inventory, SERVING)
    keys = Counter((row["device"], row["slice"], row["model"], row["instance"]) for row in rows)
    assert all(count == 1 for count in keys.values())
    for column in ("core_share", "memory_share"):
        total: dict[str, float] = defaultdict(float)
        for row in rows:
            assert isnan(row[column]) or 0 <= row[column] <= 1 + 1e-9
            total[row["device"]] += row[column] if isfinite(row[column]) else 0.0
        assert all(value <= 1 + 1e-9 for value in total.values())
    for row in rows:
        assert isnan(row["core_share"]) == (row["grade"] in ("device-copied", "unavailable"))
        assert isnan(row["memory_share"]) == (row["memory_grade"] in ("device-copied", "unavailable"))


@given(readings())
def test_the_order_of_users_does_not_matter(told: list[Reading]) -> None:
    def total(of: list[Reading]) -> list[tuple[str, float]]:
        return sorted(
            (row["model"] + row["instance"] + row["device"] + row["slice"], round(row["core_share"], 9))
            for row in share_rows(take_inventory(of), SERVING)
            if isfinite(row["core_share"])
        )

    # A source says each thing once, and does not call one card by two names.
    names = {"gpu0": "GPU-1", "gpu1": "GPU-2", "GPU-2/gi1": "MIG-1"}
    once = [
        Reading(
            one.source,
            one.cards,
            list({(names.get(user.device, user.device), user.user): user for user in one.users}.values()),
        )
        for one in told
    ]
    mirrored = [Reading(one.source, one.cards, list(one.users)[::-1]) for one in once]
    # Users without a card are placed by where the others are, so only those with one may be mirrored.
    if all(user.device for one in once for user in one.users):
        assert total(once) == total(mirrored)


@given(st.lists(users(containers), max_size=5), CARDS)
def test_a_card_alone_is_divided_within_its_use(
    told: list[UserReading], seen: tuple[CardReading, ...]
) -> None:
    inventory = take_inventory([Reading("hami", [seen[0]], told)])
    card = next(card for card in inventory.cards if card.reading.device == "GPU-1")
    assert isinstance(card, Card)
    for share in attribute(card, inventory.users.get("GPU-1", ()), SERVING.owner_of):
        if share.core.grade == "apportioned" and share.core.source == "division":
            assert share.core.value <= card.reading.utilization + 1e-9
