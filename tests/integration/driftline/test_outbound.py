"""Every way that a call can fail is retryable, ambiguous or permanent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from driftline.engine.config import free_port
from driftline.errors import AmbiguousDelivery, DeliveryError, PermanentDelivery, RetryableDelivery
from driftline.outbound import LONGEST_RETRY_AFTER_SECONDS, Outbound, displayed_target, json_object

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@contextmanager
def answering(*replies: bytes | None) -> Iterator[str]:
    """A server that gives one raw reply a connection; ``None``: it reads and says nothing until the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        for reply in replies:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                if reply is None:
                    done.wait(5)
                else:
                    connection.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/secret/path"
    finally:
        done.set()
        thread.join(5)
        listening.close()
    assert not thread.is_alive()


def failure(method: str, url: str) -> DeliveryError:
    outbound = Outbound(timeout_seconds=0.2)
    try:
        with pytest.raises(DeliveryError) as raised:
            outbound.request(method, url, json={} if method == "POST" else None)
    finally:
        outbound.close()
    assert "secret" not in raised.value.message
    return raised.value


def status(code: int, headers: str = "") -> bytes:
    return f"HTTP/1.1 {code} Said\r\n{headers}content-length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (None, "timeout"),
        (b"", "unreachable"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", "unreachable"),
    ],
    ids=["silence", "hangs up", "half an answer"],
)
def test_what_was_sent_and_not_answered_is_in_doubt_unless_it_only_reads(
    reply: bytes | None, reason: str
) -> None:
    with answering(reply) as url:
        error = failure("POST", url)
    assert (type(error), error.reason) == (AmbiguousDelivery, reason)
    with answering(reply) as url:
        error = failure("GET", url)
    assert (type(error), error.reason) == (RetryableDelivery, reason)


def test_an_answer_that_is_not_http_leaves_doubt() -> None:
    with answering(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        assert type(failure("POST", url)) is AmbiguousDelivery


def test_what_could_not_be_sent_is_not_in_doubt() -> None:
    error = failure("POST", f"http://127.0.0.1:{free_port()}/secret")
    assert (type(error), error.reason) == (RetryableDelivery, "unreachable")
    error = failure("POST", "http://no-such-host.invalid/secret")
    assert (type(error), error.reason) == (RetryableDelivery, "unreachable")


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (301, PermanentDelivery, "redirected"),
        (308, PermanentDelivery, "redirected"),
        (400, PermanentDelivery, "rejected"),
        (401, PermanentDelivery, "unauthorized"),
        (403, PermanentDelivery, "unauthorized"),
        (404, PermanentDelivery, "rejected"),
        (410, PermanentDelivery, "gone"),
        (408, RetryableDelivery, "server_error"),
        (429, RetryableDelivery, "rate_limited"),
        (500, RetryableDelivery, "server_error"),
        (503, RetryableDelivery, "server_error"),
    ],
)
def test_a_status_is_a_reason(code: int, kind: type[DeliveryError], reason: str) -> None:
    with answering(status(code)) as url:
        error = failure("POST", url)
    assert isinstance(error, kind)
    assert error.reason == reason
    assert str(code) in error.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("-7", 0.0),
        ("99999999", LONGEST_RETRY_AFTER_SECONDS),
        ("inf", None),
        ("soon", None),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0.0),
    ],
)
def test_a_target_puts_off_for_a_day_at_most(value: str, seconds: float | None) -> None:
    with answering(status(429, f"retry-after: {value}\r\n")) as url:
        error = failure("POST", url)
    assert isinstance(error, RetryableDelivery)
    assert error.retry_after_seconds == seconds


def test_a_target_may_say_until_when() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    with answering(status(503, f"retry-after: {until}\r\n")) as url:
        error = failure("POST", url)
    assert isinstance(error, RetryableDelivery)
    assert error.retry_after_seconds == pytest.approx(100, abs=10)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "secret",
        "ftp://host/secret",
        "http://",
        "http://host:port/secret",
        "http://a b/secret",
        "http://[::1",
    ],
)
def test_an_address_that_is_none_is_not_called(url: str) -> None:
    error = failure("POST", url)
    assert (type(error), error.reason) == (PermanentDelivery, "malformed")


def test_a_status_that_is_accepted_is_returned() -> None:
    outbound = Outbound(timeout_seconds=0.2)
    with answering(status(409), OK) as url:
        assert outbound.request("POST", url, accept=(409,)).status_code == 409
        assert json_object(outbound.request("GET", url), "it") == {}
    outbound.close()


@pytest.mark.parametrize("body", [b"[1]", b"<p>"])
def test_an_answer_that_is_no_object_is_malformed(body: bytes) -> None:
    outbound = Outbound(timeout_seconds=0.2)
    with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n" + body) as url:
        response = outbound.request("GET", url)
    outbound.close()
    with pytest.raises(PermanentDelivery, match="it answered") as raised:
        json_object(response, "it")
    assert raised.value.reason == "malformed"


def test_two_addresses_on_one_host_are_told_apart_without_being_shown() -> None:
    first, second = (displayed_target(f"https://chat.example/hook/{name}") for name in ("abc", "abd"))
    assert first != second
    assert first.startswith("https://chat.example/")
    assert "abc" not in first
    assert displayed_target("not an address") == "(not an address)"
