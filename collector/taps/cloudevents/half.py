"""From an event of an inference logger to the half of an exchange: which model, which request, when.

============== ================================================ ======================================
what           KServe                                           Seldon
============== ================================================ ======================================
type           ``org.kubeflow.serving.inference.request``       ``io.seldon.serving.inference.request``
               and ``.response``                                and ``.response``
pairs by       ``id``                                           ``requestid``
model          ``inferenceservicename``, with ``.component``    ``modelid``
               unless it is the predictor
instance       what is not empty of ``namespace/component/endpoint``
============== ================================================ ======================================

A response that failed is never sent by either; a logger that does send it says so in ``statuscode``.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Literal

from collector.exchange import Identity, Message, Request, Response
from collector.taps.cloudevents.event import BadEvent, Event

Kind = Literal["request", "response"]
Key = tuple[str, str, str, str, str]

_OF_THE_BODY = ("content-type", "content-encoding", "inference-header-content-length")
_OF_THE_REQUEST = (*_OF_THE_BODY, "traceparent", "x-request-id")
"""Not taken from the event's own HTTP request: a mesh may have traced that."""
_GZIP_MAGIC = b"\x1f\x8b"
_OBJECT_BYTES = 1500
"""About what a half costs beside its data and texts."""


@dataclass(frozen=True, slots=True)
class Half:
    """A request or a response, waiting for the other.

    Attributes
    ----------
    key
        Namespace, service, model, endpoint and id: the same for both halves.
    epoch_seconds
        Time that the event tells, or NaN.
    arrived
        Monotonic seconds.
    size
        About how many bytes it holds.
    """

    kind: Kind
    key: Key
    message: Message
    identity: Identity
    epoch_seconds: float
    arrived: float
    size: int


def kind_of(event: Event) -> Kind | None:
    """Which half an event is; ``None`` when it is about something else, such as feedback."""
    event_type = event.text("type")
    if event_type.endswith(".inference.request"):
        return "request"
    return "response" if event_type.endswith(".inference.response") else None


def identity_of(event: Event) -> Identity:
    """Who served, as far as the attributes tell."""
    component = event.text("component")
    model = event.text("modelid") or event.text("inferenceservicename")
    if component not in ("", "predictor") and not event.text("modelid"):
        model = f"{model}.{component}"
    place = (event.text("namespace"), component, event.text("endpoint"))
    return Identity(model=model, instance="/".join(part for part in place if part))


def half_of(event: Event, kind: Kind) -> Half:
    """The half that an event carries; raises :class:`BadEvent` when it names no model."""
    identity = identity_of(event)
    if not identity.model:
        raise BadEvent("the event names no model: set the extension inferenceservicename or modelid")
    pair_id = event.text("requestid") or event.text("id")
    headers = _headers(event, kind)
    headers.setdefault("x-request-id", pair_id)
    now = time.monotonic()
    message: Message
    if kind == "request":
        message = Request(now, headers, wanted=True, ended_at=now, method="POST")
    else:
        message = Response(now, headers, wanted=True, ended_at=now, status=_status(event))
    if event.data:
        message.chunks.append(event.data)
        message.size = len(event.data)
    key = (
        event.text("namespace"),
        event.text("inferenceservicename"),
        identity.model,
        event.text("endpoint"),
        pair_id,
    )
    size = _OBJECT_BYTES + message.size + sum(map(len, headers.values())) + sum(map(len, key))
    return Half(kind, key, message, identity, event.epoch_seconds, now, size)


def _headers(event: Event, kind: Kind) -> dict[str, str]:
    # KServe repeats the request's headers in both events; on a response they would be wrong.
    headers = _metadata_headers(event.text("metadata")) if kind == "request" else {}
    headers.update((name, event.headers[name]) for name in _OF_THE_BODY if name in event.headers)
    if event.text("traceparent"):
        headers["traceparent"] = event.text("traceparent")
    if "content-encoding" not in headers and event.data.startswith(_GZIP_MAGIC):
        headers["content-encoding"] = "gzip"  # loggers drop the header and keep the body
    return headers


def _metadata_headers(metadata: str) -> dict[str, str]:
    """KServe's ``metadata``: the request's headers that the logger was told to keep, as JSON of lists."""
    if not metadata:
        return {}
    try:
        value = json.loads(metadata)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    found = {}
    for name, item in value.items():
        first = item[0] if isinstance(item, list) and item else item
        if isinstance(first, str) and name.lower() in _OF_THE_REQUEST:
            found[name.lower()] = first
    return found


def _status(event: Event) -> int:
    told = event.text("statuscode")
    return int(told) if told.isascii() and told.isdigit() and len(told) == 3 else 200
