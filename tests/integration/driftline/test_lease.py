"""A lease is held by one process at a time, whoever asks at once, dies or has a wrong clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from driftline.store import Store
from driftline.store.lease import Lease


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_one_of_many_that_ask_at_once_gets_it(store: Store) -> None:
    rivals = [[Lease(store, f"send-{i}", seconds=60) for i in range(10)] for _ in range(8)]
    start = Barrier(8)

    def ask(mine: list[Lease]) -> list[bool]:
        taken = []
        for lease in mine:
            start.wait()
            taken.append(lease.take())
        return taken

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(ask, rivals))
    assert [sum(thread[i] for thread in won) for i in range(10)] == [1] * 10


def test_the_holder_goes_on_and_others_wait(store: Store) -> None:
    first, second = Lease(store, "send", seconds=60), Lease(store, "send", seconds=60)
    assert first.take()
    assert first.held(30)
    assert not first.held(61)
    assert not second.take()
    assert not second.held()
    assert first.take()
    assert first.fence == 2
    first.release()
    assert not first.held()
    assert second.take()
    assert not first.take()
    assert second.fence == 4


def test_a_term_that_ended_is_anybodys(store: Store) -> None:
    dead, heir = Lease(store, "send", seconds=0), Lease(store, "send", seconds=60)
    assert dead.take()
    assert not dead.held()
    assert heir.take()
    assert heir.fence == dead.fence + 1
    dead.release()
    assert heir.held(), "what is no longer held cannot be given back"
    assert not dead.take()


def test_a_process_that_slept_knows_that_its_term_is_over(store: Store) -> None:
    clock = Clock()
    lease = Lease(store, "send", seconds=60, monotonic=clock)
    assert lease.take()
    clock.seconds += 59
    assert lease.held()
    assert not lease.held(for_seconds=5)
    clock.seconds += 2
    assert not lease.held()


def test_leases_of_different_names_are_different(store: Store) -> None:
    assert Lease(store, "send", seconds=60).take()
    assert Lease(store, "follow", seconds=60).take()


def test_a_restart_under_the_old_name_goes_on_at_once(store: Store) -> None:
    assert Lease(store, "send", seconds=60, holder="state-folder").take()
    assert not Lease(store, "send", seconds=60).take()
    assert Lease(store, "send", seconds=60, holder="state-folder").take()


def test_keeping_asks_only_when_half_the_term_is_over(store: Store) -> None:
    clock = Clock()
    lease = Lease(store, "send", seconds=60, monotonic=clock)
    assert lease.keep()
    clock.seconds += 29
    assert lease.keep()
    assert lease.fence == 1
    clock.seconds += 2
    assert lease.keep()
    assert lease.fence == 2
