"""From stored notifications to a chat: rules file, pace, digests, dead letters and their redo."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerting.notifiers.pacing import Pace
from alerting.notifiers.table import NOTIFIERS
from alerting.outbox import Action, Outbox
from alerting.rules.book import RuleBook
from driftline.errors import InvalidInput
from driftline.ids import ActionId, EpisodeId
from driftline.settings import Settings
from driftline.store import Store
from service.cli.main import app as command_line
from service.dispatch import Dispatcher
from service.metrics import Metrics
from service.targets import RuleTargets, target_kind
from tests.contract.notifiers.chat_server import ChatServer, chat_server

NOW = datetime.now(UTC).replace(microsecond=0)


def waiting(number: int, severity: str = "warning", at: datetime = NOW) -> Action:
    """A notification as the control loop stores it."""
    episode = {"episode_id": f"ep-{number}", "model": f"m-{number}", "kind": "drift", "summary": "moved"}
    data = {
        "action_id": f"ac-{number}",
        "severity": severity,
        "episode": episode,
        "links": {"page": "http://d"},
    }
    body = {"type": "episode.opened", "timestamp": at.isoformat(), "data": data}
    return Action(
        action_id=ActionId(f"ac-{number}"),
        episode_id=EpisodeId(f"ep-{number}"),
        model=f"m-{number}",
        kind="notify",
        event="episode.opened",
        target="chat",
        state="pending",
        attempt=0,
        at=at,
        next_attempt_at=at,
        payload=json.dumps(body, separators=(",", ":")),
        wanted_at=at,
    )


class Desk:
    """A dispatcher over a rules file with one chat."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        chat: ChatServer,
    ) -> None:
        monkeypatch.setenv("CHAT_URL", f"{chat.url}/robot")
        rules = folder / "rules.yaml"
        rules.write_text(
            "targets: {chat: {kind: wecom, url: {env: CHAT_URL}, at_most_a_minute: 3}}\n"
            "rules: [{name: all, on: [drift, decay], notify: chat}]\n"
        )
        self.outbox = Outbox(store)
        book = RuleBook(settings.model_copy(update={"rules_file": rules}), target_kind)
        self.dispatcher = Dispatcher(self.outbox, RuleTargets(book), Metrics())


def test_a_storm_is_told_as_a_digest_and_nothing_is_lost(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server() as chat:
        chat.says({"errcode": 0, "errmsg": "ok"})
        desk = Desk(store, settings, tmp_path, monkeypatch, chat)
        desk.outbox.enqueue(*(waiting(number) for number in range(30)))
        assert desk.dispatcher.send_due(NOW) == 30
        texts = [body["markdown"]["content"] for _, body in chat.posts]
        assert len(texts) == 3, "two alone, the others in one message"
        assert "28 messages about 28 models" in texts[-1]
        done = desk.outbox.in_states("succeeded")
        assert len(done) == 30
        assert sum(one.run_id.startswith("digest of 28") for one in done) == 28
        desk.outbox.enqueue(waiting(40))
        assert desk.dispatcher.send_due(NOW) == 0, "the minute's messages are spent"
        assert desk.outbox.get("ac-40").attempt == 0, "waiting for room is no failed attempt"
        assert desk.dispatcher.send_due(NOW + timedelta(seconds=61)) == 1


def test_what_is_refused_is_dead_with_its_reason_and_can_be_redone(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server() as chat:
        chat.says({"errcode": 93000, "errmsg": "invalid webhook url"})
        desk = Desk(store, settings, tmp_path, monkeypatch, chat)
        desk.outbox.enqueue(waiting(1))
        desk.dispatcher.send_due(NOW)
        dead = desk.outbox.get("ac-1")
        assert dead.state == "dead"
        assert "invalid webhook url" in dead.error
        chat.says({"errcode": 0, "errmsg": "ok"})
        desk.outbox.redo("ac-1")
        assert desk.dispatcher.send_due(datetime.now(UTC)) == 1
        assert desk.outbox.get("ac-1").state == "succeeded"


def test_a_digest_waits_its_time_but_not_with_what_is_critical() -> None:
    config = NOTIFIERS["wecom"].model_validate({"kind": "wecom", "url": {"env": "X"}, "digest": "15m"})
    early = [waiting(1), waiting(2)]
    assert Pace().batches(early, config, NOW + timedelta(minutes=14)) == []
    assert Pace().batches(early, config, NOW + timedelta(minutes=15)) == [tuple(early)]
    urgent = [*early, waiting(3, "critical")]
    assert Pace().batches(urgent, config, NOW) == [tuple(urgent)]


def test_an_unknown_kind_lists_those_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"buildbot.* starts pipelines, one of alertmanager.* is told"):
        target_kind("pigeon")


def test_the_command_sends_a_test_message_and_says_what_is_wrong(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "rules.yaml"
    tuned = settings.model_copy(update={"rules_file": rules})
    monkeypatch.setattr("service.cli.targets.settings_for_command", lambda config: tuned)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(command_line, ["targets", *arguments])

    with chat_server() as chat:
        monkeypatch.setenv("CHAT_URL", f"{chat.url}/robot")
        rules.write_text(
            "targets:\n  chat: {kind: slack, url: {env: CHAT_URL}}\n"
            "  ci: {kind: webhook, url: 'https://ci.example', signing_key: {env: CI_KEY}}\n"
            "rules: [{name: all, on: drift, notify: chat}]\n"
        )
        assert "starts pipelines" in run("list").output
        assert "chat (slack) took the test message" in run("test", "chat").output
        assert chat.posts[0][1]["text"] == "test: drift"
        assert "a test would start one" in str(run("test", "ci").exception)
        assert "chat, ci" in str(run("test", "pager").exception)
        chat.says({}, 404)
        assert "answered 404" in str(run("test", "chat").exception)
