"""The sender against a real receiver: every way to answer, and every way not to."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretStr

from driftline.engine.config import free_port
from driftline.errors import PermanentDelivery, RetryableDelivery
from driftline.outbound import LONGEST_RETRY_AFTER_SECONDS
from driftline.webhooks import WebhookSender, verify
from tests.receiver import Receiver, webhook_receiver

SECRET = SecretStr("whsec_" + base64.b64encode(b"k" * 32).decode())
BODY = '{"type":"episode.opened","größe":1}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as running:
        yield running


@pytest.fixture
def sender() -> Iterator[WebhookSender]:
    sender = WebhookSender(SECRET, timeout_seconds=5)
    yield sender
    sender.close()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_two_hundred_and_something_is_success(sender: WebhookSender, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    sender.send(receiver.url, "ac-1", BODY)
    delivery = receiver.deliveries[0]
    assert delivery.raw == BODY.encode()
    assert delivery.headers["content-type"] == "application/json"
    assert verify(SECRET, delivery.headers, delivery.raw) == "ac-1"


def test_the_id_stays_over_retries(sender: WebhookSender, receiver: Receiver) -> None:
    receiver.answers = [500]
    with pytest.raises(RetryableDelivery):
        sender.send(receiver.url, "ac-1", BODY)
    sender.send(receiver.url, "ac-1", BODY)
    assert {delivery.headers["webhook-id"] for delivery in receiver.deliveries} == {"ac-1"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (301, "redirected"), (302, "redirected"), (307, "redirected"), (400, "rejected"),
        (401, "unauthorized"), (404, "rejected"), (410, "gone"), (422, "rejected"),
    ],
)  # fmt: skip
def test_what_will_not_get_better_is_permanent(
    sender: WebhookSender, receiver: Receiver, status: int, reason: str
) -> None:
    receiver.answers = [status]
    receiver.headers = {"location": receiver.url + "/elsewhere"} if status < 400 else {}
    with pytest.raises(PermanentDelivery) as caught:
        sender.send(receiver.url, "ac-1", BODY)
    assert caught.value.reason == reason
    assert str(status) in caught.value.message
    assert len(receiver.deliveries) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (408, "server_error"),
        (429, "rate_limited"),
        (500, "server_error"),
        (502, "server_error"),
        (503, "server_error"),
    ],
)
def test_what_may_get_better_is_retryable(
    sender: WebhookSender, receiver: Receiver, status: int, reason: str
) -> None:
    receiver.answers = [status]
    with pytest.raises(RetryableDelivery) as caught:
        sender.send(receiver.url, "ac-1", BODY)
    assert (caught.value.reason, caught.value.retry_after_seconds) == (reason, None)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        ("-3", 0, 0),
        ("1e308", LONGEST_RETRY_AFTER_SECONDS, LONGEST_RETRY_AFTER_SECONDS),
    ],
)
def test_the_receiver_may_ask_for_time(
    sender: WebhookSender, receiver: Receiver, status: int, value: str, low: float, high: float
) -> None:
    receiver.answers = [status]
    receiver.headers = {"retry-after": value}
    with pytest.raises(RetryableDelivery) as caught:
        sender.send(receiver.url, "ac-1", BODY)
    assert caught.value.retry_after_seconds is not None
    assert low <= caught.value.retry_after_seconds <= high


@pytest.mark.parametrize(("offset_seconds", "low", "high"), [(600, 500, 600), (-600, 0, 0)])
def test_the_receiver_may_name_a_moment(
    sender: WebhookSender, receiver: Receiver, offset_seconds: int, low: float, high: float
) -> None:
    receiver.answers = [503]
    moment = datetime.now(UTC) + timedelta(seconds=offset_seconds)
    receiver.headers = {"retry-after": format_datetime(moment, usegmt=True)}
    with pytest.raises(RetryableDelivery) as caught:
        sender.send(receiver.url, "ac-1", BODY)
    assert caught.value.retry_after_seconds is not None
    assert low <= caught.value.retry_after_seconds <= high


@pytest.mark.parametrize("value", ["soon", "inf", "nan", "", "Mon, 99 Foo 2026"])
def test_a_time_that_is_none_is_passed_over(sender: WebhookSender, receiver: Receiver, value: str) -> None:
    receiver.answers = [429]
    receiver.headers = {"retry-after": value}
    with pytest.raises(RetryableDelivery) as caught:
        sender.send(receiver.url, "ac-1", BODY)
    assert caught.value.retry_after_seconds is None


def test_nobody_there(sender: WebhookSender) -> None:
    with pytest.raises(RetryableDelivery) as caught:
        sender.send(f"http://user:secret@127.0.0.1:{free_port()}/hook?token=secret", "ac-1", BODY)
    assert caught.value.reason == "unreachable"
    assert "secret" not in caught.value.message


def test_no_answer_in_time() -> None:
    sender = WebhookSender(SECRET, timeout_seconds=0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RetryableDelivery) as caught:
        sender.send(f"http://127.0.0.1:{silent.getsockname()[1]}/", "ac-1", BODY)
    assert caught.value.reason == "timeout"
    sender.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://host/", "http://", "http://host:99999/", "http://[broken", "http://a b/"]
)
def test_an_address_that_is_none_is_permanent(sender: WebhookSender, url: str) -> None:
    with pytest.raises(PermanentDelivery) as caught:
        sender.send(url, "ac-1", BODY)
    assert caught.value.reason == "malformed"
