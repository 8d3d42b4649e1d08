"""What a notifier is: what a person writes of it, and what it does with a message."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from alerting.notifiers.texts import checked_template
from alerting.notifiers.told import Message
from alerting.rules.durations import Duration


class Notifier(Protocol):
    """Tells a target; a message that is sent twice is shown twice but by those that say otherwise."""

    def send(self, message: Message) -> None:
        """Tell it; raises :class:`driftline.errors.DeliveryError`."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class NotifierConfig(BaseModel):
    """What a person writes of a target that is told; secrets are named, never written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    timeout_seconds: float = Field(default=10.0, gt=0, le=300, description="Seconds to wait for an answer.")
    at_most_a_minute: int = Field(
        default=20, ge=1, le=10_000, description="Messages a minute; what is more comes in digests."
    )
    digest: Duration = Field(
        default=timedelta(0),
        description="Collect messages so long and tell them as one; those that are critical do not wait.",
    )
    template: str = Field(default="", description="Jinja2 text of the message; the house's own when empty.")

    takes_digests: ClassVar[bool] = True
    """Whether one message may be about several episodes."""

    @field_validator("template")
    @classmethod
    def _readable(cls, text: str) -> str:
        return checked_template(text)

    @abstractmethod
    def connect(self) -> Notifier:
        """The notifier; :class:`driftline.errors.InvalidSettings` when a secret is not there."""
        raise NotImplementedError
