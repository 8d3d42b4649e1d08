"""What a candidate has to show before it may be deployed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from driftline.bounds import Amount, Bound
from driftline.quality_metrics import METRICS

FAILURE_SHARE: Final = "failure_share"
LATENCIES: Final[Mapping[str, float]] = {
    "latency_p50_ms": 0.5,
    "latency_p95_ms": 0.95,
    "latency_p99_ms": 0.99,
}
"""Limits that only live traffic can be held against: quantiles of the latency of answers."""

_LIMITED = re.compile(r"([a-z0-9_@.]+)(?:\[(.+)\])?")


class GateCriteria(BaseModel):
    """What the owner asks of a candidate; what is absent has the default that is safe."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    metric: str = Field(
        default="", description="Metric that is compared: a mean over events; the contract's primary one."
    )
    margin: Amount | None = Field(
        default=None, ge=0, description="Loss in it that is accepted, in its unit; the contract's tolerance."
    )
    alpha: Amount = Field(
        default=0.05, gt=0, lt=1, description="Probability of ever letting a worse candidate pass, at most."
    )
    drifted: Literal["not_worse", "better", "ignore"] = Field(
        default="not_worse",
        description="What it has to be on the windows since the newest episode began.",
    )
    segments: Literal["not_shown_worse", "not_worse", "ignore"] = Field(
        default="not_shown_worse",
        description="`not_worse` asks for proof on every segment with enough labels.",
    )
    least_labels: int = Field(default=200, ge=1, description="Labelled rows that a judgement needs.")
    least_answered: Amount = Field(
        default=0.99, gt=0, le=1, description="Share of the evaluation rows that it must have answered."
    )
    limits: Mapping[str, Bound] = Field(
        default_factory=dict,
        description="Bounds on the candidate's own figures, as `accuracy: '>= 90%'` or "
        "`recall[fraud]: '>= .8'`; also `failure_share` and `latency_p95_ms`.",
    )
    days: float = Field(default=30, gt=0, le=400, description="How far back stored windows are used.")

    @field_validator("limits", mode="before")
    @classmethod
    def _bounds(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        return {_known(str(name)): Bound.parse(bound) for name, bound in value.items()}

    @property
    def span(self) -> timedelta:
        """How far back stored windows are used."""
        return timedelta(days=self.days)


def limited(name: str) -> tuple[str, str]:
    """Metric and class that a limit is about.

    >>> limited("recall[fraud]"), limited("accuracy")
    (('recall', 'fraud'), ('accuracy', ''))
    """
    found = _LIMITED.fullmatch(name)
    return (found[1], found[2] or "") if found else (name, "")


def _known(name: str) -> str:
    metric, _ = limited(name)
    if metric != FAILURE_SHARE and metric not in LATENCIES and metric not in METRICS:
        raise ValueError(
            f"{name!r} is no figure of a candidate: a metric such as accuracy or recall[class], "
            f"{FAILURE_SHARE}, {', '.join(LATENCIES)}"
        )
    return name
