"""Frames between a client and the collector beside it.

Client to collector: three lengths (unsigned 32-bit, network order) of what follows: a JSON head, the request
and the response. Request and response are V2 bodies with binary tensors; the head says how long the JSON of
each is (``request_json``, ``response_json``; absent when that half is). A head with ``lost`` reports
inferences that were not sent, by reason, and has no bodies.

Collector to client: after frames, the number it has taken of this connection so far (unsigned 64-bit).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

from driftline.client.tensors import Tensor

BODY_BYTES = 8 * 1024 * 1024
"""Largest request or response that the collector takes."""
_TEXT_LENGTH = 1024
LENGTHS = struct.Struct("!III")
TAKEN = struct.Struct("!Q")


class TooLarge(Exception):
    """A request or response has more than :data:`BODY_BYTES`."""


def frame(
    head: Mapping[str, Any], request: list[Tensor] | None, response: list[Tensor] | None
) -> list[bytes]:
    """The parts of a frame, in order; raises :class:`TooLarge`."""
    described = dict(head)
    bodies: list[bytes] = []
    lengths = []
    for half, side, found in (("request", "inputs", request), ("response", "outputs", response)):
        parts = _body(side, found, head) if found is not None else []
        if parts:
            described[f"{half}_json"] = len(parts[0])
        lengths.append(sum(map(len, parts)))
        bodies += parts
    if max(lengths) > BODY_BYTES:
        raise TooLarge
    encoded = json.dumps(described, separators=(",", ":")).encode()
    return [LENGTHS.pack(len(encoded), *lengths), encoded, *bodies]


def text(value: object) -> str:
    """A text that JSON can hold and a collector takes: valid Unicode, of bounded length."""
    return "" if value is None else str(value)[:_TEXT_LENGTH].encode("utf-8", "replace").decode()


def number(value: float | None) -> float | None:
    """A finite number, or ``None``: JSON has no others."""
    return float(value) if value is not None and math.isfinite(value) else None


def _body(side: str, found: list[Tensor], head: Mapping[str, Any]) -> list[bytes]:
    message = {
        side: [
            {
                "name": text(tensor.name),
                "datatype": tensor.datatype,
                "shape": tensor.shape,
                "parameters": {"binary_data_size": len(tensor.data)},
            }
            for tensor in found
        ]
    }
    for key, name in (("model", "model_name"), ("version", "model_version"), ("event_id", "id")):
        if head.get(key):
            message[name] = head[key]
    return [json.dumps(message, separators=(",", ":")).encode(), *(tensor.data for tensor in found)]
