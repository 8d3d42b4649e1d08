"""Webhooks are opened only when genuine, and each counts once, also after a crash."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from demo.alert_log import AlertLog
from demo.digits import load_pools
from demo.labelled_pool import LabelledCapture, LabelledPool
from demo.retrain_run import RetrainRequest
from demo.run_ledger import RunLedger
from demo.webhooks import Message, open_message
from driftline.errors import InvalidInput, Unauthorized

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
BODY = b'{"type":"retrain.requested"}'


def sealed(body: bytes, message_id: str = "act-1", age: timedelta = timedelta(0)) -> dict[str, str]:
    """Headers that the standard package makes for a body."""
    moment = datetime.now(UTC) - age
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(message_id, moment, body.decode("latin-1")),
    }


def opened(headers: dict[str, str], body: bytes) -> Message:
    return open_message(SecretStr(SECRET), headers, body)


def test_a_message_that_the_standard_package_signed_is_opened() -> None:
    assert opened(sealed(BODY), BODY) == Message("act-1", {"type": "retrain.requested"})


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(missing: str) -> None:
    headers = sealed(BODY)
    del headers[missing]
    with pytest.raises(Unauthorized):
        opened(headers, BODY)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "act-2"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "nonsense"},
        {"webhook-signature": "v1,*"},
    ],
)
def test_a_forged_header_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(Unauthorized):
        opened(sealed(BODY) | change, BODY)


def test_an_old_message_is_refused() -> None:
    with pytest.raises(Unauthorized):
        opened(sealed(BODY, age=timedelta(minutes=6)), BODY)


@pytest.mark.parametrize("body", [BODY + b" ", b"\xff\xfe"])
def test_a_changed_body_is_refused(body: bytes) -> None:
    with pytest.raises(Unauthorized):
        opened(sealed(BODY), body)


@pytest.mark.parametrize("body", [b"[1]", b"{"])
def test_a_genuine_message_must_be_an_object(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        opened(sealed(body), body)


def test_a_run_is_accepted_once_and_stays_open_until_it_is_finished(tmp_path: Path) -> None:
    first, second = Message("../act-1", {"n": 1}), Message("act-2", {"n": 2})
    ledger = RunLedger(tmp_path / "runs")
    assert ledger.accept(first)
    assert ledger.accept(second)
    assert not ledger.accept(first)
    restarted = RunLedger(tmp_path / "runs")
    assert restarted.unfinished() == [first, second]
    restarted.finish(first)
    assert not restarted.accept(first)
    assert restarted.unfinished() == [second]
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_an_alert_is_noted_once(tmp_path: Path) -> None:
    log = AlertLog(tmp_path / "inbox" / "alerts.jsonl")
    assert log.taken() == []
    for _ in range(2):
        log.take(Message("act-1", {"type": "episode.opened"}))
    assert [(alert["id"], alert["message"]["type"]) for alert in log.taken()] == [("act-1", "episode.opened")]


def test_the_pool_returns_what_was_captured_since(tmp_path: Path) -> None:
    pages, noon = load_pools().morning, datetime(2026, 1, 1, 12, tzinfo=UTC)
    captures = [
        LabelledCapture(
            pages.images[row], int(pages.labels[row]), int(pages.ids[row]), noon + timedelta(seconds=row)
        )
        for row in range(6)
    ]
    pool = LabelledPool(tmp_path / "pool")
    assert len(pool.since(noon)) == 0
    pool.add(captures[:4])
    pool.add([])
    pool.add(captures[4:])
    assert pool.since(noon).ids.tolist() == pages.ids[:6].tolist()
    assert pool.since(noon + timedelta(seconds=3)).ids.tolist() == pages.ids[3:6].tolist()


def request_body(**changes: Any) -> Message:
    data = {
        "action_id": "act-1",
        "model": "digits-ocr",
        "version": "1",
        "since": "2026-01-01T12:00:00+00:00",
        "callback_url": "http://127.0.0.1:1/outcome",
    }
    return Message("act-1", {"type": "retrain.requested", "data": data | changes})


def test_a_retrain_request_is_read() -> None:
    request = RetrainRequest.parse(request_body())
    assert (request.version, request.since) == (1, datetime(2026, 1, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "message",
    [
        Message("act-1", {"type": "episode.opened", "data": {}}),
        Message("act-1", {"type": "retrain.requested"}),
        request_body(model="faces"),
        request_body(version="blue"),
        request_body(since=None),
        request_body(since="2026-01-01T12:00:00"),
    ],
)
def test_a_request_that_cannot_be_done_is_refused(message: Message) -> None:
    with pytest.raises(InvalidInput):
        RetrainRequest.parse(message)
