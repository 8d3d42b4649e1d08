"""Messages of a stream of ext_proc, as Envoy sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.taps.ext_proc.messages import ProcessingRequest

NODE = "sidecar~10.4.0.9~digits-7d9f-x2x8k.ocr~ocr.svc.cluster.local"


def asked(target: str, *, end: bool = False, **headers: str) -> Any:
    """The headers of a request."""
    message = ProcessingRequest()
    _fill(
        message.request_headers.headers,
        {":method": "POST", ":path": target, "content_type": "application/json", **headers},
    )
    message.request_headers.end_of_stream = end
    attributes = message.attributes.add(key=b"envoy.filters.http.ext_proc").value
    for name, value in {"xds.node.id": NODE, "request.time": "2026-11-23T10:00:00.500000+00:00"}.items():
        attributes.fields.add(key=name.encode()).value.string_value = value.encode()
    return message


def answered(status: int = 200, *, end: bool = False, **headers: str) -> Any:
    """The headers of a response."""
    message = ProcessingRequest()
    _fill(message.response_headers.headers, {":status": str(status), **headers})
    message.response_headers.end_of_stream = end
    return message


def request_body(data: bytes, *, end: bool = False) -> Any:
    """A piece of the request's body."""
    message = ProcessingRequest()
    message.request_body.body = data
    message.request_body.end_of_stream = end
    return message


def response_body(data: bytes, *, end: bool = False) -> Any:
    """A piece of the response's body."""
    message = ProcessingRequest()
    message.response_body.body = data
    message.response_body.end_of_stream = end
    return message


def response_trailers(trailers: Mapping[str, str]) -> Any:
    """What ends a gRPC response."""
    message = ProcessingRequest()
    message.response_trailers.SetInParent()
    _fill(message.response_trailers.trailers, trailers)
    return message


def request_trailers() -> Any:
    """What may end a request."""
    message = ProcessingRequest()
    message.request_trailers.SetInParent()
    return message


def _fill(header_map: Any, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        header_map.headers.add(key=name.replace("_", "-").encode(), raw_value=value.encode())
