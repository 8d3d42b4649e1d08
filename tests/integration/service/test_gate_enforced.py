"""No pass, no deploy: a redeploy waits until the gate lets the version through that the retrain made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerting.episode import Episode, episode_id
from alerting.outbox import Action
from driftline.settings import Settings
from driftline.store import Store
from service.application import Application
from service.control_loop import ControlLoop
from tests.receiver import Receiver, webhook_receiver
from tests.seeding.two_versions import CHAMPION, CONTRACT, Traffic, seed_two_versions

KEY = "whsec_" + "c2VjcmV0LWZvci10ZXN0cy1vbmx5LTMy"
NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(days=2)
WITH_LINEAGE: dict[str, Any] = {**CONTRACT, "lineage": {"dataset": "letters-2026", "method": "mlp"}}


@pytest.fixture
def pipeline() -> Iterator[Receiver]:
    with webhook_receiver() as running:
        yield running


@pytest.fixture
def application(
    store: Store,
    settings: Settings,
    tmp_path: Path,
    pipeline: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> Application:
    monkeypatch.setenv("CI_KEY", KEY)
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        f"targets: {{ci: {{kind: webhook, url: '{pipeline.url}', signing_key: {{env: CI_KEY}}}}}}\n"
        "rules: [{name: decay, on: decay, actions: {retrain: ci, redeploy: ci}}]\n"
    )
    tuned = settings.model_copy(update={"rules_file": rules})
    seed_two_versions(store, Traffic(rows=2000, errors=(0.2, 0.2)), START, WITH_LINEAGE, (CHAMPION,))
    application = Application(store, tuned, "http://driftline.test")
    application.episodes.save(
        Episode(
            episode_id=episode_id("letters", START),
            model="letters",
            kind="decay",
            opened_kind="decay",
            state="open",
            opened_at=NOW - timedelta(hours=1),
            updated_at=NOW,
            resolved_at=None,
            first_window=START + timedelta(minutes=10),
            last_window=NOW,
            version=CHAMPION,
            fields=(),
            summary="accuracy fell",
        )
    )
    return application


def hand_in(application: Application, version: str, every: int) -> None:
    """Answers to the rows that were given out, each so-manieth wrong."""
    rows = list(application.gates.rows("letters", "", "", None, 2000))
    known = {
        row["id"]: row["truth"]
        for row in application.store.query(
            "SELECT e.event_id AS id, toString(l.truth) AS truth FROM inference_events AS e "
            "INNER JOIN labelled_events AS l ON cityHash64(e.event_id) = l.event_key "
            "WHERE e.model = 'letters' AND l.model = 'letters'"
        )
    }
    wrong = {"a": "b", "b": "a"}
    application.gates.record(
        "letters",
        version,
        [
            {"event_id": row["event_id"], "prediction": wrong[truth] if index % every == 0 else truth}
            for index, row in enumerate(rows)
            for truth in (known[row["event_id"]],)
        ],
    )


def actions(application: Application) -> dict[str, Action]:
    every = application.outbox.in_states("held", "pending", "sent", "running", "succeeded", "failed")
    return {f"{one.kind} {one.state}": one for one in every}


def test_a_redeploy_waits_for_a_candidate_and_for_its_gate(
    application: Application, pipeline: Receiver
) -> None:
    loop = ControlLoop(application)
    loop.run_once()
    assert [one.body["type"] for one in pipeline.deliveries] == ["retrain.requested"]
    assert set(actions(application)) == {"retrain sent"}, "without a candidate there is nothing to deploy"
    retrain = actions(application)["retrain sent"]
    application.outbox.report(retrain.action_id, "succeeded", {"detail": {"candidate": "7"}})
    loop.run_once()
    held = actions(application)["redeploy held"]
    assert held.reason == "gate"
    assert "no pass, no deploy" in held.reason_text
    hand_in(application, "7", every=2)
    assert application.gates.answer("letters", "7", fresh=True).verdict == "fail"
    loop.run_once()
    assert actions(application)["redeploy held"].reason_text.endswith("(version '7': fail)")
    hand_in(application, "7", every=20)
    assert application.gates.answer("letters", "7", fresh=True).verdict == "pass"
    loop.run_once()
    assert "redeploy sent" in actions(application)
    sent = pipeline.deliveries[-1].body
    assert (sent["type"], sent["data"]["candidate"], sent["data"]["version"]) == (
        "redeploy.requested",
        "7",
        "1",
    )
    loop.run_once()
    assert len(pipeline.deliveries) == 2


def test_a_person_may_let_a_candidate_through_that_failed(
    application: Application, pipeline: Receiver
) -> None:
    loop = ControlLoop(application)
    hand_in(application, "8", every=2)
    application.gates.answer("letters", "8", fresh=True)
    loop.run_once()
    assert actions(application)["redeploy held"].reason == "gate", "the gate was asked about it: a candidate"
    application.gates.override("letters", "8", author="ann", reason="rollback is worse")
    loop.run_once()
    assert [one.body["type"] for one in pipeline.deliveries] == ["retrain.requested", "redeploy.requested"]
    assert pipeline.deliveries[-1].body["data"]["candidate"] == "8"
