"""Declaring baselines as an owner does: by command and by API, on real traffic."""

from __future__ import annotations

from typing import Any

import httpx2
import orjson
import pytest
from typer.testing import CliRunner, Result

from driftline.contract_store import ContractStore
from driftline.errors import DriftlineError
from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from service.api.write_baselines import baselines_router
from service.application import Application
from service.cli.main import app
from tests.integration.detectors.hourly import BEGIN, CONTRACT, HOUR, Hours
from tests.seeding.serving import serving

MODEL = CONTRACT.model


@pytest.fixture
def traffic(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Hours:
    """40 hours of traffic up to now of a registered model, and a command line that finds them."""
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)
    monkeypatch.setenv("DRIFTLINE_STATE_DIR", str(settings.state_dir))
    monkeypatch.setenv("DRIFTLINE_MIN_SAMPLES", "20")
    ContractStore(store).register(CONTRACT)
    hours = Hours(store)
    hours.send(0, 40, rows=10)
    return hours


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["baseline", MODEL, *arguments])


def answer(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output + repr(result.exception)
    found: dict[str, Any] = orjson.loads(result.stdout)
    return found


def refused(*arguments: str) -> str:
    error = run(*arguments).exception
    assert isinstance(error, DriftlineError), error
    return error.message


@pytest.mark.usefixtures("traffic")
class TestCommand:
    def test_a_past_range_with_an_excluded_part(self) -> None:
        found = answer(
            "--since", f"{BEGIN:%Y-%m-%dT%H:%M:%S}", "--until", f"{BEGIN + 30 * HOUR:%Y-%m-%dT%H:%M:%S}",
            "--exclude", f"{BEGIN:%Y-%m-%dT%H:%M}/{BEGIN + 4 * HOUR:%Y-%m-%dT%H:%M}",
        )  # fmt: skip
        assert (found["rows"], found["model"], found["waiting"]) == (260, MODEL, {})
        assert found["recipe"]["kind"] == "window"
        assert found["quality"]["history"]["left_out"] == 4
        assert found["quality"]["history"]["stretches_left_out"][0]["why"] == "excluded"

    def test_first_hours_are_made_at_once_when_they_are_there(self) -> None:
        assert answer("--first-hours", "24")["name"] == "first 24 h of version 1"
        again = answer("--first-hours", "24")
        assert again["baselines"] == []
        assert "already" in again["waiting"][""]

    def test_what_is_not_there_yet_is_declared_and_waited_for(self) -> None:
        assert answer("--first-hours", "72")["waiting"] == {"1": "collecting 1.67 of 3 days"}
        assert answer("--weeks", "2")["waiting"][""].endswith("of 14 days")

    def test_rolling_takes_what_there_is(self) -> None:
        found = answer("--rolling", "28d", "--exclude-last", "1h", "--name", "lately")
        assert (found["name"], found["rows"]) == ("lately", 400)
        assert found["recipe"]["refresh_hours"] == 24

    def test_a_person_reads_what_it_is_good_for(self) -> None:
        shown = run("--first-hours", "24").output
        for words in ("quality: usable", "smallest changes found in 95% of cases", "shift, sd", "240 rows"):
            assert words in shown
        assert "first 24 h of version 1" in run("--show").output

    def test_showing_nothing_says_so(self) -> None:
        assert "has no baseline" in run("--show").output

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "give --file, --since, --first-hours, --rolling, --weeks or --show"),
            (("--weeks", "2", "--rolling", "28d"), "give one of"),
            (("--show", "--weeks", "2"), "give one of"),
            (("--rolling", "soon"), "'soon' is no duration"),
            (("--weeks", "1"), "weeks: Input should be greater than or equal to 2"),
            (("--first-hours", "0"), "hours: Input should be greater than 0"),
            (("--first-hours", "24", "--every", "1d"), "--every means nothing beside --first-hours"),
            (("--since", "2026-01-02", "--until", "2026-01-01"), "must end after it begins"),
            (("--since", "2026-01-02", "--exclude", "yesterday"), "'yesterday' is no range of time"),
            (("--since", "2026-01-02", "--exclude", "2026-01-03/2026-01-02"), "it must end after it begins"),
            (("--weeks", "6"), "reaches 42 days back, but events are kept for 30"),
            (("--file", "no.csv", "--keep-drifted"), "--keep-drifted means nothing beside --file"),
            (("--weeks", "2", "--label", "y"), "--label goes with --file"),
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused(self, arguments: tuple[str, ...], message: str) -> None:
        assert message in refused(*arguments)

    def test_a_recipe_that_cannot_be_followed_is_not_put_in_force(self, store: Store) -> None:
        assert "no events" in refused("--since", "2020-01-01", "--until", "2020-01-02")
        assert store.scalar("SELECT count() FROM baseline_recipes") == 0


@pytest.mark.usefixtures("traffic")
def test_by_api_the_same(store: Store, settings: Settings) -> None:
    quick = settings.model_copy(update={"min_samples": 20})
    application = Application(store, quick, "http://test")
    api = create_app(ApiServices(store, quick), extra_routers=[baselines_router(application)])
    with serving(api) as url, httpx2.Client(base_url=f"{url}/api/v1/models", timeout=30) as client:
        path = f"/{MODEL}/baseline-recipe"
        made = client.put(path, json={"recipe": {"kind": "first_hours", "hours": 24}})
        assert made.status_code == 200, made.text
        assert [one["rows"] for one in made.json()["made"]] == [240]
        assert made.json()["made"][0]["quality"]["verdict"] == "usable"
        waiting = client.put(path, json={"recipe": {"kind": "seasonal", "weeks": 2}}).json()
        assert waiting["made"] == []
        assert waiting["waiting"][""].endswith("of 14 days")
        (declared,) = client.get(f"/{MODEL}/baseline-recipes").json()["items"]
        assert declared["recipe"] == {
            "kind": "seasonal", "weeks": 2, "exclude_last_hours": 0.0, "refresh_hours": None,
            "exclude": [], "keep_drifted": False, "per_segment": True,
        }  # fmt: skip
        (listed,) = client.get(f"/{MODEL}/baselines").json()["items"]
        assert listed["recipe"]["kind"] == "first_hours"
        assert listed["quality"]["history"]["taken"] == 24
        for bad in ({"kind": "weekly"}, {"kind": "rolling", "days": -1}, {"kind": "file"}):
            assert client.put(path, json={"recipe": bad}).status_code == 422
        rows = {"name": "sent", "rows": [{"x": 1.0, "c": "a"}]}
        sent = client.post(f"/{MODEL}/baselines", json=rows).json()
        assert sent["quality"]["verdict"] == "weak"
        assert client.put("/nobody/baseline-recipe", json={"recipe": {"kind": "file"}}).status_code == 404


@pytest.mark.usefixtures("traffic")
def test_the_models_page_says_how_good_it_is(store: Store, settings: Settings) -> None:
    answer("--first-hours", "24")
    with serving(create_app(ApiServices(store, settings))) as url:
        page = httpx2.get(f"{url}/models/{MODEL}", timeout=30).text
    assert "first 24 h of version 1" in page
    assert "usable" in page
    assert "24 of 24 windows taken" in page
