"""What a deploy-pipeline hook is, and what it is handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from alerting.episode import Episode
from driftline.ids import ActionId


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """What a pipeline is asked to do.

    Attributes
    ----------
    action_id
        Constant over retries; the pipeline drops a repetition by it.
    lineage
        Dataset, method and hyper-parameters of the version in service, from the contract.
    since
        Start of the first window that showed the change.
    callback_url
        Where the pipeline reports its outcome, signed.
    """

    action_id: ActionId
    model: str
    version: str
    episode: Episode
    lineage: Mapping[str, Any]
    since: datetime
    callback_url: str

    def body(self) -> dict[str, Any]:
        """The request as JSON."""
        return {
            "type": "retrain.requested",
            "timestamp": self.episode.updated_at.isoformat(),
            "data": {
                "action_id": self.action_id,
                "model": self.model,
                "version": self.version,
                "episode": self.episode.as_json(),
                "lineage": dict(self.lineage),
                "since": self.since.isoformat(),
                "callback_url": self.callback_url,
            },
        }


class PipelineHook(Protocol):
    """Starts a run in a deploy pipeline.

    ``trigger`` hands over the stored body of a request and returns when the pipeline has taken it; it
    raises :class:`driftline.errors.RetryableDelivery` or :class:`driftline.errors.PermanentDelivery`.
    """

    def trigger(self, url: str, action_id: str, body: str) -> None: ...
