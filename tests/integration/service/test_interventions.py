"""People step in: they approve, deny, acknowledge, silence, reset and redo; and write rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from alerting.episode import Episode, episode_id
from alerting.outbox import Action, released
from driftline.contracts import parse_contract
from driftline.errors import Conflict, InvalidInput
from driftline.ids import ActionId
from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from service.api.write_interventions import interventions_router
from service.application import Application
from service.cli.main import app as command_line
from tests.seeding.serving import serving

NOW = datetime.now(UTC)
GOOD = """
targets:
  ci: {kind: webhook, url: https://ci.example/retrain, signing_key: {env: CI_KEY}}
rules:
  - {name: decay, on: decay, actions: {retrain: ci}}
"""


@pytest.fixture
def application(store: Store, settings: Settings, tmp_path: Path) -> Application:
    rules = tmp_path / "rules.yaml"
    rules.write_text(GOOD)
    tuned = settings.model_copy(update={"rules_file": rules, "api_token": SecretStr("let-me-in")})
    application = Application(store, tuned, "http://driftline.test")
    fields = [{"name": "amount", "kind": "numeric"}]
    application.contracts.register(parse_contract({"model": "m", "fields": fields}))
    return application


@pytest.fixture
def client(application: Application) -> Iterator[httpx2.Client]:
    services = ApiServices(application.store, application.settings)
    api = create_app(services, extra_routers=[interventions_router(application)])
    headers = {"authorization": "Bearer let-me-in"}
    with (
        serving(api) as url,
        httpx2.Client(base_url=f"{url}/api/v1", headers=headers, trust_env=False) as client,
    ):
        yield client


def action(state: str = "held", name: str = "ac-1") -> Action:
    return Action(
        action_id=ActionId(name),
        episode_id=episode_id("m", NOW),
        model="m",
        kind="retrain",
        event="retrain.requested",
        target="ci",
        state="dead" if state == "dead" else "held",
        attempt=0,
        at=NOW,
        next_attempt_at=NOW,
        payload="{}",
        reason="approval",
    )


ANN = {"author": "ann", "reason": "looks right"}


def test_what_waits_is_approved_or_denied_by_name(application: Application, client: httpx2.Client) -> None:
    application.outbox.enqueue(action())
    said = client.post("/actions/ac-1/approve", json=ANN)
    assert (said.status_code, said.json()["author"], said.json()["kind"]) == (200, "ann", "approve")
    assert client.post("/actions/ac-1/deny", json=ANN).json()["kind"] == "deny"
    assert client.post("/actions/ac-2/approve", json=ANN).status_code == 404
    assert client.post("/actions/ac-1/approve", json={"author": ""}).status_code == 422
    application.outbox.enqueue(released(application.outbox.get("ac-1")))
    late = client.post("/actions/ac-1/deny", json=ANN)
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


def test_nobody_steps_in_without_the_token(application: Application, client: httpx2.Client) -> None:
    application.outbox.enqueue(action())
    bare = {"authorization": ""}
    assert client.post("/actions/ac-1/approve", json=ANN, headers=bare).status_code == 401
    assert client.post("/silences", json={}, headers=bare).status_code == 401
    assert client.get("/silences", headers=bare).status_code == 200


def test_what_is_dead_is_redone(application: Application, client: httpx2.Client) -> None:
    application.outbox.enqueue(action("dead"))
    assert client.post("/actions/ac-1/redo").json() == {"action_id": "ac-1", "state": "retrying"}
    assert client.post("/actions/ac-1/redo").status_code == 409


def test_an_episode_is_acknowledged(application: Application, client: httpx2.Client) -> None:
    episode = Episode(
        episode_id("m", NOW), "m", "decay", "decay", "open", NOW, NOW, None, NOW, NOW, "1", (), "fell"
    )
    application.episodes.save(episode)
    application.episodes.save(replace(episode, summary="fell further", revision=2))
    assert client.post(f"/episodes/{episode.episode_id}/acknowledge", json=ANN).status_code == 200
    assert client.post("/episodes/ep-none/acknowledge", json=ANN).status_code == 404


def test_a_breaker_is_reset(client: httpx2.Client) -> None:
    assert client.post("/models/m/breakers/retrain/reset", json=ANN).json()["subject"] == "breaker:m:retrain"
    assert client.post("/models/m/breakers/dance/reset", json=ANN).status_code == 422
    assert client.post("/models/none/breakers/retrain/reset", json=ANN).status_code == 404


def test_a_silence_is_made_shown_and_ended(client: httpx2.Client) -> None:
    until = (NOW + timedelta(hours=1)).isoformat()
    wanted: dict[str, Any] = {"models": ["ocr-*"], "until": until, **ANN}
    made = client.post("/silences", json=wanted)
    assert (made.status_code, made.json()["state"]) == (201, "active")
    (shown,) = client.get("/silences").json()
    assert (shown["silence_id"], shown["reason"]) == (made.json()["silence_id"], "looks right")
    ended = client.post(f"/silences/{shown['silence_id']}/end", json={"author": "bob"})
    assert (ended.json()["state"], ended.json()["reason"]) == ("over", "looks right (ended by bob)")
    assert client.get("/silences").json() == []
    wrong = client.post("/silences", json=wanted | {"until": (NOW - timedelta(hours=1)).isoformat()})
    assert "ends after it starts" in wrong.json()["message"]


def test_a_file_with_faults_leaves_the_old_rules_in_force(
    application: Application, client: httpx2.Client
) -> None:
    assert client.get("/rules").json() == {
        "from_file": True, "rules": ["decay"], "targets": ["ci"], "faults": []
    }  # fmt: skip
    path = application.settings.rules_file
    assert path is not None
    path.write_text(GOOD.replace("on: decay", "on: decy"))
    found = client.get("/rules").json()
    assert found["rules"] == ["decay"]
    assert (found["faults"][0]["line"], found["faults"][0]["path"]) == (5, "rules.0.on.0")
    path.write_text(GOOD.replace("name: decay", "name: renamed"))
    mended = client.get("/rules").json()
    assert (mended["rules"], mended["faults"]) == (["renamed"], [])


def test_the_command_line_checks_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(GOOD)
    good = CliRunner().invoke(command_line, ["rules", "check", str(path)])
    assert good.exit_code == 0
    assert "retrain by ci" in good.output
    path.write_text(GOOD.replace("actions: {retrain: ci}", "actions: {retrain: cj}"))
    bad = CliRunner().invoke(command_line, ["rules", "check", str(path), "--json"])
    assert bad.exit_code == 2
    assert "target 'cj' is not under `targets`" in bad.output


def test_the_command_line_lists_approves_and_redoes(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = application.settings.clickhouse_url
    assert url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", application.settings.clickhouse_database)
    application.outbox.enqueue(action(), action("dead", "ac-2"))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(command_line, ["actions", *arguments])
        return done.exit_code, done.output

    code, listed = run("list", "--state", "held", "--json")
    assert (code, [one["action_id"] for one in json.loads(listed)]) == (0, ["ac-1"])
    assert run("approve", "ac-1", "--author", "ann")[0] == 0
    assert "approved by ann" in run("approve", "ac-1", "--author", "ann", "--reason", "checked")[1]
    assert run("redo", "ac-2")[0] == 0
    assert application.outbox.get("ac-2").state == "retrying"
    assert isinstance(CliRunner().invoke(command_line, ["actions", "redo", "ac-1"]).exception, Conflict)
    assert isinstance(
        CliRunner().invoke(command_line, ["actions", "list", "--state", "lost"]).exception, InvalidInput
    )
