"""CloudEvents 1.0 and 0.3 over HTTP, read in the three modes of the protocol binding.

Source: CloudEvents specification 1.0.2, "HTTP Protocol Binding" sections 3.1 to 3.3 and "JSON Event Format"
sections 3 and 4.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import orjson

from collector.codecs.json_body import read_value
from collector.reasons import Undecodable

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_VERSIONS = frozenset({"1.0", "0.3"})
_REQUIRED = ("id", "source", "type")
_EARLIEST = 978_307_200.0
"""2001: what is older is a clock that was never set (Go's zero time, the epoch)."""


class BadEvent(Exception):
    """Not a CloudEvent; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes
    ----------
    attributes
        Context attributes and extensions by name; all values as text.
    data
        The body as it was sent to or by the model.
    headers
        HTTP headers that belong to ``data``: its content type and encoding.
    """

    attributes: Mapping[str, str]
    data: bytes
    headers: Mapping[str, str]

    def text(self, name: str) -> str:
        """An attribute, or empty."""
        return self.attributes.get(name, "")

    @property
    def epoch_seconds(self) -> float:
        """When it was recorded, or else sent; NaN when the event does not tell or its clock was not set."""
        for name in ("recordedtime", "time"):
            seconds = _epoch_seconds(self.text(name))
            if seconds >= _EARLIEST:
                return seconds
        return math.nan


def is_binary_mode(headers: Mapping[str, str]) -> bool:
    """Whether the attributes are in the headers, so that the body is the data."""
    return not headers.get("content-type", "").lower().startswith("application/cloudevents")


def binary_event(headers: Mapping[str, str], body: bytes) -> Event:
    """Read an event whose attributes are ``ce-`` headers; raises :class:`BadEvent`."""
    attributes = {
        name[3:]: unquote(value) if "%" in value else value
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    return _checked(attributes, body, {name: value for name, value in headers.items() if name[:3] != "ce-"})


def structured_events(content_type: str, body: bytes) -> list[Event | BadEvent]:
    """Read a body that holds one event, or a batch; one bad event of a batch does not spoil the others.

    Raises
    ------
    BadEvent
        The body is not JSON, or not of the shape that its content type says.
    """
    value, exact = _loaded(body)
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == STRUCTURED:
        return [_structured_event(value, exact=exact)]
    if media_type != BATCH:
        raise BadEvent(f"content type {media_type!r} is not supported: send {STRUCTURED} or {BATCH}")
    if not isinstance(value, list):
        raise BadEvent(f"a batch is a JSON array of events, this is a JSON {type(value).__name__}")
    return [_attempt(item, exact=exact) for item in value]


def _attempt(item: object, *, exact: bool) -> Event | BadEvent:
    try:
        return _structured_event(item, exact=exact)
    except BadEvent as error:
        return error


def _structured_event(value: object, *, exact: bool) -> Event:
    if not isinstance(value, dict):
        raise BadEvent(f"an event is a JSON object, this is a JSON {type(value).__name__}")
    attributes = {
        name: item if isinstance(item, str) else json.dumps(item)
        for name, item in value.items()
        if name not in ("data", "data_base64") and item is not None
    }
    content_type = attributes.get("datacontenttype", "application/json")
    return _checked(attributes, _data(value, content_type, exact=exact), {"content-type": content_type})


def _data(value: Mapping[str, Any], content_type: str, *, exact: bool) -> bytes:
    encoded = value.get("data_base64")
    if encoded is None and value.get("datacontentencoding") == "base64":  # as version 0.3 says it
        encoded = value.get("data")
    if encoded is not None:
        if not isinstance(encoded, str):
            raise BadEvent("base64 data is a string")
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadEvent(f"data is not base64: {error}") from error
    data = value.get("data")
    if data is None:
        return b""
    if isinstance(data, str) and "json" not in content_type.lower():
        return data.encode("utf-8", "surrogatepass")
    # NaN, which many servers write though JSON does not have it, would become null.
    return orjson.dumps(data) if exact else json.dumps(data).encode()


def _loaded(body: bytes) -> tuple[Any, bool]:
    """The JSON value, and whether the strict writer gives it back unchanged."""
    try:
        value = read_value(body)  # the codecs' reader bounds what the parsed value takes
    except Undecodable as error:
        raise BadEvent(str(error)) from error
    return value, b"NaN" not in body and b"Infinity" not in body


def _checked(attributes: dict[str, str], data: bytes, headers: Mapping[str, str]) -> Event:
    version = attributes.get("specversion")
    if version not in _VERSIONS:
        raise BadEvent(f"specversion must be 1.0 or 0.3, got {version!r}")
    for name in _REQUIRED:
        if not attributes.get(name):
            raise BadEvent(f"the event has no {name}")
    return Event(attributes, data, headers)


def _epoch_seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp() if text else math.nan
    except (ValueError, OverflowError):
        return math.nan
