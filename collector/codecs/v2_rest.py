"""V2 Open Inference protocol over HTTP, with JSON tensors, binary tensors, or both in one message.

``POST /v2/models/{m}[/versions/{v}]/infer``; a body with binary tensors is a JSON object of as many bytes as
the header ``Inference-Header-Content-Length`` says, then the tensors' bytes in the order in which the JSON
names them, each ``parameters.binary_data_size`` long (Triton's binary tensor data extension).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.codec import Body, Glance
from collector.codecs.decoded import Inference, Tensor, clean_text, count_rows
from collector.codecs.json_body import object_end, read_object
from collector.codecs.json_tensor import json_tensor
from collector.codecs.raw_tensor import raw_tensor
from collector.codecs.shapes import ElementRoom
from collector.reasons import Undecodable

_HEADER = "inference-header-content-length"
_SHAPE = b'"shape"'
_FIRST_SIZE = re.compile(rb'"shape"\s*:\s*\[\s*(\d{1,9})')
_VERSION = re.compile(rb'"model_version"\s*:\s*"([^"\\]{1,128})"')


class V2Rest:
    """See :class:`collector.codecs.codec.Codec`."""

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """Rows by the rule of :func:`~collector.codecs.decoded.count_rows`, by the shapes' first sizes."""
        bodies = [_header_part(body) for body in (asked, answered) if body is not None]
        sizes = {size for body in bodies for size in _first_sizes(body)}
        first = sizes.pop() if len(sizes) == 1 else None
        version = _VERSION.search(_header_part(answered)) if answered is not None else None
        return Glance(
            max(1, int(first or 1)),
            version=clean_text(version[1].decode("utf-8", "replace")) if version else "",
        )

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """Decode an exchange.

        Raises
        ------
        Undecodable
            ``malformed_body`` when a body is no V2 message, or its binary part is not as long as the tensors
            say; ``body_too_large``; ``mismatched_id`` when the response names another request.
        """
        return v2_inference(
            None if asked is None else read_message(asked),
            None if answered is None else read_message(answered),
        )


Message = tuple[Mapping[str, Any], memoryview]
"""The JSON object, and the bytes after it."""
_NOTHING = memoryview(b"")
_EMPTY: Mapping[str, Any] = {}


def read_message(body: Body) -> Message:
    """The parts of a request or a response; raises :class:`Undecodable`."""
    stated = body.headers.get(_HEADER)
    if stated is None:
        try:
            return read_object(body.data), _NOTHING
        except Undecodable:
            # Loggers that forward a body without its headers lose the length of the JSON.
            end = object_end(body.data) if b'"binary_data_size"' in body.data else None
            if end is None:
                raise
    else:
        end = _length(stated)
        if end > len(body.data):
            raise Undecodable("malformed_body", f"a JSON header of {end} bytes in a body of {len(body.data)}")
        if end == 0:  # Triton's raw binary request: the model's configuration names and shapes the one input
            return {"inputs": []}, _NOTHING
    view = memoryview(body.data)
    return read_object(view[:end]), view[end:]


def v2_inference(asked: Message | None, answered: Message | None) -> Inference:
    """Decode the parts of an exchange; see :meth:`V2Rest.decode`."""
    faults: dict[str, str] = {}
    inputs: dict[str, Tensor] = {}
    outputs: dict[str, Tensor] = {}
    request = response = _EMPTY
    error = ""
    if asked is not None:
        request, binary = asked
        inputs = _tensors(request, "inputs", binary, faults)
    if answered is not None:
        response, binary = answered
        if "error" in response and "outputs" not in response:
            error = clean_text(str(response["error"]))
        else:
            outputs = _tensors(response, "outputs", binary, faults)
    request_id, response_id = _text(request, "id"), _text(response, "id")
    if request_id and response_id and request_id != response_id:
        raise Undecodable("mismatched_id", f"request {request_id!r}, response {response_id!r}")
    rows, batched = count_rows([*inputs.values(), *outputs.values()])
    return Inference(
        request_id or response_id,
        _text(response, "model_version"),
        rows,
        batched,
        inputs,
        outputs,
        faults,
        _text(response, "model_name"),
        error,
    )


def _tensors(
    message: Mapping[str, Any], key: str, binary: memoryview, faults: dict[str, str]
) -> dict[str, Tensor]:
    items = message.get(key)
    if type(items) is not list:
        raise Undecodable("malformed_body", f"{key} is no list of tensors")
    found: dict[str, Tensor] = {}
    bad: dict[str, str] = {}
    at = 0
    room = ElementRoom()
    for item in items:
        name = item.get("name") if type(item) is dict else None
        if type(name) is not str or not name:
            raise Undecodable("malformed_body", f"an item of {key} is no tensor with a name")
        parameters = item.get("parameters")
        raw = None
        if parameters and type(parameters) is dict and "binary_data_size" in parameters:
            start, at = at, at + _length(parameters["binary_data_size"])
            raw = binary[start:at]
        if name in found or name in bad:
            found.pop(name, None)
            bad[name] = "duplicate_name"
            continue
        try:
            found[name] = _tensor(name, item, raw, room)
        except BadTensor as error:
            bad[name] = error.fault
    if at != len(binary):
        raise Undecodable("malformed_body", f"{key} declare {at} binary bytes, the body has {len(binary)}")
    faults.update(bad)
    return found


def _tensor(name: str, item: Mapping[str, Any], raw: memoryview | None, room: ElementRoom) -> Tensor:
    data = item.get("data")
    if raw is not None:
        if data is not None:
            raise BadTensor("bad_data")
        return raw_tensor(name, item.get("datatype"), item.get("shape"), raw, room)
    if data is None and "shared_memory_region" in (item.get("parameters") or ()):
        raise BadTensor("shared_memory")
    return json_tensor(name, item.get("datatype"), item.get("shape"), data)


def _first_sizes(text: bytes) -> Iterator[bytes | None]:
    at = text.find(_SHAPE)  # much faster over a large body than the expression
    while at >= 0:
        match = _FIRST_SIZE.match(text, at)
        yield match[1] if match else None
        at = text.find(_SHAPE, at + len(_SHAPE))


def _header_part(body: Body) -> bytes:
    stated = body.headers.get(_HEADER)
    return body.data[: int(stated)] if stated and stated.isdecimal() else body.data


def _length(value: object) -> int:
    """A length that a header or a parameter states."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None
    if type(value) is not int or value < 0:
        raise Undecodable("malformed_body", "a length that is no whole number from 0")
    return value


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if type(value) is not str:
        return ""
    return value if len(value) <= 256 and value.isascii() else clean_text(value)
