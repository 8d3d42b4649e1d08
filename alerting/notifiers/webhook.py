"""Notify by signed webhook."""

from __future__ import annotations

from alerting.outbox import Action
from driftline.webhooks import WebhookSender


class WebhookNotifier:
    """Delivers a notification's stored body to an address."""

    def __init__(self, sender: WebhookSender) -> None:
        self._sender = sender

    def deliver(self, action: Action, url: str) -> None:
        """Send it; raises :class:`driftline.errors.DeliveryError`."""
        self._sender.send(url, action.action_id, action.payload)
