"""``driftline compare``, ``driftline parity``, their routes and their page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

from driftline.errors import DriftlineError, InvalidInput
from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from service.cli.main import app
from tests.seeding.serving import serving
from tests.seeding.two_versions import CHALLENGER, CHAMPION, Traffic, seed_two_versions

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


@pytest.fixture
def connected(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def refused(*arguments: str) -> str:
    error = run(*arguments).exception
    assert isinstance(error, DriftlineError)
    assert error.exit_code == 2
    return error.message


@pytest.mark.usefixtures("connected")
def test_compare_answers_with_its_exit_code(store: Store) -> None:
    seed_two_versions(store, Traffic(errors=(0.1, 0.2)), START)
    worse = run("compare", "letters", CHAMPION, CHALLENGER)
    assert worse.exit_code == 1, worse.output
    assert "Version '2' is worse than '1'" in worse.output
    assert "desk=x" in worse.output
    better = run("compare", "letters", CHALLENGER, CHAMPION, "--json")
    assert better.exit_code == 0
    assert json.loads(better.output)["verdict"] == "better"
    until = (START + timedelta(seconds=40)).isoformat()
    early = run("compare", "letters", CHAMPION, CHALLENGER, "--until", until)
    assert early.exit_code == 3, early.output
    assert "not yet decided" in early.output
    assert "no mean over events" in refused("compare", "letters", CHAMPION, CHALLENGER, "--metric", "f1")
    assert "--since takes a time" in refused("compare", "letters", "1", "2", "--since", "noon")
    assert run("compare", "letters", CHAMPION).exit_code == 2


@pytest.mark.usefixtures("connected")
def test_parity_answers_with_its_exit_code(store: Store, tmp_path: Path) -> None:
    seed_two_versions(store, Traffic(rows=1000, latency_ms=(10.0, 5.0)), START)
    wide = ["--tolerance", "scores.confidence=0.2"]
    alike = run("parity", "letters", CHAMPION, CHALLENGER, *wide)
    assert alike.exit_code == 0, alike.output
    assert "'2' answers like '1'" in alike.output
    assert "no use was measured of '1'" in alike.output
    apart = run("parity", "letters", CHAMPION, CHALLENGER, "--tolerance", "scores.confidence=1e-6", "--json")
    assert apart.exit_code == 1
    assert json.loads(apart.output)["verdict"] == "fail"
    until = (START + timedelta(seconds=9)).isoformat()
    assert run("parity", "letters", CHAMPION, CHALLENGER, *wide, "--until", until).exit_code == 3

    rows = {"id": list(range(500)), "y": [float(i) for i in range(500)]}
    one, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pyarrow.parquet.write_table(pa.table(rows), one)
    pyarrow.parquet.write_table(pa.table(rows | {"y": [1.001 * i for i in range(500)]}), other)
    files = ["parity", "--files", str(one), str(other), "--key", "id"]
    assert run(*files, "--tolerance", "y=0,0.01").exit_code == 0
    told = run(*files, "--tolerance", "y=1e-4")
    assert told.exit_code == 1
    assert "most apart in y" in told.output
    assert "needs --key" in refused("parity", "--files", str(one), str(other))
    assert "takes MODEL A B" in refused("parity", "letters", "1")
    assert "written NAME=ABSOLUTE" in refused(*files, "--tolerance", "y=much")


@pytest.fixture
def client(store: Store, settings: Settings) -> Iterator[httpx2.Client]:
    seed_two_versions(store, Traffic(rows=1500, errors=(0.1, 0.2), worse_desk=0.4), START)
    with (
        serving(create_app(ApiServices(store, settings))) as url,
        httpx2.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        yield client


def test_routes_answer_and_refuse(client: httpx2.Client) -> None:
    asked = {"champion": CHAMPION, "challenger": CHALLENGER}
    compared = client.get("/api/v1/models/letters/comparison", params=asked).json()
    assert compared["verdict"] == "worse"
    assert {one["segment"] for one in compared["segments"]} == {"desk=x", "desk=y"}
    alike = client.get(
        "/api/v1/models/letters/parity",
        params={"a": CHAMPION, "b": CHALLENGER, "tolerance": ["scores.confidence=0.2", "scores.margin=1"]},
    ).json()
    assert alike["verdict"] == "fail"
    assert alike["cost"]["a_usd_per_1000"] is None
    assert "no use was measured" in alike["cost"]["reason"]
    tolerances = {one["name"]: one["absolute_tolerance"] for one in alike["outputs"]}
    assert tolerances["scores.confidence"] == 0.2
    wrong: list[dict[str, str]] = [{"champion": "1"}, {**asked, "alpha": "2"}, {**asked, "metric": "f1"}]
    for query in wrong:
        assert client.get("/api/v1/models/letters/comparison", params=query).status_code == 422
    unknown = client.get("/api/v1/models/letters/comparison", params={**asked, "champion": "7"})
    assert unknown.status_code == 404
    assert unknown.json()["message"].startswith("version '7' of 'letters' has no stored answer")


def test_the_page_shows_the_two_newest_versions_and_others_when_asked(client: httpx2.Client) -> None:
    page = client.get("/models/letters/versions")
    assert page.status_code == 200
    assert "Version &#39;2&#39; is worse than &#39;1&#39;" in page.text
    assert "desk=x" in page.text
    assert "Same answers?" in page.text
    turned = client.get("/models/letters/versions", params={"champion": "2", "challenger": "1"})
    assert "Version &#39;1&#39; is better than &#39;2&#39;" in turned.text
    assert client.get("/models/nobody/versions").status_code == 404


def test_cost_is_that_of_instances_which_served_one_version(store: Store, settings: Settings) -> None:
    from service.version_costs import cost_gain

    now = datetime.now(UTC).replace(microsecond=0)
    since = now - timedelta(hours=1)
    for instance, version, seen, cpu in (("a", "1", 1000, 100.0), ("b", "2", 1000, 25.0)):
        store.insert_rows(
            "coverage",
            [
                {
                    "ts": now - timedelta(minutes=30),
                    "model": "m",
                    "version": version,
                    "instance": instance,
                    "seen": seen,
                    "kept": seen,
                    "unsampled": 0,
                    "dropped": {},
                }
            ],
        )
        store.insert_rows(
            "cpu_samples",
            [
                {
                    "ts": now - timedelta(minutes=29),
                    "node": "n",
                    "model": "m",
                    "instance": instance,
                    "processes": 1,
                    "cpu_seconds": cpu,
                    "memory_bytes": 0,
                    "interval_seconds": 600.0,
                    "grade": "measured",
                }
            ],
        )
    gained = cost_gain(store, settings, "m", "1", "2", since, now)
    assert gained.ratio == pytest.approx(0.25)
    assert gained.reason == ""
    store.insert_rows(
        "coverage",
        [
            {
                "ts": now - timedelta(minutes=20),
                "model": "m",
                "version": "2",
                "instance": "a",
                "seen": 5,
                "kept": 5,
                "unsampled": 0,
                "dropped": {},
            }
        ],
    )
    mixed = cost_gain(store, settings, "m", "1", "2", since, now)
    assert mixed.a_usd_per_1000 is None
    assert mixed.b_usd_per_1000 is not None
    assert mixed.ratio is None
    assert mixed.reason == "instances of '1' served other versions too"


def test_tolerances_that_cannot_be_read_are_refused() -> None:
    from service.tolerances import parse_tolerances

    for wrong in ("y", "=1", "y=-1", "y=1,2,3", "y=nan"):
        with pytest.raises(InvalidInput, match="written NAME=ABSOLUTE"):
            parse_tolerances([wrong])
    with pytest.raises(InvalidInput, match="two tolerances"):
        parse_tolerances(["y=1", "y=2"])
