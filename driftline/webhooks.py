"""Signed webhooks: send one, and check one that came in (Standard Webhooks).

Headers ``webhook-id`` (constant over retries), ``webhook-timestamp`` (seconds) and
``webhook-signature`` (``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body``).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from driftline.engine.config import write_private
from driftline.errors import InvalidSettings, Unauthorized
from driftline.outbound import Outbound
from driftline.settings import Settings

KEY_FILE = "webhook.secret"


def webhook_secret(settings: Settings) -> SecretStr:
    """The signing key: the setting, else the one generated into the state folder at first use."""
    if settings.webhook_secret is not None:
        return checked_secret(settings.webhook_secret)
    path = settings.state_dir / KEY_FILE
    if not path.exists():
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    return checked_secret(SecretStr(path.read_text(encoding="utf-8").strip()))


def checked_secret(secret: SecretStr) -> SecretStr:
    """Return a usable key, else say what one looks like; the value is never shown."""
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < 16:
        raise InvalidSettings(
            "webhook_secret must be 'whsec_' and the base64 of at least 16 bytes; "
            'make one with: python -c "import secrets, base64; '
            "print('whsec_' + base64.b64encode(secrets.token_bytes(32)).decode())\""
        )
    return secret


class WebhookSender:
    """Sends signed bodies and turns every way to fail into a retryable or a permanent error."""

    def __init__(self, secret: SecretStr, *, timeout_seconds: float) -> None:
        self._webhook = Webhook(secret.get_secret_value())
        self._outbound = Outbound(timeout_seconds=timeout_seconds)

    def send(self, url: str, message_id: str, body: str) -> None:
        """Deliver ``body`` (JSON text) under a constant id; only a 2xx answer is success.

        Raises
        ------
        RetryableDelivery
            No answer, a time-out, 408, 429 or 5xx.
        PermanentDelivery
            A redirect, 410 or any other 4xx, or an address that is none.
        """
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, now, body),
        }
        self._outbound.request("POST", url, headers=headers, content=body.encode())

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()


def verify(secret: SecretStr, headers: Mapping[str, str], body: bytes) -> str:
    """Return the ``webhook-id`` of a signed request; :class:`Unauthorized` when it is not genuine."""
    try:
        Webhook(secret.get_secret_value()).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, UnicodeDecodeError, ValueError) as error:
        raise Unauthorized(
            f"the webhook signature is missing, wrong or older than five minutes ({error})"
        ) from error
    return headers.get("webhook-id", "")
