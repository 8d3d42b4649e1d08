"""A condition is the same from windows in memory and from the database, whatever the windows were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerting.condition import condition_of_windows, read_condition
from detectors.monitor import Monitor
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import normal, send, window
from tests.seeding.shop import MOVED_WINDOWS, QUIET_WINDOWS, seed_shop

LAST = QUIET_WINDOWS + MOVED_WINDOWS


@pytest.mark.parametrize("windows", [1, 3])
def test_from_memory_and_from_the_database(store: Store, settings: Settings, windows: int) -> None:
    quick = settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})
    contract = seed_shop(store, quick)
    for number, rows, version in ((LAST, 5, "1"), (LAST, 300, "2"), (LAST + 1, 300, "2"), (LAST + 2, 1, "2")):
        columns: dict[str, Sequence[object]] = {
            "amount": normal(number, rows, shift=3.0 * (version == "2")),
            "payment": ["card"] * rows,
            "country": ["A"] * rows,
        }
        send(store, contract, columns, start=window(number), version=version)
    seen = set()
    for last in (3, 20, LAST - 1, LAST, LAST + 1, LAST + 2, LAST + 3):
        # Decisions up to this window and no further, as a loop that looked then would have had them.
        for table in ("windows", "findings"):
            store.command(f"TRUNCATE TABLE {table}")
        evaluated = Monitor(store, quick).evaluate(contract, window(last) + timedelta(seconds=5))
        stored = read_condition(store, contract.model, windows=windows)
        assert condition_of_windows(contract.model, evaluated, windows=windows) == stored
        seen.add((stored.drifting, tuple(version.version for version in stored.versions)))
        assert all(version.changes for version in stored.versions if version.drifting)
    assert {(False, ("1",)), (True, ("1",)), (True, ("1", "2"))} <= seen
    assert {("2",)} <= {versions for _, versions in seen}


def test_without_windows_there_is_no_condition(store: Store) -> None:
    assert condition_of_windows("m", [], windows=3) == read_condition(store, "m", windows=3)
