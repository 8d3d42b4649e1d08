"""Start a pipeline run by signed webhook: for any pipeline that can receive one."""

from __future__ import annotations

from driftline.webhooks import WebhookSender


class WebhookHook:
    """Posts the request; the pipeline answers 2xx when it has taken it and reports back later."""

    def __init__(self, sender: WebhookSender) -> None:
        self._sender = sender

    def trigger(self, url: str, action_id: str, body: str) -> None:
        self._sender.send(url, action_id, body)
