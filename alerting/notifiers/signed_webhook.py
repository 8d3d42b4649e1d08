"""Any program that takes a signed request (Standard Webhooks): the stored body, one notification each."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from alerting.notifiers.specs import NotifierConfig
from alerting.notifiers.told import Message
from driftline.secret_source import SecretSource
from driftline.webhooks import WebhookSender, checked_secret


class SignedWebhookConfig(NotifierConfig):
    """An address that gets every notification as it is stored, with the episode and its evidence."""

    kind: Literal["notify_webhook"] = "notify_webhook"
    url: str = Field(description="Where notifications go.")
    signing_key: SecretSource = Field(description="The key that signs: `whsec_` and base64.")
    at_most_a_minute: int = Field(default=600, ge=1, le=10_000, description="Messages a minute.")

    takes_digests: ClassVar[bool] = False

    def connect(self) -> SignedWebhook:
        key = checked_secret(self.signing_key.read())
        return SignedWebhook(WebhookSender(key, timeout_seconds=self.timeout_seconds), self.url)


class SignedWebhook:
    """Sends stored bodies; a receiver drops an id that it has taken before."""

    def __init__(self, sender: WebhookSender, url: str) -> None:
        self._sender = sender
        self._url = url

    def send(self, message: Message) -> None:
        """Tell each by its own body."""
        for one in message.told:
            self._sender.send(self._url, one.action_id, one.payload)

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()
