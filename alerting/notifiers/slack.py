"""Slack, by an incoming webhook (1 message a second; sections of at most 3,000 characters)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from alerting.notifiers.specs import NotifierConfig
from alerting.notifiers.texts import body_text, cut
from alerting.notifiers.told import Message
from driftline.outbound import Outbound
from driftline.secret_source import SecretSource


class SlackConfig(NotifierConfig):
    """A channel of Slack."""

    kind: Literal["slack"] = "slack"
    url: SecretSource = Field(description="The incoming webhook's address; who has it may post.")
    at_most_a_minute: int = Field(default=50, ge=1, le=60, description="Messages a minute.")

    def connect(self) -> Slack:
        outbound = Outbound(timeout_seconds=self.timeout_seconds)
        return Slack(outbound, self.url.read().get_secret_value(), self.template)


class Slack:
    """Tells a channel."""

    def __init__(self, outbound: Outbound, url: str, template: str) -> None:
        self._outbound = outbound
        self._url = url
        self._template = template

    def send(self, message: Message) -> None:
        """Tell it; Slack refuses by status."""
        text = body_text(message, self._template, link=slack_link, bold="*")
        blocks = [
            {"type": "header", "text": {"type": "plain_text", "text": cut(message.title, 150)}},
            {"type": "section", "text": {"type": "mrkdwn", "text": cut(text or message.title, 3000)}},
        ]
        self._outbound.request("POST", self._url, json={"text": message.title, "blocks": blocks})

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()


def slack_link(words: str, address: str) -> str:
    """A link as Slack writes it.

    >>> slack_link("open", "http://x")
    '<http://x|open>'
    """
    return f"<{address}|{words}>" if address else words
