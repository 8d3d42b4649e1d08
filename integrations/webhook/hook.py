"""Start a pipeline run by signed webhook: for any pipeline that can receive one."""

from __future__ import annotations

from driftline.webhooks import WebhookSender
from integrations.hookspecs import Ability, PipelineRequest, Run


class WebhookHook:
    """Posts the request; the pipeline answers 2xx when it has taken it and reports back by callback.

    The receiver drops repetitions by the constant ``webhook-id``, so a request may be sent again.
    """

    abilities: frozenset[Ability] = frozenset({"deduplicate"})

    def __init__(self, sender: WebhookSender, url: str, *, owned: bool = False) -> None:
        self._sender = sender
        self._url = url
        self._owned = owned

    def trigger(self, request: PipelineRequest) -> Run:
        self._sender.send(self._url, request.action_id, request.body)
        return Run("", "", "queued")

    def find(self, request: PipelineRequest) -> Run | None:
        raise NotImplementedError

    def follow(self, run_id: str) -> Run:
        raise NotImplementedError

    def cancel(self, run_id: str) -> Run:
        raise NotImplementedError

    def close(self) -> None:
        """Close the sender, unless it belongs to the application."""
        if self._owned:
            self._sender.close()
