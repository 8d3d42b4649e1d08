"""Signed webhooks: send one, and check one that came in (Standard Webhooks).

Headers ``webhook-id`` (constant over retries), ``webhook-timestamp`` (seconds) and
``webhook-signature`` (``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body``).
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from driftline.engine.config import write_private
from driftline.errors import InvalidSettings, PermanentDelivery, RetryableDelivery, Unauthorized
from driftline.settings import Settings

KEY_FILE = "webhook.secret"

LONGEST_RETRY_AFTER_SECONDS = 86400.0
"""A receiver cannot put a delivery off for longer than a day."""


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


def displayed_target(url: str) -> str:
    """Where a webhook goes, fit to be stored and shown: the host, and a digest for all the rest.

    Chat services keep their secret in the path or the query, so neither is shown; the digest tells two
    addresses on one host apart.

    >>> displayed_target("https://user:pw@ci.example/hook?token=abc")
    'https://ci.example/…7ebdf028'
    >>> displayed_target("http://[::1]:8080/")
    'http://[::1]:8080/'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not an address)"
    # What is before the last @ is credentials; hostname would lose the brackets of an IPv6 address.
    credentials, _, host = parts.netloc.rpartition("@")
    if not parts.netloc:
        return "(not an address)"
    if parts.path in ("", "/") and not (credentials or parts.query or parts.fragment):
        return url
    digest = hashlib.blake2b(url.encode(), digest_size=4).hexdigest()
    return f"{parts.scheme}://{host}/…{digest}"


class WebhookSender:
    """Sends signed bodies and turns every way to fail into a retryable or a permanent error."""

    def __init__(self, secret: SecretStr, *, timeout_seconds: float) -> None:
        self._webhook = Webhook(secret.get_secret_value())
        self._client = httpx2.Client(timeout=timeout_seconds, follow_redirects=False)

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
        target = displayed_target(url)
        if not _is_http(url):
            raise PermanentDelivery(f"{target} is not an http address", "malformed")
        headers = {
            "content-type": "application/json",
            "user-agent": "driftline",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, now, body),
        }
        try:
            response = self._client.post(url, content=body.encode(), headers=headers)
        except httpx2.TimeoutException as error:
            raise RetryableDelivery(f"{target} did not answer in time", "timeout") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise PermanentDelivery(f"{target} is not an http address: {error}", "malformed") from error
        except httpx2.HTTPError as error:
            raise RetryableDelivery(f"{target} cannot be reached: {error}", "unreachable") from error
        _raise_for(response, target)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and not re.search(r"[\s\x00-\x1f]", url)


def _raise_for(response: httpx2.Response, target: str) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    said = f"{target} answered {status}: {response.text[:200]!r}"
    if status == 429:
        raise RetryableDelivery(said, "rate_limited", _retry_after_seconds(response.headers))
    if status == 408 or status >= 500:
        raise RetryableDelivery(said, "server_error", _retry_after_seconds(response.headers))
    if 300 <= status < 400:
        raise PermanentDelivery(f"{said}; give the address it redirects to", "redirected")
    raise PermanentDelivery(said, "gone" if status == 410 else "rejected")


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(LONGEST_RETRY_AFTER_SECONDS, max(0.0, seconds)) if math.isfinite(seconds) else None


def verify(secret: SecretStr, headers: Mapping[str, str], body: bytes) -> str:
    """Return the ``webhook-id`` of a signed request; :class:`Unauthorized` when it is not genuine."""
    try:
        Webhook(secret.get_secret_value()).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, UnicodeDecodeError, ValueError) as error:
        raise Unauthorized(
            f"the webhook signature is missing, wrong or older than five minutes ({error})"
        ) from error
    return headers.get("webhook-id", "")
