"""What a hook into a deploy pipeline is, and what it is handed.

A hook is one folder: ``config.py`` with a :class:`HookConfig` (what a person writes under ``targets``) and
``hook.py`` with the :class:`PipelineHook` it makes. It registers by one line in ``integrations/table.py``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, Protocol

import orjson
from pydantic import BaseModel, ConfigDict, Field

from alerting.episode import Episode
from driftline.ids import ActionId

Ability = Literal["find", "follow", "cancel", "deduplicate"]
"""What a target can do beside starting a run: ``find`` the run of an action, ``follow`` it to its outcome,
``cancel`` it, and ``deduplicate``: drop the repetition of an action by itself."""

RunState = Literal["queued", "running", "succeeded", "failed", "cancelled", "unknown"]

PARAMETERS: Final = (
    "DRIFTLINE_ACTION_ID",
    "DRIFTLINE_REQUEST",
    "DRIFTLINE_MODEL",
    "DRIFTLINE_VERSION",
    "DRIFTLINE_CANDIDATE",
    "DRIFTLINE_EPISODE_ID",
    "DRIFTLINE_SINCE",
    "DRIFTLINE_CALLBACK_URL",
    "DRIFTLINE_LINEAGE",
)
"""What :meth:`PipelineRequest.parameters` names, for targets that refuse what they do not declare."""

ENDED: Final = frozenset[RunState]({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """What a pipeline is asked to do.

    Attributes
    ----------
    type
        ``retrain.requested``, or another kind of action.
    action_id
        Constant over retries; the pipeline drops a repetition by it.
    lineage
        Dataset, method and hyper-parameters of the version in service, from the contract.
    since
        Start of the first window that showed the change.
    callback_url
        Where the pipeline reports its outcome, signed.
    candidate
        Version to bring into service; of a redeploy, for which the gate let it pass.
    """

    action_id: ActionId
    model: str
    version: str
    episode: Episode
    lineage: Mapping[str, Any]
    since: datetime
    callback_url: str
    type: str = "retrain.requested"
    candidate: str = ""

    def body(self) -> dict[str, Any]:
        """The request as JSON."""
        return {
            "type": self.type,
            "timestamp": self.episode.updated_at.isoformat(),
            "data": {
                "action_id": self.action_id,
                "model": self.model,
                "version": self.version,
                "candidate": self.candidate,
                "episode": self.episode.as_json(),
                "lineage": dict(self.lineage),
                "since": self.since.isoformat(),
                "callback_url": self.callback_url,
            },
        }


@dataclass(frozen=True, slots=True)
class PipelineRequest:
    """A stored request as a hook gets it; ``body`` is the same text at every attempt.

    >>> body = '{"type": "retrain.requested", "data": {"model": "ocr", "version": "3"}}'
    >>> request = PipelineRequest("ac_1", body)
    >>> request.parameters()["DRIFTLINE_MODEL"]
    'ocr'
    """

    action_id: str
    body: str

    @property
    def type(self) -> str:
        """Such as ``retrain.requested``, ``rollback.requested``."""
        return str(orjson.loads(self.body)["type"])

    @property
    def data(self) -> Mapping[str, Any]:
        """The request's figures: model, version, episode, lineage, since, callback_url."""
        data: Mapping[str, Any] = orjson.loads(self.body)["data"]
        return data

    def parameters(self) -> dict[str, str]:
        """The request as flat text, for targets that take variables; all names begin with ``DRIFTLINE_``."""
        data = self.data
        flat = {
            "ACTION_ID": self.action_id,
            "REQUEST": self.type,
            "MODEL": data.get("model", ""),
            "VERSION": data.get("version", ""),
            "CANDIDATE": data.get("candidate", ""),
            "EPISODE_ID": (data.get("episode") or {}).get("episode_id", ""),
            "SINCE": data.get("since", ""),
            "CALLBACK_URL": data.get("callback_url", ""),
            "LINEAGE": orjson.dumps(data.get("lineage") or {}).decode(),
        }
        return {f"DRIFTLINE_{name}": str(value) for name, value in flat.items()}


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the pipeline.

    Attributes
    ----------
    run_id
        What the target calls it, whole: enough to ask for it again. Empty when the target tells none.
    url
        Where a person looks at it; empty when there is no such page.
    detail
        What the target says besides, such as the version it made.
    """

    run_id: str
    url: str
    state: RunState
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED


class PipelineHook(Protocol):
    """Starts a run in a deploy pipeline, finds it again, follows it and cancels it.

    Every method raises :class:`driftline.errors.RetryableDelivery`,
    :class:`driftline.errors.PermanentDelivery`, or, when the target may have acted on a call that failed,
    :class:`driftline.errors.AmbiguousDelivery`.
    """

    @property
    def abilities(self) -> frozenset[Ability]:
        """What its target can do as it is configured; other methods raise ``NotImplementedError``."""
        ...

    def trigger(self, request: PipelineRequest) -> Run:
        """Start a run; when the target says that the action's run exists already, that run."""
        ...

    def find(self, request: PipelineRequest) -> Run | None:
        """The run that this action started, or ``None`` when the target surely has none."""
        ...

    def follow(self, run_id: str) -> Run:
        """The run as it is now."""
        ...

    def cancel(self, run_id: str) -> Run:
        """Ask for its end; the run as it is then."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class HookConfig(BaseModel):
    """What a person writes of a target; a hook adds its own fields. Secrets are named, never written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    timeout_seconds: float = Field(default=10.0, gt=0, le=300, description="Seconds to wait for an answer.")

    abilities: ClassVar[frozenset[Ability]] = frozenset()
    """What the kind can do when everything is configured, for the table in the documentation."""

    @property
    @abstractmethod
    def displayed(self) -> str:
        """Where it goes, without credentials, fit to be stored and shown."""

    @abstractmethod
    def connect(self) -> PipelineHook:
        """The hook; secrets are read when it is called."""
