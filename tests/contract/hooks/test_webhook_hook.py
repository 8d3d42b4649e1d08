"""The hook for any pipeline that takes a signed request."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from driftline.errors import AmbiguousDelivery, InvalidSettings, PermanentDelivery, RetryableDelivery
from driftline.webhooks import verify
from integrations.table import hook_config
from tests.contract.hooks.hook_cases import request_for
from tests.receiver import webhook_receiver

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_KEY", KEY)


def config(**settings: Any) -> Any:
    written = {"kind": "webhook", "signing_key": {"env": "WEBHOOK_KEY"}, "timeout_seconds": 0.25, **settings}
    return hook_config("webhook").model_validate(written)


def test_the_request_is_signed_and_its_id_is_that_of_the_action() -> None:
    with webhook_receiver() as receiver:
        hook = config(url=receiver.url).connect()
        for _ in range(2):
            assert hook.trigger(request_for()).run_id == ""
        hook.close()
    assert [delivery.headers["webhook-id"] for delivery in receiver.deliveries] == ["ac-1", "ac-1"]
    first = receiver.deliveries[0]
    assert verify(SecretStr(KEY), first.headers, first.raw) == "ac-1"
    assert first.raw == request_for().body.encode()


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (302, PermanentDelivery, "redirected"),
        (410, PermanentDelivery, "gone"),
        (401, PermanentDelivery, "unauthorized"),
        (429, RetryableDelivery, "rate_limited"),
        (503, RetryableDelivery, "server_error"),
    ],
)
def test_only_2xx_is_success(status: int, error: type[RetryableDelivery], reason: str) -> None:
    with webhook_receiver() as receiver:
        receiver.answers = [status]
        hook = config(url=receiver.url).connect()
        with pytest.raises(error) as raised:
            hook.trigger(request_for())
        hook.close()
    assert raised.value.reason == reason


def test_what_it_cannot_do_it_says() -> None:
    hook = config(url="http://127.0.0.1:9/").connect()
    assert hook.abilities == {"deduplicate"}
    with pytest.raises(NotImplementedError):
        hook.find(request_for())
    with pytest.raises(NotImplementedError):
        hook.follow("1")
    with pytest.raises(NotImplementedError):
        hook.cancel("1")
    with pytest.raises(RetryableDelivery) as raised:
        hook.trigger(request_for())
    assert not isinstance(raised.value, AmbiguousDelivery)
    hook.close()


def test_an_address_that_is_a_secret_is_read_and_not_shown(tmp_path: Path) -> None:
    source = tmp_path / "url"
    with webhook_receiver() as receiver:
        source.write_text(receiver.url + "?token=abc\n")
        found = config(secret_url={"file": str(source)})
        hook = found.connect()
        hook.trigger(request_for())
        hook.close()
    assert receiver.deliveries[0].path == "/hook?token=abc"
    assert found.displayed == f"(address in {source})"
    assert "abc" not in repr(found)
    assert "abc" not in config(url="https://ci.example/?token=abc").displayed


def test_one_address_and_a_key_that_can_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    for settings in ({}, {"url": "http://h", "secret_url": {"env": "U"}}):
        with pytest.raises(ValueError, match="give either `url`, or `secret_url`"):
            config(**settings)
    monkeypatch.setenv("WEBHOOK_KEY", "short-secret")
    with pytest.raises(InvalidSettings, match="whsec_") as raised:
        config(url="http://h").connect()
    assert "short-secret" not in raised.value.message
