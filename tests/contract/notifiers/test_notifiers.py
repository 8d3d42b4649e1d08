"""Each notifier against a server that answers as its service does: what is shown, signed, cut and refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from alerting.notifiers.specs import Notifier
from alerting.notifiers.table import NOTIFIERS
from alerting.notifiers.told import Message, Told
from driftline.errors import PermanentDelivery, RetryableDelivery
from tests.contract.notifiers.chat_server import ChatServer, chat_server
from tests.contract.notifiers.mail_server import mail_server
from tests.receiver import webhook_receiver

KEY = "whsec_" + "c2VjcmV0LWZvci10ZXN0cy1vbmx5LTMy"
OPENED = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "feishu": {"code": 0, "msg": "success", "data": {}},
    "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "wecom": {"errcode": 0, "errmsg": "ok"},
    "slack": b"ok",
    "pagerduty": {"status": "success", "message": "Event processed", "dedup_key": "ep-1"},
    "alertmanager": b"",
}


def told(event: str = "opened", severity: str = "critical", number: int = 1, **episode: Any) -> Told:
    stands = {
        "episode_id": f"ep-{number}",
        "model": f"ocr-{number}",
        "kind": "decay",
        "opened_at": OPENED.isoformat(),
        "resolved_at": OPENED.isoformat() if event == "resolved" else None,
        "first_window": OPENED.isoformat(),
        "version": "7",
        "fields": ["ink", "desk"],
        "summary": "accuracy 85.0%, 10.0 points below the baseline's 95.0%",
        **episode,
    }
    body = {
        "type": f"episode.{event}",
        "timestamp": OPENED.isoformat(),
        "data": {
            "action_id": f"ac-{number}",
            "severity": severity,
            "rules": ["a decayed model"],
            "episode": stands,
            "links": {"page": f"https://driftline.example/models/ocr-{number}"},
        },
    }
    return Told.of_payload(json.dumps(body))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as running:
        monkeypatch.setenv("CHAT_URL", f"{running.url}/robot?access_token=t")
        monkeypatch.setenv("CHAT_SECRET", "SEC-key")
        monkeypatch.setenv("PD_KEY", "routing")
        yield running


def notifier(kind: str, server: ChatServer, **more: Any) -> Notifier:
    where: dict[str, Any] = {"url": {"env": "CHAT_URL"}}
    if kind in ("alertmanager", "pagerduty"):
        where = {"url": server.url}
    if kind == "pagerduty":
        where["routing_key"] = {"env": "PD_KEY"}
    return NOTIFIERS[kind].model_validate({"kind": kind, **where, **more}).connect()


@pytest.mark.parametrize("kind", list(GOOD))
def test_a_message_names_model_figure_and_page(server: ChatServer, kind: str) -> None:
    server.says(GOOD[kind], 202 if kind == "pagerduty" else 200)
    told_by = notifier(kind, server)
    told_by.send(Message((told(),)))
    told_by.close()
    (_, body) = server.posts[0]
    text = json.dumps(body, ensure_ascii=False)
    for part in ("ocr-1", "decay", "accuracy 85.0%", "https://driftline.example/models/ocr-1", "critical"):
        assert part in text


@pytest.mark.parametrize("kind", [kind for kind in GOOD if NOTIFIERS[kind].takes_digests])
def test_a_digest_names_the_worst_first(server: ChatServer, kind: str) -> None:
    server.says(GOOD[kind])
    many = [told(severity="warning", number=number) for number in range(2, 40)]
    notifier(kind, server).send(Message((*many, told("resolved", number=50), told(number=1))))
    (_, body) = server.posts[0]
    text = json.dumps(body, ensure_ascii=False)
    assert len(server.posts) == 1
    if kind == "alertmanager":
        assert len(body) == 40
        return
    assert "40 messages about 40 models" in text
    assert text.index("ocr-1:") < text.index("ocr-2:")
    assert "more" in text


def test_feishu_signs_by_its_key_and_shows_what_is_over_in_green(server: ChatServer) -> None:
    server.says(GOOD["feishu"])
    notifier("feishu", server, secret={"env": "CHAT_SECRET"}).send(Message((told("resolved"),)))
    (_, body) = server.posts[0]
    digest = hmac.new(f"{body['timestamp']}\nSEC-key".encode(), b"", hashlib.sha256).digest()
    assert body["sign"] == base64.b64encode(digest).decode()
    assert body["card"]["header"]["template"] == "green"


def test_dingtalk_signs_in_its_address(server: ChatServer) -> None:
    server.says(GOOD["dingtalk"])
    notifier("dingtalk", server, secret={"env": "CHAT_SECRET"}).send(Message((told(),)))
    query = parse_qs(urlsplit(server.posts[0][0]).query)
    assert query["access_token"] == ["t"]
    signed = f"{query['timestamp'][0]}\nSEC-key".encode()
    digest = hmac.new(b"SEC-key", signed, hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(digest).decode()]


@pytest.mark.parametrize(
    ("kind", "answer", "error", "reason"),
    [
        ("feishu", {"code": 19021, "msg": "sign match fail"}, PermanentDelivery, "rejected"),
        ("feishu", {"code": 11232, "msg": "frequency limited"}, RetryableDelivery, "rate_limited"),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, PermanentDelivery, "rejected"),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, RetryableDelivery, "rate_limited"),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, PermanentDelivery, "rejected"),
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, RetryableDelivery, "rate_limited"),
        ("wecom", b"<html>", PermanentDelivery, "malformed"),
    ],
)
def test_a_refusal_inside_of_a_200_is_seen(
    server: ChatServer, kind: str, answer: Any, error: type[Exception], reason: str
) -> None:
    server.says(answer)
    with pytest.raises(error) as caught:
        notifier(kind, server).send(Message((told(),)))
    assert getattr(caught.value, "reason", "") == reason
    assert "access_token" not in str(caught.value), "the address is a secret"


@pytest.mark.parametrize("kind", list(GOOD))
def test_a_limit_is_heeded_and_a_wrong_key_is_final(server: ChatServer, kind: str) -> None:
    server.says({}, 429, retry_after="7")
    with pytest.raises(RetryableDelivery) as caught:
        notifier(kind, server).send(Message((told(),)))
    assert (caught.value.reason, caught.value.retry_after_seconds) == ("rate_limited", 7.0)
    server.says({}, 403)
    with pytest.raises(PermanentDelivery, match="check the token"):
        notifier(kind, server).send(Message((told(),)))


def test_incidents_have_the_episode_as_their_key(server: ChatServer) -> None:
    server.says(GOOD["pagerduty"], 202)
    page = notifier("pagerduty", server)
    page.send(Message((told(summary="x" * 3000), told("resolved"))))
    opened, over = (body for _, body in server.posts)
    assert (opened["event_action"], over["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == over["dedup_key"] == "ep-1"
    assert len(opened["payload"]["summary"]) == 1024
    server.says(b"")
    notifier("alertmanager", server, labels={"team": "ocr"}).send(Message((told("resolved"),)))
    (path, (alert,)) = server.posts[-1]
    assert path == "/api/v2/alerts"
    assert alert["labels"] == {
        "alertname": "DriftlineEpisode",
        "model": "ocr-1",
        "episode_id": "ep-1",
        "team": "ocr",
    }
    assert alert["endsAt"] == alert["startsAt"] == OPENED.isoformat()


def test_long_texts_are_cut_to_what_is_taken(server: ChatServer) -> None:
    server.says(GOOD["wecom"])
    notifier("wecom", server).send(Message((told(summary="漂移" * 4000),)))
    content = server.posts[0][1]["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert content.endswith("(more on the page)")


def test_an_owners_template_is_filled_in_a_sandbox(server: ChatServer) -> None:
    server.says(GOOD["slack"])
    template = "{{ told.episode.model }} is {{ told.severity }}"
    notifier("slack", server, template=template).send(Message((told(),)))
    assert server.posts[0][1]["blocks"][1]["text"]["text"] == "ocr-1 is critical"
    for wrong in ("{{ told.nothing }}", "{{ ''.__class__.__mro__ }}", "{{ 1 / 0 }}"):
        with pytest.raises(PermanentDelivery, match="template cannot be filled"):
            notifier("slack", server, template=wrong).send(Message((told(),)))
    with pytest.raises(ValidationError, match="wrong in its line 2"):
        notifier("slack", server, template="fine\n{% if %}")


def test_the_signed_webhook_sends_each_stored_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", KEY)
    with webhook_receiver() as receiver:
        config = {"kind": "notify_webhook", "url": receiver.url, "signing_key": {"env": "HOOK_KEY"}}
        sender = NOTIFIERS["notify_webhook"].model_validate(config).connect()
        sender.send(Message((told(), told(number=2))))
        sender.close()
    assert [one.body["data"]["action_id"] for one in receiver.deliveries] == ["ac-1", "ac-2"]
    assert all("webhook-signature" in one.headers for one in receiver.deliveries)


def test_mail_comes_once_a_message_and_threads_by_episode() -> None:
    with mail_server() as server:
        config = {
            "kind": "email",
            "server": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "sender": "driftline@mail.example",
            "to": ["ann@mail.example", "bo@mail.example"],
            "timeout_seconds": 2,
        }
        sender = NOTIFIERS["email"].model_validate(config).connect()
        sender.send(Message((told(),)))
        sender.send(Message((told(), told(number=2))))
        single, digest = server.mails
        assert single["Subject"] == "[critical] ocr-1: decay"
        assert single["To"] == "ann@mail.example, bo@mail.example"
        assert single["Message-ID"] == "<ac-1@mail.example>"
        assert single["References"] == "<ep-1@mail.example>"
        assert "accuracy 85.0%" in str(single.get_payload())
        assert digest["Subject"] == "[critical] 2 messages about 2 models"
        server.refuse = "550 no such mailbox"
        with pytest.raises(PermanentDelivery, match=r"refuses ann@mail.example, bo@mail.example"):
            sender.send(Message((told(),)))
        server.refuse = "451 later"
        with pytest.raises(RetryableDelivery):
            sender.send(Message((told(),)))
    with pytest.raises(RetryableDelivery, match="cannot be reached"):
        sender.send(Message((told(),)))
