"""Any range of stored windows beside the baseline: counts merged, decisions counted, clear errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr

from detectors.baselines.spans import Span
from detectors.baselines.stored import load_baselines
from detectors.explanation import Question, RangeQuestion, explain, explain_range
from driftline.contracts import Contract
from driftline.errors import NotFound
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.migrations import migrate
from driftline.store.sql import quote_identifier
from tests.integration.detectors.traffic import window
from tests.seeding.shop import MOVED_WINDOWS, QUIET_WINDOWS, ROWS_OF_A_WINDOW, seed_shop

ALL = QUIET_WINDOWS + MOVED_WINDOWS


@pytest.fixture(scope="module")
def quick(clickhouse_url: str) -> Iterator[Settings]:
    """Settings of one database that all tests of this file read."""
    database = f"test_{uuid4().hex}"
    yield Settings(
        clickhouse_url=SecretStr(clickhouse_url),
        clickhouse_database=database,
        window_seconds=60,
        allowed_lateness_seconds=1.0,
    )
    server = Store(clickhouse_url, "default")
    server.command(f"DROP DATABASE IF EXISTS {quote_identifier(database)} SYNC")
    server.close()


@pytest.fixture(scope="module")
def store(clickhouse_url: str, quick: Settings) -> Iterator[Store]:
    store = Store(clickhouse_url, quick.clickhouse_database)
    migrate(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def shop(store: Store, quick: Settings) -> Contract:
    return seed_shop(store, quick)


def asked(first: int, end: int, field: str = "amount", **more: str) -> RangeQuestion:
    return RangeQuestion("shop", field, Span(since=window(first), until=window(end)), **more)


@pytest.mark.usefixtures("shop")
def test_a_range_is_the_sum_of_its_windows(store: Store, quick: Settings) -> None:
    found = explain_range(store, asked(5, 20))
    assert (found.windows, found.rows, found.version) == (15, 15 * ROWS_OF_A_WINDOW, "1")
    assert (found.first_window, found.end, found.left_out) == (window(5), window(20), 0)
    assert found.effective_rows == pytest.approx(found.rows)
    windows = [explain(store, quick, Question("shop", "amount", window=window(n))) for n in range(5, 20)]
    for place, one in enumerate(found.bins):
        mass = sum((single.bins[place].current or 0.0) * single.rows for single in windows)
        assert one.current == pytest.approx(mass / found.rows)
        assert one.baseline == windows[0].bins[place].baseline
    assert {one.name for one in found.statistics} == {one.name for one in windows[0].statistics}


@pytest.mark.usefixtures("shop")
def test_more_windows_know_more_than_one(store: Store, quick: Settings) -> None:
    many = explain_range(store, asked(0, QUIET_WINDOWS))
    one = explain(store, quick, Question("shop", "amount", window=window(10)))
    wide = {single.name: single.detectable or 0.0 for single in one.statistics}
    narrow = {single.name: single.detectable or 0.0 for single in many.statistics}
    assert narrow["wasserstein"] < wide["wasserstein"] / 2


@pytest.mark.usefixtures("shop")
def test_moments_stand_beside_those_of_the_baseline(store: Store) -> None:
    baseline = load_baselines(store, "shop")[""].columns["amount"]
    quiet = explain_range(store, asked(0, QUIET_WINDOWS))
    moved = explain_range(store, asked(QUIET_WINDOWS, ALL))
    assert (quiet.baseline.mean, quiet.baseline.std) == (baseline.mean, baseline.std)
    assert quiet.baseline.maximum == baseline.layout.maximum
    assert quiet.current.mean == pytest.approx(0.0, abs=0.05)
    assert quiet.current.std == pytest.approx(1.0, abs=0.05)
    assert moved.current.mean == pytest.approx(1.0, abs=0.2)
    assert moved.current.maximum is not None
    assert moved.current.maximum > 3.5
    payment = explain_range(store, asked(0, QUIET_WINDOWS, "payment"))
    assert payment.current.mean is None
    assert payment.words[0].endswith("stands beside its baseline 'training' (5,000 rows).")


@pytest.mark.usefixtures("shop")
def test_decisions_are_those_of_the_windows(store: Store, quick: Settings) -> None:
    found = explain_range(store, asked(0, ALL))
    single = [explain(store, quick, Question("shop", "amount", window=window(n))).status for n in range(ALL)]
    own = {one.status: one.windows for one in found.decided if one.change == "distribution"}
    assert own == {status: single.count(status) for status in set(single)}
    assert own["drifted"] >= 1
    (said,) = [one for one in found.words if one.startswith("Evidence is weighed window by window")]
    assert f"of {ALL} windows {own['ok']} ok" in said
    assert f"{own['drifted']} drifted" in said
    assert "standard deviations higher than in its baseline 'training'" in found.words[0]


@pytest.mark.usefixtures("shop")
def test_windows_begin_in_the_range_or_are_not_in_it(store: Store) -> None:
    late = Span(since=window(3) + timedelta(seconds=1), until=window(5) + timedelta(seconds=1))
    found = explain_range(store, RangeQuestion("shop", "amount", late))
    assert (found.first_window, found.windows) == (window(4), 2)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (asked(400, 401), "its windows begin between"),
        (asked(0, 5, "amuont"), "did you mean 'amount'?"),
        (asked(0, 5, version="2"), "called '2'; there are '1'"),
        (asked(0, 5, segment="country=C"), "called 'country=C'"),
        (dataclasses.replace(asked(0, 5), model="shopp"), "did you mean 'shop'?"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_what_is_not_there_is_named_with_what_is(store: Store, question: RangeQuestion, said: str) -> None:
    with pytest.raises(NotFound) as caught:
        explain_range(store, question)
    assert said in caught.value.message


@pytest.mark.usefixtures("shop")
def test_windows_over_the_bins_of_another_baseline_are_left_out_and_that_is_said(store: Store) -> None:
    earlier = timedelta(days=100)
    for baseline, first, end in (("old", 10, 13), ("gone", 12, 17)):
        store.command(
            "INSERT INTO profiles SELECT * REPLACE ({baseline:String} AS baseline_id, "
            "window_start - INTERVAL 100 DAY AS window_start, window_end - INTERVAL 100 DAY AS window_end) "
            "FROM profiles FINAL WHERE model = 'shop' AND field = 'amount' "
            "AND window_start >= {begin:DateTime64(3, 'UTC')} AND window_start < {end:DateTime64(3, 'UTC')}",
            # The condition is on the replaced column.
            {"baseline": baseline, "begin": window(first) - earlier, "end": window(end) - earlier},
        )
    ago = Span(since=window(0) - earlier, until=window(ALL) - earlier)
    found = explain_range(store, RangeQuestion("shop", "amount", ago))
    assert (found.baseline_id, found.windows, found.left_out) == ("gone", 5, 2)
    assert found.words[-1] == (
        "2 windows of this version were counted over the bins of another baseline and left out."
    )
    assert "the baseline that it was counted with is gone" in found.words[0]
    assert (found.bins, found.statistics, found.baseline.mean) == ((), (), None)
    assert found.current.mean is not None
