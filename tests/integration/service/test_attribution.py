"""What carries a model's drift: by function, by command, and where there is nothing to say."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from driftline.errors import InvalidInput, NotFound
from driftline.settings import Settings
from driftline.store import Store
from service.attribution import model_attribution
from service.cli.main import app
from tests.integration.detectors.traffic import window
from tests.seeding import tables
from tests.seeding.fleet import contract
from tests.seeding.shop import MOVED_WINDOWS, QUIET_WINDOWS, seed_shop

runner = CliRunner()


@pytest.fixture
def shop(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    tuned = settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})
    seed_shop(store, tuned, per_segment=True)
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)
    return tuned


def test_the_newest_window_is_attributed_to_fields_and_segments(store: Store, shop: Settings) -> None:
    (found,) = model_attribution(store, shop, "shop").windows
    assert found.window_start == window(QUIET_WINDOWS + MOVED_WINDOWS - 1)
    assert found.status == "drifted"
    assert {one.name for one in found.fields} == {"amount", "payment"}
    assert sum(one.share for one in found.fields) == pytest.approx(1)
    assert sum(one.share for one in found.segments) == pytest.approx(1)
    # Amounts rise in one country, vouchers take over in both.
    assert found.segments[0].name == "country=B"
    assert found.concentration["amount"] > 0.9
    assert found.concentration["payment"] < 0.5
    assert "carry the drift; amount sits in country=B" in found.words


def test_a_version_and_a_window_can_be_chosen(store: Store, shop: Settings) -> None:
    (quiet,) = model_attribution(store, shop, "shop", "1", window(10)).windows
    assert (quiet.window_start, quiet.status) == (window(10), "ok")
    assert quiet.words.startswith("Nothing beyond noise")
    assert quiet.fields == quiet.segments == ()


def test_what_is_not_there_is_named_clearly(store: Store, shop: Settings) -> None:
    with pytest.raises(NotFound, match="did you mean 'shop'"):
        model_attribution(store, shop, "shopp")
    with pytest.raises(NotFound, match=r"version of 'shop' that was compared called '7'; there are '1'"):
        model_attribution(store, shop, "shop", "7")
    with pytest.raises(NotFound, match="no compared window at 2020-01-01 00:00:00 UTC; its windows begin"):
        model_attribution(store, shop, "shop", at=datetime(2020, 1, 1, tzinfo=UTC))
    tables.register_many(store, [contract("fresh", "nlp")])
    with pytest.raises(NotFound, match=r"'fresh' has not been compared yet.*driftline baseline fresh"):
        model_attribution(store, shop, "fresh")


@pytest.mark.usefixtures("shop")
def test_the_command_without_a_field_says_what_carries_it() -> None:
    told = runner.invoke(app, ["explain", "shop"])
    assert told.exit_code == 0, told.output
    assert "drifted in the window from" in told.output
    assert "carry the drift" in told.output
    assert "country=B" in told.output
    answered = runner.invoke(app, ["explain", "shop", "--json"])
    (line,) = answered.output.splitlines()
    found = json.loads(line)
    assert found["model"] == "shop"
    assert {"fields", "segments", "concentration", "words", "status"} <= set(found["windows"][0])
    moment = window(10).isoformat()
    quiet = runner.invoke(app, ["explain", "shop", "--window", moment])
    assert "Nothing beyond noise" in quiet.output
    with pytest.raises(InvalidInput, match="--segment needs a field"):
        runner.invoke(app, ["explain", "shop", "--segment", "country=B"], catch_exceptions=False)
