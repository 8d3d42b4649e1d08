"""``driftline budget`` and its API route: the owner's words, spelled out for one model."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from driftline.errors import NotFound
from driftline.settings import Settings
from driftline.store import Store
from service.budget import model_budget
from service.cli.main import app
from tests.seeding.shop import seed_shop

runner = CliRunner()


@pytest.fixture
def shop(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    tuned = settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})
    seed_shop(store, tuned)
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)
    return tuned


def test_the_parts_are_the_whole_and_splitting_costs_little(store: Store, shop: Settings) -> None:
    report = model_budget(store, shop, "shop")
    assert report.per_year == 1 / 8
    assert sum(part.per_year for part in report.parts) == pytest.approx(report.per_year)
    for part in report.parts:
        assert part.threshold is not None
        assert part.undivided is not None
        assert part.cost is not None
        assert part.threshold > part.undivided
        assert 1 < part.cost < 2
    shifts = [one.shift_sd for one in report.detectable]
    assert all(shift is not None and shift > 0 for shift in shifts)
    assert shifts == sorted(shifts, key=lambda shift: -(shift or 0.0))


def test_a_stricter_budget_asks_for_more_and_a_fleets_is_shared(store: Store, shop: Settings) -> None:
    usual = model_budget(store, shop, "shop", window_rows=1000)
    stricter = shop.model_copy(update={"false_alarm_budget": "one per fleet in 96 years"})
    strict = model_budget(store, stricter, "shop", window_rows=1000)
    for loose, tight in zip(usual.parts, strict.parts, strict=True):
        assert loose.threshold is not None
        assert tight.threshold is not None
        assert 0.2 < tight.threshold - loose.threshold < 0.6


@pytest.mark.usefixtures("shop")
def test_the_command_says_it_in_words_and_as_json() -> None:
    told = runner.invoke(app, ["budget", "shop", "--rows", "1000"])
    assert told.exit_code == 0, told.output
    assert "one false episode per model in eight years = 1 in 8 years" in told.output
    assert "numeric fields" in told.output
    assert "within 3 windows" in " ".join(told.output.split())
    answered = runner.invoke(app, ["budget", "shop", "--json"])
    assert json.loads(answered.output)["stated"] == "one false episode per model in eight years"


def test_a_model_without_baseline_or_contract_is_told_apart(store: Store, shop: Settings) -> None:
    with pytest.raises(NotFound, match="is unknown"):
        model_budget(store, shop, "nobody")
    store.command("TRUNCATE TABLE baselines")
    with pytest.raises(NotFound, match="has no baseline"):
        model_budget(store, shop, "shop")
