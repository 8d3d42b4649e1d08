"""What is told: one stored notification as messages need it, or several as a digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from alerting.rules.document import SEVERITIES, Severity

MOST_LISTED: Final = 20
"""Episodes of a digest that are named; the others are counted."""

_HEADINGS: Final = {
    "harmless_drift": "harmless drift",
    "drift": "drift",
    "decay": "decay",
    "harmful_drift": "drift and decay",
}
_EVENTS: Final = {"episode.worsened": " (worse)", "episode.resolved": " is over"}


@dataclass(frozen=True, slots=True)
class Told:
    """One notification.

    Attributes
    ----------
    action_id
        Constant over retries.
    event
        ``episode.opened``, ``episode.worsened`` or ``episode.resolved``.
    page
        Where a person looks at it.
    payload
        The stored body.
    """

    action_id: str
    event: str
    severity: Severity
    rules: tuple[str, ...]
    episode: Mapping[str, Any]
    page: str
    at: datetime
    payload: str

    @classmethod
    def of_payload(cls, payload: str) -> Told:
        """From the body that the outbox stored.

        >>> body = '{"type": "episode.opened", "timestamp": "2026-01-01T00:00:00+00:00", "data": {' \\
        ...     '"action_id": "ac-1", "severity": "critical", "links": {"page": "http://x"},' \\
        ...     '"episode": {"episode_id": "ep-1", "model": "ocr", "kind": "decay", "summary": "fell"}}}'
        >>> Told.of_payload(body).title
        'ocr: decay'
        """
        body = orjson.loads(payload)
        data = body["data"]
        severity = data.get("severity", "warning")
        return cls(
            action_id=str(data["action_id"]),
            event=str(body["type"]),
            severity=severity if severity in SEVERITIES else "warning",
            rules=tuple(data.get("rules", ())),
            episode=data["episode"],
            page=str(data.get("links", {}).get("page", "")),
            at=datetime.fromisoformat(body["timestamp"]),
            payload=payload,
        )

    @property
    def episode_id(self) -> str:
        """The same in all messages about one episode."""
        return str(self.episode["episode_id"])

    @property
    def resolved(self) -> bool:
        """Whether it says that all is well again."""
        return self.event == "episode.resolved"

    @property
    def title(self) -> str:
        """One line: model and what it is about."""
        kind = str(self.episode["kind"])
        return f"{self.episode['model']}: {_HEADINGS.get(kind, kind)}{_EVENTS.get(self.event, '')}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Names and values to be listed."""
        fields = [str(name) for name in self.episode.get("fields") or ()]
        more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
        found = (
            ("severity", self.severity),
            ("version", str(self.episode.get("version") or "")),
            ("since", _clock(self.episode.get("first_window"))),
            ("over since", _clock(self.episode.get("resolved_at"))),
            ("fields", ", ".join(fields[:5]) + more),
            ("rules", ", ".join(self.rules)),
        )
        return tuple((name, value) for name, value in found if value)

    @property
    def summary(self) -> str:
        """The figures, in one sentence."""
        return str(self.episode.get("summary") or "")


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once: one notification, or a digest of several."""

    told: tuple[Told, ...]

    @property
    def digest(self) -> bool:
        """Whether it is about several."""
        return len(self.told) > 1

    @property
    def worst(self) -> Told:
        """The most severe that is not over, else the first."""
        return self.by_severity()[0]

    @property
    def severity(self) -> Severity:
        """The highest of what is not over."""
        return self.worst.severity

    @property
    def title(self) -> str:
        """One line."""
        if not self.digest:
            return self.worst.title
        models = len({one.episode["model"] for one in self.told})
        return f"{len(self.told)} messages about {models} model{'s' if models > 1 else ''}"

    def by_severity(self) -> Sequence[Told]:
        """The worst first; what is over comes last."""
        return sorted(
            self.told, key=lambda one: (one.resolved, -SEVERITIES.index(one.severity), one.at, one.action_id)
        )

    @property
    def message_id(self) -> str:
        """Constant over retries of the same notifications."""
        return self.told[0].action_id


def _clock(moment: object) -> str:
    if not moment:
        return ""
    return f"{datetime.fromisoformat(str(moment)):%Y-%m-%d %H:%M} UTC"
