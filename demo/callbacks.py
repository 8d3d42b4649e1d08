"""How a run tells Driftline what became of it: signed, and again until it is heard."""

from __future__ import annotations

import threading
from typing import Any, Literal

import orjson
from pydantic import SecretStr

from driftline.errors import RetryableDelivery
from driftline.ids import derived_id
from driftline.webhooks import WebhookSender

PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
Status = Literal["running", "succeeded", "failed"]


class OutcomeReporter:
    """Reports to the ``callback_url`` of an action.

    Parameters
    ----------
    secret
        Signs the reports.
    stop
        Ends the waiting between two tries.
    """

    def __init__(self, secret: SecretStr, stop: threading.Event) -> None:
        self._sender = WebhookSender(secret, timeout_seconds=10.0)
        self._stop = stop

    def report(self, callback_url: str, action_id: str, status: Status, detail: dict[str, Any]) -> None:
        """Report once; the same report again is harmless, as its id is the same.

        Raises
        ------
        RetryableDelivery
            Nobody took it after seven tries, or the pipeline stops.
        PermanentDelivery
            Driftline refused it.
        """
        outcome = {"status": status, "run_id": derived_id("run", action_id), "detail": detail}
        body = orjson.dumps(outcome).decode()
        for pause in (*PAUSES_SECONDS, None):
            try:
                self._sender.send(callback_url, derived_id("report", action_id, status), body)
                return
            except RetryableDelivery:
                if pause is None or self._stop.wait(pause):
                    raise

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()
