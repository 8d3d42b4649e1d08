"""Send what waits in the outbox; one failure never holds up the others."""

from __future__ import annotations

from datetime import UTC, datetime

from alerting.notifiers.webhook import WebhookNotifier
from alerting.outbox import Action, Outbox
from driftline.errors import DeliveryError, PermanentDelivery, RetryableDelivery
from driftline.logs import get_logger
from driftline.outbound import displayed_target
from driftline.settings import Settings
from driftline.webhooks import WebhookSender
from integrations.hookspecs import PipelineHook, PipelineRequest
from integrations.webhook.hook import WebhookHook
from service.metrics import Metrics

_log = get_logger(__name__)


class Dispatcher:
    """Delivers due actions to the addresses in the settings.

    The outbox holds addresses without credentials; the full one is looked up in the settings when the
    action is sent, so that no secret is stored.
    """

    def __init__(self, outbox: Outbox, settings: Settings, sender: WebhookSender, metrics: Metrics) -> None:
        self._outbox = outbox
        self._metrics = metrics
        self._notifier = WebhookNotifier(sender)
        self._sender = sender
        self._notify_urls = {displayed_target(url): url for url in settings.notify_urls}
        self._pipeline_urls = (
            {displayed_target(settings.pipeline_url): settings.pipeline_url} if settings.pipeline_url else {}
        )

    def send_due(self, now: datetime | None = None) -> int:
        """Send every action whose time has come; return how many were taken."""
        return sum(self._send(action) for action in self._outbox.due(now or datetime.now(UTC)))

    def _send(self, action: Action) -> bool:
        try:
            if action.kind == "retrain":
                hook: PipelineHook = WebhookHook(self._sender, self._url(action))
                hook.trigger(PipelineRequest(action.action_id, action.payload))
                self._outbox.delivered(action, "sent")
            else:
                self._notifier.deliver(action, self._url(action))
                self._outbox.delivered(action, "succeeded")
        except DeliveryError as error:
            after = error.retry_after_seconds if isinstance(error, RetryableDelivery) else None
            later = self._outbox.undelivered(
                action,
                reason=error.reason,
                error=error.message,
                retryable=error.retryable,
                after_seconds=after,
            )
            self._metrics.deliveries.labels(action.kind, error.reason).inc()
            _log.warning(
                "action not delivered",
                action_id=action.action_id,
                target=action.target,
                state=later.state,
                attempt=later.attempt,
                error=error.message,
            )
            return False
        self._metrics.deliveries.labels(action.kind, "delivered").inc()
        _log.info("action delivered", action_id=action.action_id, about=action.event, target=action.target)
        return True

    def _url(self, action: Action) -> str:
        urls = self._pipeline_urls if action.kind == "retrain" else self._notify_urls
        if action.target not in urls:
            raise PermanentDelivery(
                f"{action.target} is no longer in the settings (notify_urls, pipeline_url)", "gone"
            )
        return urls[action.target]
