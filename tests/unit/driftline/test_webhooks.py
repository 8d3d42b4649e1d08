"""Signed webhooks: what is genuine passes, what is not does not, and nothing secret is shown."""

from __future__ import annotations

import base64
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from driftline.errors import InvalidSettings, Unauthorized
from driftline.outbound import displayed_target
from driftline.settings import Settings
from driftline.webhooks import checked_secret, verify, webhook_secret

SECRET = SecretStr("whsec_" + base64.b64encode(b"k" * 32).decode())
OTHER = SecretStr("whsec_" + base64.b64encode(b"o" * 32).decode())
BODY = b'{"status":"succeeded"}'


def signed(body: bytes = BODY, *, secret: SecretStr = SECRET, age_seconds: float = 0.0) -> dict[str, str]:
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(time.time() - age_seconds, UTC)
    signature = Webhook(secret.get_secret_value()).sign("ac-1", moment, body.decode())
    return {
        "webhook-id": "ac-1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature,
    }


def test_a_genuine_request_gives_its_id() -> None:
    assert verify(SECRET, signed(), BODY) == "ac-1"
    assert verify(SECRET, signed(age_seconds=200), BODY) == "ac-1"


def test_one_right_signature_of_several_is_enough() -> None:
    headers = signed()
    headers["webhook-signature"] = "v1,AAAA " + headers["webhook-signature"]
    assert verify(SECRET, headers, BODY) == "ac-1"


@pytest.mark.parametrize(
    ("headers_now", "body"),
    [
        (dict, BODY),
        (lambda: signed(), BODY + b" "),
        (lambda: signed(), b"\xff\xfe"),
        (lambda: signed(secret=OTHER), BODY),
        (lambda: signed(age_seconds=400), BODY),
        (lambda: signed(age_seconds=-400), BODY),
        (lambda: signed() | {"webhook-id": "ac-2"}, BODY),
        (lambda: signed() | {"webhook-timestamp": "soon"}, BODY),
        (lambda: signed() | {"webhook-timestamp": "nan"}, BODY),
        (lambda: signed() | {"webhook-timestamp": "9" * 40}, BODY),
        (lambda: signed() | {"webhook-timestamp": ""}, BODY),
        (lambda: signed() | {"webhook-signature": ""}, BODY),
        (lambda: signed() | {"webhook-signature": "v1"}, BODY),
        (lambda: signed() | {"webhook-signature": "v1,not base64!"}, BODY),
        (lambda: signed() | {"webhook-signature": "v2," + signed()["webhook-signature"][3:]}, BODY),
        (lambda: signed() | {"webhook-signature": "v1,é"}, BODY),
        (lambda: {name: value for name, value in signed().items() if name != "webhook-id"}, BODY),
        (lambda: {name: value for name, value in signed().items() if name != "webhook-timestamp"}, BODY),
    ],
)
def test_anything_else_is_unauthorized(headers_now: Callable[[], dict[str, str]], body: bytes) -> None:
    # Signed when the test runs, not when it is collected: a long suite would make them stale.
    headers = headers_now()
    with pytest.raises(Unauthorized, match="signature") as caught:
        verify(SECRET, headers, body)
    assert SECRET.get_secret_value()[6:] not in caught.value.message


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hooks.chat.example/services/T0/B0/secret", "https://hooks.chat.example/…"),
        ("https://user:secret@ci.example:8443/hook?token=secret#frag", "https://ci.example:8443/…"),
        ("https://user:p@secret@ci.example/hook", "https://ci.example/…"),
        ("http://u:secret@[::1]:80/", "http://[::1]:80/…"),
        ("http://host:99999/x?secret", "http://host:99999/…"),
        ("http://[broken/secret", "(not an address)"),
        ("secret", "(not an address)"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_secret(url: str, host: str) -> None:
    shown = displayed_target(url)
    assert shown.startswith(host)
    assert "secret" not in shown


def test_addresses_on_one_host_are_told_apart() -> None:
    shown = {displayed_target(f"https://chat.example/hook?key={key}") for key in range(100)}
    assert len(shown) == 100
    assert displayed_target("https://chat.example") == "https://chat.example"


def test_a_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    first = webhook_secret(settings)
    assert webhook_secret(settings) == first
    assert first.get_secret_value().startswith("whsec_")
    path = tmp_path / "state" / "webhook.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert webhook_secret(settings.model_copy(update={"webhook_secret": OTHER})) == OTHER
    assert webhook_secret(Settings(state_dir=tmp_path / "other")) != first


@pytest.mark.parametrize(
    "value", ["", "whsec_", "whsec_!!!!", "whsec_" + base64.b64encode(b"short").decode(), "ü"]
)
def test_a_key_that_is_none_is_refused_unseen(value: str) -> None:
    with pytest.raises(InvalidSettings, match="at least 16 bytes") as caught:
        checked_secret(SecretStr(value))
    assert not value or value == "whsec_" or value not in caught.value.message
