"""Robots of Chinese chat services: Feishu (Lark), DingTalk and WeCom.

All three answer 200 also to what they refuse; the code in the body says so.

References
----------
Feishu: Custom bot usage guide (sign: HMAC-SHA256 keyed by ``timestamp \\n secret`` over nothing; 100 messages
a minute, 5 a second, 20 KB). DingTalk: Custom robot access (sign over ``timestamp \\n secret``, keyed by the
secret; 20 a minute). WeCom: Group robot configuration (key in the address; 20 a minute; 4,096 bytes of
markdown).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Collection
from typing import Any, ClassVar, Final, Literal

import httpx2
from pydantic import Field

from alerting.notifiers.specs import NotifierConfig
from alerting.notifiers.texts import body_text, cut, utf8
from alerting.notifiers.told import Message
from driftline.errors import PermanentDelivery, RetryableDelivery
from driftline.outbound import Outbound, displayed_target, json_object
from driftline.secret_source import SecretSource

_COLOURS: Final = {"info": "blue", "warning": "orange", "critical": "red"}


class _RobotConfig(NotifierConfig):
    url: SecretSource = Field(description="The robot's address; who has it may post, so it is a secret.")

    def _client(self) -> Outbound:
        return Outbound(timeout_seconds=self.timeout_seconds)


class FeishuConfig(_RobotConfig):
    """A custom bot of Feishu or Lark."""

    kind: Literal["feishu"] = "feishu"
    secret: SecretSource | None = Field(
        default=None, description="Key of the signature, when it asks for one."
    )

    def connect(self) -> Feishu:
        key = self.secret.read().get_secret_value() if self.secret else ""
        return Feishu(self._client(), self.url.read().get_secret_value(), key, self.template)


class DingTalkConfig(_RobotConfig):
    """A custom robot of DingTalk."""

    kind: Literal["dingtalk"] = "dingtalk"
    secret: SecretSource | None = Field(
        default=None, description="Key of the signature (SEC…), when it asks."
    )

    def connect(self) -> DingTalk:
        key = self.secret.read().get_secret_value() if self.secret else ""
        return DingTalk(self._client(), self.url.read().get_secret_value(), key, self.template)


class WeComConfig(_RobotConfig):
    """A group robot of WeCom."""

    kind: Literal["wecom"] = "wecom"

    def connect(self) -> WeCom:
        return WeCom(self._client(), self.url.read().get_secret_value(), self.template)


class _Robot:
    longest: ClassVar[int]
    """Bytes of text that it takes."""
    code: ClassVar[str]
    words: ClassVar[str]
    too_fast: ClassVar[Collection[int]]
    """Codes that mean: later."""

    def __init__(self, outbound: Outbound, url: str, template: str) -> None:
        self._outbound = outbound
        self._url = url
        self._template = template

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _text(self, message: Message) -> str:
        return cut(body_text(message, self._template), self.longest, measure=utf8)

    def _post(self, body: dict[str, Any], params: dict[str, str] | None = None) -> None:
        self._read(self._outbound.request("POST", _with(self._url, params), json=body))

    def _read(self, response: httpx2.Response) -> None:
        target = displayed_target(self._url)
        answer = json_object(response, target)
        code = answer.get(self.code, answer.get("StatusCode"))
        if code == 0:
            return
        said = f"{target} answered code {code!r}: {str(answer.get(self.words, ''))[:200]!r}"
        if code in self.too_fast:
            raise RetryableDelivery(said, "rate_limited", 60.0)
        raise PermanentDelivery(said, "rejected")


class Feishu(_Robot):
    """Tells a chat of Feishu or Lark by an interactive card."""

    longest = 18_000
    code, words = "code", "msg"
    too_fast = (11232,)

    def __init__(self, outbound: Outbound, url: str, key: str, template: str) -> None:
        super().__init__(outbound, url, template)
        self._key = key

    def send(self, message: Message) -> None:
        colour = "green" if message.worst.resolved else _COLOURS[message.severity]
        body: dict[str, Any] = {
            "msg_type": "interactive",
            "card": {
                "config": {"wide_screen_mode": True},
                "header": {
                    "title": {"tag": "plain_text", "content": message.title[:200]},
                    "template": colour,
                },
                "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": self._text(message)}}],
            },
        }
        if self._key:
            moment = str(int(time.time()))
            body |= {"timestamp": moment, "sign": feishu_signature(moment, self._key)}
        self._post(body)


class DingTalk(_Robot):
    """Tells a group of DingTalk."""

    longest = 18_000
    code, words = "errcode", "errmsg"
    too_fast = (130101, 410100)

    def __init__(self, outbound: Outbound, url: str, key: str, template: str) -> None:
        super().__init__(outbound, url, template)
        self._key = key

    def send(self, message: Message) -> None:
        # Two spaces before the end of a line, or DingTalk draws lines together.
        text = f"### {message.title}\n\n{self._text(message)}".replace("\n", "  \n")
        params = None
        if self._key:
            moment = str(round(time.time() * 1000))
            params = {"timestamp": moment, "sign": dingtalk_signature(moment, self._key)}
        self._post({"msgtype": "markdown", "markdown": {"title": message.title[:100], "text": text}}, params)


class WeCom(_Robot):
    """Tells a group of WeCom."""

    longest = 3_800
    code, words = "errcode", "errmsg"
    too_fast = (45009, 45033)

    def send(self, message: Message) -> None:
        content = cut(f"**{message.title}**\n{self._text(message)}", 4_096, measure=utf8)
        self._post({"msgtype": "markdown", "markdown": {"content": content}})


def feishu_signature(timestamp: str, key: str) -> str:
    """Sign a message to Feishu: the key is in the key, what is signed is empty.

    >>> feishu_signature("1599360473", "demo")
    'l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8='
    """
    digest = hmac.new(f"{timestamp}\n{key}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def dingtalk_signature(timestamp: str, key: str) -> str:
    """Sign a message to DingTalk, before it is written into the address."""
    digest = hmac.new(key.encode(), f"{timestamp}\n{key}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _with(url: str, params: dict[str, str] | None) -> str:
    """An address with more parameters; those it has (an access token) stay."""
    return str(httpx2.URL(url).copy_merge_params(params)) if params else url
