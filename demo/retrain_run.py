"""A run of the deploy pipeline: collect labels, retrain, pass the gate, deploy, report."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from demo.api import DriftlineApi, refusal
from demo.callbacks import OutcomeReporter
from demo.digits import MODEL, Documents, Pools
from demo.labelled_pool import LabelledPool
from demo.model_contract import baseline_body
from demo.repository import ModelRepository
from demo.retrain import Challenger, retrain
from demo.training import METHOD
from demo.webhooks import Message
from driftline.errors import DriftlineError, InvalidInput, NotFound, RetryableDelivery
from driftline.logs import get_logger

POLL_SECONDS = 0.5
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """What ``retrain.requested`` asks for."""

    action_id: str
    version: int
    since: datetime
    callback_url: str

    @classmethod
    def parse(cls, message: Message) -> RetrainRequest:
        """Read it from a webhook.

        Raises
        ------
        InvalidInput
            It is another event or for another model, or a member is missing or wrong.
        """
        data = message.body.get("data")
        if message.body.get("type") != "retrain.requested" or not isinstance(data, dict):
            raise InvalidInput(f"expected retrain.requested with data, got {message.body.get('type')!r}")
        if data.get("model") != MODEL:
            raise InvalidInput(f"this pipeline retrains {MODEL!r}, not {data.get('model')!r}")
        try:
            since = datetime.fromisoformat(data["since"])
            if since.tzinfo is None:
                raise ValueError(f"since {data['since']!r} has no time zone")
            return cls(
                action_id=str(data["action_id"]),
                version=int(data["version"]),
                since=since,
                callback_url=str(data["callback_url"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"the retrain request lacks a usable member: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Plant:
    """What a run works with.

    Attributes
    ----------
    fewest_captures
        Labelled captures of the changed world without which nothing is trained.
    patience_seconds
        How long a run waits for them.
    """

    pools: Pools
    labelled: LabelledPool
    repository: ModelRepository
    api: DriftlineApi
    model_server: httpx2.Client
    reporter: OutcomeReporter
    stop: threading.Event
    fewest_captures: int = 600
    patience_seconds: float = 60.0


def run_retrain(request: RetrainRequest, plant: Plant) -> None:
    """Do what was asked and report ``running``, then ``succeeded`` or ``failed``.

    Raises
    ------
    DeliveryError
        The last report could not be delivered, or the pipeline stops; the run is to be done again.
    """
    started = time.monotonic()
    report = plant.reporter.report
    report(request.callback_url, request.action_id, "running", {"stage": "collecting labelled captures"})
    try:
        detail = _work(request, plant)
    except DriftlineError as error:
        if plant.stop.is_set():
            raise RetryableDelivery(f"the pipeline stops: {error.message}", "unreachable") from error
        _log.error("retrain failed", action=request.action_id, code=error.code, error=error.message)
        detail = {"reason": error.message}
    detail["seconds"] = round(time.monotonic() - started, 2)
    succeeded = "deployed_version" in detail
    report(request.callback_url, request.action_id, "succeeded" if succeeded else "failed", detail)


def _work(request: RetrainRequest, plant: Plant) -> dict[str, Any]:
    champion = plant.repository.load(request.version)
    captures = _await_captures(request.since, plant)
    challenger = retrain(
        champion.classifier, plant.pools.train, captures, plant.pools.holdout, seed=request.version
    )
    gate = challenger.gate
    _log.info("gate judged", action=request.action_id, passed=gate.passed, reason=gate.reason)
    detail: dict[str, Any] = {
        "gate": gate.as_dict(),
        "captures": len(captures),
        "trained_on": challenger.trained_on,
        "champion_version": str(champion.number),
    }
    if not gate.passed:
        return detail | {"reason": f"gate: {gate.reason}"}
    return detail | {"deployed_version": str(_deploy(request, plant, challenger))}


def _await_captures(since: datetime, plant: Plant) -> Documents:
    deadline = time.monotonic() + plant.patience_seconds
    while True:
        captures = plant.labelled.since(since)
        if len(captures) >= plant.fewest_captures:
            return captures
        if time.monotonic() >= deadline or plant.stop.wait(POLL_SECONDS):
            raise NotFound(
                f"only {len(captures)} labelled captures since {since.isoformat()}, "
                f"{plant.fewest_captures} needed"
            )


def _deploy(request: RetrainRequest, plant: Plant, challenger: Challenger) -> int:
    number = plant.repository.publish(
        challenger.classifier,
        {
            "method": METHOD,
            "champion_version": request.version,
            "action_id": request.action_id,
            "gate": challenger.gate.as_dict(),
        },
    )
    published = plant.repository.load(number).classifier
    # The reference comes before the traffic, so that the version is watched from its first prediction.
    plant.api.post_baseline(MODEL, baseline_body(f"retrain-{number}", number, published, challenger.held_out))
    try:
        answer = plant.model_server.post(f"/v2/repository/models/{MODEL}/load")
    except httpx2.TransportError as error:
        raise RetryableDelivery(f"the model server does not answer: {error}", "unreachable") from error
    if not answer.is_success:
        raise refusal("loading the new version", answer)
    return number
