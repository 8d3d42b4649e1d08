"""The gate as a pipeline asks it: rows out, answers in, verdict, override; by API, command and page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.gates import gate_router
from service.api.services import ApiServices
from service.application import Application
from service.cli.main import app as command_line
from tests.seeding.serving import serving
from tests.seeding.two_versions import CHAMPION, Traffic, seed_two_versions

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
RULES = """
targets:
  ci: {kind: webhook, url: https://ci.example/retrain, signing_key: {env: CI_KEY}}
rules:
  - {name: decay, on: decay, actions: {retrain: ci}}
gates:
  - {models: "letters", margin: 0.01, limits: {accuracy: ">= 90%"}}
"""
ASKED = {"author": "ann", "reason": "the truth was wrong that week"}


@pytest.fixture
def application(store: Store, settings: Settings, tmp_path: Path) -> Application:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    tuned = settings.model_copy(update={"rules_file": rules, "api_token": SecretStr("let-me-in")})
    seed_two_versions(store, Traffic(rows=2000, errors=(0.15, 0.15)), START, versions=(CHAMPION,))
    return Application(store, tuned, "http://driftline.test")


@pytest.fixture
def client(application: Application) -> Iterator[httpx2.Client]:
    services = ApiServices(application.store, application.settings)
    api = create_app(services, extra_routers=[gate_router(application)])
    headers = {"authorization": "Bearer let-me-in"}
    with (
        serving(api) as url,
        httpx2.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client,
    ):
        yield client


def truths(store: Store) -> dict[str, str]:
    rows = store.query(
        "SELECT e.event_id AS id, toString(l.truth) AS truth FROM inference_events AS e "
        "INNER JOIN labelled_events AS l ON cityHash64(e.event_id) = l.event_key WHERE e.model = 'letters'"
    )
    return {row["id"]: row["truth"] for row in rows}


def answered(store: Store, given: list[str], every: int) -> list[dict[str, Any]]:
    """Right answers but for each so-manieth."""
    known = truths(store)
    other = {"a": "b", "b": "a"}
    return [
        {"event_id": one, "prediction": other[known[one]] if index % every == 0 else known[one]}
        for index, one in enumerate(given)
    ]


def test_a_pipeline_fetches_rows_hands_in_answers_and_is_let_through(
    application: Application, client: httpx2.Client
) -> None:
    lines = client.get("/api/v1/gates/letters/rows").text.splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 2000
    assert set(rows[0]) == {"event_id", "trace_id", "ts", "inputs"}
    assert set(rows[0]["inputs"]) == {"ink", "desk"}, "neither the truth nor an answer is told"
    before = client.get("/api/v1/gates/letters/7").json()
    assert (before["verdict"], before["allowed"]) == ("no_evidence", False)
    answers = answered(application.store, [row["event_id"] for row in rows], every=20)
    sent = client.post("/api/v1/gates/letters/7/answers", json={"answers": answers})
    assert sent.json() == {"stored": 2000, "refused": 0, "faults": []}
    assert client.get("/api/v1/gates/letters/7").json()["verdict"] == "no_evidence", "looked at a moment ago"
    gate = client.get("/api/v1/gates/letters/7", params={"fresh": True}).json()
    assert (gate["verdict"], gate["allowed"]) == ("pass", True), gate["report"]["words"]
    assert gate["report_url"] == "http://driftline.test/models/letters/gates/7"
    assert gate["report"]["margin"] == 0.01
    assert [one["name"] for one in gate["report"]["checks"] if one["kind"] == "limit"] == ["accuracy >= 0.9"]
    report = client.get("/api/v1/gates/letters/7/report")
    assert "May version 7 of letters be deployed?" in report.text
    assert "/static/" not in report.text, "the file loads nothing"
    page = client.get("/models/letters/gates/7")
    assert page.status_code == 200
    assert "accuracy" in page.text
    assert 'href="/models/letters/gates/7"' in client.get("/models/letters/gates").text


def test_no_pass_no_deploy_but_by_a_person_with_a_reason(
    application: Application, client: httpx2.Client
) -> None:
    rows = [json.loads(line) for line in client.get("/api/v1/gates/letters/rows").text.splitlines()]
    answers = answered(application.store, [row["event_id"] for row in rows], every=4)
    client.post("/api/v1/gates/letters/8/answers", json={"answers": answers})
    gate = client.get("/api/v1/gates/letters/8").json()
    assert (gate["verdict"], gate["allowed"]) == ("fail", False)
    flagger = {"name": "letters", "phase": "Progressing", "metadata": {"model": "letters", "version": "8"}}
    assert client.post("/api/v1/gates/flagger", json=flagger).status_code == 412
    override = "/api/v1/gates/letters/8/override"
    assert client.post(override, json={"author": "ann"}).status_code == 422
    assert client.post(override, json=ASKED, headers={"authorization": ""}).status_code == 401
    assert client.post(override, json=ASKED).status_code == 200
    gate = client.get("/api/v1/gates/letters/8").json()
    assert (gate["verdict"], gate["allowed"]) == ("fail", True)
    assert gate["override"]["author"] == "ann"
    assert client.post("/api/v1/gates/flagger", json=flagger).status_code == 200
    assert "let through by ann" in client.get("/models/letters/gates/8").text
    assert client.post(f"{override}/withdraw", json=ASKED).status_code == 200
    assert client.get("/api/v1/gates/letters/8").json()["allowed"] is False


def test_the_command_answers_by_exit_code(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr("service.cli.gate.settings_for_command", lambda config: application.settings)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(command_line, ["gate", *arguments])

    rows, handed = tmp_path / "rows.jsonl", tmp_path / "answers.jsonl"
    assert "2,000 rows" in run("rows", "letters", "--out", str(rows)).output
    given = [json.loads(line)["event_id"] for line in rows.read_text().splitlines()]
    handed.write_text("\n".join(json.dumps(one) for one in answered(application.store, given, every=20)))
    assert run("check", "letters", "7").exit_code == 3
    assert "2,000 answers stored" in run("answers", "letters", "7", str(handed)).output
    page = tmp_path / "report.html"
    told = run("check", "letters", "7", "--html", str(page))
    assert told.exit_code == 0, told.output
    assert "may be deployed" in told.output
    assert "<!doctype html>" in page.read_text()
    handed.write_text("\n".join(json.dumps(one) for one in answered(application.store, given, every=4)))
    run("answers", "letters", "8", str(handed))
    assert run("check", "letters", "8").exit_code == 1
    assert run("override", "letters", "8", "--author", "ann", "--reason", "urgent").exit_code == 0
    told = run("check", "letters", "8", "--json")
    assert told.exit_code == 0
    assert json.loads(told.output)["override"]["reason"] == "urgent"
    handed.write_text('{"event_id": "r1", "prediction": "a"}\n[1]\n')
    wrong = run("answers", "letters", "8", str(handed))
    assert "line 2 is no JSON object" in str(wrong.exception)
