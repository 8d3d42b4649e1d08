"""Stage graphs by command line, API and page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import yaml
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from driftline.errors import InvalidInput, NotFound
from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from service.api.stage_graphs import stage_graphs_router
from service.application import Application
from service.cli.main import app
from tests.seeding.serving import serving
from tests.seeding.stages import BEGIN, CHANGED_FROM, GRAPH, WINDOW, change, seed_stages

SINCE = f"{BEGIN + CHANGED_FROM * WINDOW:%Y-%m-%dT%H:%M}"
TOKEN = {"authorization": "Bearer let-me-in"}


def driftline(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["stages", *arguments], catch_exceptions=False)


@pytest.fixture
def seeded(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seed_stages(store, change({"scan-read": 0.8}), register=False)
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)
    monkeypatch.setenv("DRIFTLINE_WINDOW_SECONDS", "3600")


@pytest.fixture
def client(store: Store, settings: Settings) -> Iterator[httpx2.Client]:
    hourly = settings.model_copy(update={"window_seconds": 3600, "api_token": SecretStr("let-me-in")})
    application = Application(store, hourly, "http://localhost")
    made = create_app(ApiServices(store, hourly), [stage_graphs_router(application)])
    with serving(made) as url, httpx2.Client(base_url=url, timeout=30, trust_env=False) as client:
        yield client


@pytest.mark.usefixtures("seeded")
def test_the_command_infers_registers_lists_and_shows(tmp_path: Path) -> None:
    assert "No stage graph yet" in driftline("list").output
    inferred = driftline("infer", "--last", "4d")
    file = tmp_path / "graph.yaml"
    file.write_text(inferred.output)
    assert [stage["after"] for stage in yaml.safe_load(inferred.output)["stages"]] == [
        [],
        ["scan-prepare"],
        ["scan-read"],
    ]
    registered = driftline("register", str(file))
    assert "registered scan-prepare-scan-read-scan-format: scan-prepare; scan-read after" in registered.output
    (line,) = driftline("list", "--json").output.splitlines()
    assert [len(graph["stages"]) for graph in json.loads(line)] == [3]

    shown = driftline("show", "scan-prepare-scan-read-scan-format", "--since", SINCE)
    assert "The change begins at stage `scan-read`" in shown.output.replace("\n", " ").replace("  ", " ")
    assert "follows" in shown.output
    (line,) = driftline(
        "show", "scan-prepare-scan-read-scan-format", "--since", SINCE, "--json"
    ).output.splitlines()
    found = json.loads(line)
    assert (found["begins"], found["origins"][0]["stage"]) == ("stage", "scan-read")
    with pytest.raises(NotFound, match="there are scan-prepare-scan-read-scan-format"):
        driftline("show", "other")
    with pytest.raises(InvalidInput, match="takes a length like"):
        driftline("infer", "--last", "soon")


@pytest.mark.usefixtures("seeded")
def test_the_api_registers_and_answers(client: httpx2.Client) -> None:
    body = GRAPH.model_dump(mode="json")
    assert client.put("/api/v1/stage-graphs/reading", json=body).status_code == 401
    assert client.put("/api/v1/stage-graphs/other", json=body, headers=TOKEN).status_code == 422
    unknown = {"name": "reading", "stages": [{"name": "a", "model": "nobody"}]}
    refused = client.put("/api/v1/stage-graphs/reading", json=unknown, headers=TOKEN)
    assert refused.status_code == 422
    assert "model 'nobody' of stage 'a' is unknown" in refused.json()["message"]
    circle = {"name": "reading", "stages": [{"name": "a", "model": "m", "after": ["a"]}]}
    refused = client.put("/api/v1/stage-graphs/reading", json=circle, headers=TOKEN)
    assert "go round in a circle: a -> a" in refused.json()["message"]
    assert client.put("/api/v1/stage-graphs/reading", json=body, headers=TOKEN).status_code == 200
    (listed,) = client.get("/api/v1/stage-graphs").json()["items"]
    assert [stage["name"] for stage in listed["stages"]] == ["preprocess", "model", "postprocess"]
    found = client.get("/api/v1/stage-graphs/reading", params={"since": SINCE}).json()
    assert [origin["stage"] for origin in found["origins"]] == ["model"]
    assert client.get("/api/v1/stage-graphs/none").status_code == 404


@pytest.mark.usefixtures("seeded")
def test_the_pages_draw_the_graph(client: httpx2.Client) -> None:
    assert "No stage graph yet" in client.get("/stages").text
    client.put("/api/v1/stage-graphs/reading", json=GRAPH.model_dump(mode="json"), headers=TOKEN)
    assert 'href="/stages/reading"' in client.get("/stages").text
    page = client.get("/stages/reading", params={"since": SINCE}).text
    assert page.count('class="arrow"') == 2
    assert "changed: it begins here" in page
    assert "The change begins at stage <code>model</code>" in page
    assert client.get("/stages/none").status_code == 404
