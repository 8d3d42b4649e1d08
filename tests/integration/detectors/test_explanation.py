"""Explanations of fields that the monitor judged: figures, bins, events, tests on rows, and clear errors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr

from detectors.explanation import Question, explain
from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.errors import InvalidInput, NotFound
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.migrations import migrate
from driftline.store.sql import quote_identifier
from tests.integration.detectors.traffic import window
from tests.seeding.shop import ROWS_OF_A_WINDOW, SHOP, seed_shop

ROWS = ROWS_OF_A_WINDOW


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


def test_a_number_that_rose(store: Store, quick: Settings, shop: Contract) -> None:
    found = explain(store, quick, Question("shop", "amount"))
    assert found.window_start == window(31)
    assert (found.status, found.version, found.rows) == ("drifted", "1", ROWS)
    assert "'amount'" in found.words[0]
    assert "its baseline 'training'" in found.words[0]
    assert any("less than once in 8 years" in sentence for sentence in found.words)
    names = [one.name for one in found.statistics]
    assert {"psi", "jensen_shannon", "kolmogorov_smirnov", "wasserstein"} <= set(names)
    wasserstein = next(one for one in found.statistics if one.name == "wasserstein")
    assert wasserstein.lower is not None
    assert wasserstein.upper is not None
    assert 0.8 < wasserstein.lower < 1.2 < wasserstein.upper < 1.6
    assert sum(bin_.current or 0.0 for bin_ in found.bins) == pytest.approx(1.0)
    assert [rate.name for rate in found.rates] == ["missing", "out_of_range"]


def test_the_events_to_look_at_lie_in_the_bins_that_gained(
    store: Store, quick: Settings, shop: Contract
) -> None:
    found = explain(store, quick, Question("shop", "amount"))
    assert 0 < len(found.events) <= 10
    gained = {bin_.label for bin_ in found.moved if (bin_.current or 0) > (bin_.baseline or 0)}
    by_label = {bin_.label: bin_ for bin_ in found.bins}
    for event in found.events:
        assert event.bin in gained
        assert isinstance(event.value, float)
        bin_ = by_label[event.bin]
        assert bin_.lower is None or event.value >= bin_.lower
        assert bin_.upper is None or event.value < bin_.upper
        assert event.event_id.startswith(window(31).isoformat())
    assert found.events == explain(store, quick, Question("shop", "amount")).events


def test_the_segment_that_carries_the_change_comes_first(
    store: Store, quick: Settings, shop: Contract
) -> None:
    found = explain(store, quick, Question("shop", "amount"))
    countries = [one for one in found.origins if one.kind == "country"]
    assert [one.name for one in countries] == ["B", "A"]
    assert countries[0].carried is not None
    assert countries[0].carried > 0.8
    for kind in ("version", "instance", "country"):
        mine = [one for one in found.origins if one.kind == kind]
        assert sum(one.carried or 0.0 for one in mine) == pytest.approx(1.0)
        assert sum(one.rows for one in mine) == ROWS


def test_a_category_that_took_over(store: Store, quick: Settings, shop: Contract) -> None:
    found = explain(store, quick, Question("shop", "payment"))
    assert found.status == "drifted"
    assert found.moved[0].label in ("voucher", "card")
    assert {event.value for event in found.events} == {"voucher"}
    assert any("rows with 'voucher'" in sentence for sentence in found.words)
    assert "categories" in found.row_tests.reason
    assert [rate.name for rate in found.rates] == ["missing", "unseen"]


def test_a_window_is_found_by_any_moment_in_it(store: Store, quick: Settings, shop: Contract) -> None:
    found = explain(store, quick, Question("shop", "amount", window=window(10) + timedelta(seconds=59)))
    assert (found.window_start, found.status) == (window(10), "ok")
    assert any("what chance brings" in sentence for sentence in found.words)


def test_rows_of_a_file_baseline_are_gone_and_that_is_said(
    store: Store, quick: Settings, shop: Contract
) -> None:
    tests = explain(store, quick, Question("shop", "amount")).row_tests
    assert tests.tests == ()
    assert "came from a file" in tests.reason


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question("shopp", "amount"), "no model called 'shopp'; did you mean 'shop'?"),
        (Question("shop", "amonut"), "called 'amonut'; did you mean 'amount'?"),
        (Question("shop", "amount", version="2"), "called '2'; there are '1'"),
        (Question("shop", "amount", segment="country=C"), "called 'country=C'"),
        (Question("shop", "amount", window=window(400)), "its windows begin between"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(
    store: Store, quick: Settings, shop: Contract, question: Question, said: str
) -> None:
    with pytest.raises(NotFound) as caught:
        explain(store, quick, question)
    assert said in caught.value.message


def test_a_model_that_was_never_compared(store: Store, quick: Settings) -> None:
    ContractStore(store).register(SHOP.model_copy(update={"model": "new"}))
    with pytest.raises(NotFound, match="has not been compared yet"):
        explain(store, quick, Question("new", "amount"))


def test_a_segment_must_be_written_as_one(store: Store, quick: Settings, shop: Contract) -> None:
    with pytest.raises((NotFound, InvalidInput)):
        explain(store, quick, Question("shop", "amount", segment="country"))


def test_rows_of_a_past_window_are_tested_exactly(store: Store, quick: Settings, shop: Contract) -> None:
    store.command(
        "ALTER TABLE baselines UPDATE history_since = {a:DateTime64(3)}, history_until = {b:DateTime64(3)} "
        "WHERE model = 'shop'",
        {"a": window(0), "b": window(20)},
        settings={"mutations_sync": 1},
    )
    tests = explain(store, quick, Question("shop", "amount")).row_tests
    assert tests.reason == ""
    assert (tests.baseline_rows, tests.current_rows) == (2000, ROWS)
    found = {one.name: one for one in tests.tests}
    assert set(found) == {
        "kolmogorov_smirnov",
        "anderson_darling",
        "cramer_von_mises",
        "mann_whitney",
        "energy_distance",
        "maximum_mean_discrepancy",
    }
    ks = found["kolmogorov_smirnov"]
    assert ks.p_value is not None
    assert ks.p_value < 1e-9
    quiet = explain(store, quick, Question("shop", "amount", window=window(10))).row_tests
    calm = next(one for one in quiet.tests if one.name == "kolmogorov_smirnov")
    assert calm.p_value is not None
    assert calm.p_value > 0.001
