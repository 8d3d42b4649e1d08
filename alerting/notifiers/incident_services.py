"""Services that keep incidents: PagerDuty (Events API v2) and Prometheus Alertmanager (API v2).

Both know an episode by a constant key, so a message that is sent twice is one incident, and what is resolved
here is resolved there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from alerting.notifiers.specs import NotifierConfig
from alerting.notifiers.texts import body_text, cut, plain_link
from alerting.notifiers.told import Message, Told
from driftline.outbound import Outbound
from driftline.secret_source import SecretSource

PAGERDUTY: Final = "https://events.pagerduty.com"
LONGEST_SUMMARY: Final = 1024
OPEN_FOR: Final = timedelta(days=30)
"""An alert without an end is over for Alertmanager after its `resolve_timeout`; ours is told when it is."""


class PagerDutyConfig(NotifierConfig):
    """A service of PagerDuty; episodes are its incidents."""

    kind: Literal["pagerduty"] = "pagerduty"
    url: str = Field(default=PAGERDUTY, description="The API's address.")
    routing_key: SecretSource = Field(description="Integration key of the service (Events API v2).")

    takes_digests: ClassVar[bool] = False

    def connect(self) -> PagerDuty:
        key = self.routing_key.read().get_secret_value()
        return PagerDuty(Outbound(timeout_seconds=self.timeout_seconds), self.url, key, self.template)


class AlertmanagerConfig(NotifierConfig):
    """Prometheus Alertmanager, which routes and groups as its own configuration says."""

    kind: Literal["alertmanager"] = "alertmanager"
    url: str = Field(description="Its address, without /api.")
    at_most_a_minute: int = Field(default=600, ge=1, le=10_000, description="Messages a minute.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels that every alert gets besides.")
    user: str = Field(default="", description="For basic authentication.")
    password: SecretSource | None = None

    takes_digests: ClassVar[bool] = True

    def connect(self) -> Alertmanager:
        basic = (self.user, self.password.read().get_secret_value()) if self.password else None
        outbound = Outbound(timeout_seconds=self.timeout_seconds)
        return Alertmanager(outbound, self.url, self.labels, basic, self.template)


class PagerDuty:
    """Triggers and resolves incidents; the key is the episode's id."""

    def __init__(self, outbound: Outbound, url: str, key: str, template: str) -> None:
        self._outbound = outbound
        self._url = url
        self._key = key
        self._template = template

    def send(self, message: Message) -> None:
        """Tell each; PagerDuty has no digests, and repeats are known by their key."""
        for one in message.told:
            self._outbound.request("POST", f"{self._url.rstrip('/')}/v2/enqueue", json=self._event(one))

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _event(self, one: Told) -> dict[str, Any]:
        event: dict[str, Any] = {
            "routing_key": self._key,
            "event_action": "resolve" if one.resolved else "trigger",
            "dedup_key": one.episode_id,
            "client": "Driftline",
            "client_url": one.page,
        }
        if one.resolved:
            return event
        text = body_text(Message((one,)), self._template, link=plain_link, bold="")
        event["payload"] = {
            "summary": cut(f"{one.title}: {one.summary}", LONGEST_SUMMARY),
            "source": str(one.episode["model"]),
            "severity": one.severity,
            "timestamp": one.at.isoformat(),
            "class": str(one.episode["kind"]),
            "custom_details": {"text": text, **dict(one.facts)},
        }
        event["links"] = [{"href": one.page, "text": "Open in Driftline"}] if one.page else []
        return event


class Alertmanager:
    """Posts alerts; one that is resolved ends."""

    def __init__(
        self,
        outbound: Outbound,
        url: str,
        labels: dict[str, str],
        basic: tuple[str, str] | None,
        template: str,
    ) -> None:
        self._outbound = outbound
        self._url = url
        self._labels = labels
        self._basic = basic
        self._template = template

    def send(self, message: Message) -> None:
        """Tell all at once."""
        alerts = [self._alert(one) for one in message.told]
        self._outbound.request(
            "POST", f"{self._url.rstrip('/')}/api/v2/alerts", json=alerts, basic=self._basic
        )

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _alert(self, one: Told) -> dict[str, Any]:
        began = datetime.fromisoformat(str(one.episode["opened_at"]))
        ended = one.episode.get("resolved_at")
        end = datetime.fromisoformat(str(ended)) if one.resolved and ended else datetime.now(UTC) + OPEN_FOR
        # Labels are an alert's identity: severity and kind may change while it is open, so they are none.
        return {
            "labels": {
                **self._labels,
                "alertname": "DriftlineEpisode",
                "model": str(one.episode["model"]),
                "episode_id": one.episode_id,
            },
            "annotations": {
                "summary": one.title,
                "description": body_text(Message((one,)), self._template, link=plain_link, bold=""),
                "severity": one.severity,
                "kind": str(one.episode["kind"]),
            },
            "startsAt": began.isoformat(),
            "endsAt": end.isoformat(),
            "generatorURL": one.page,
        }
