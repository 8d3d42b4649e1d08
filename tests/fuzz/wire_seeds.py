"""Sound traffic that fuzzing of connections and taps starts from."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from collector.frames import FrameKind, Gap, pack, pack_gap
from collector.taps.ext_proc.messages import ProcessingRequest
from driftline.client.frames import frame
from driftline.client.tensors import Tensor
from tests.fuzz.seeds import SEEDS
from tests.fuzz.wire_targets import CLIENT, CLOSED, GAP, SERVER, Step, packed_steps
from tests.unit.collector.http2_pair import Http2Pair
from tests.unit.collector.logger_events import kserve_headers, seldon_headers

_REQUEST = (
    b"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    b"POST /v2/models/m/infer HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"
)
_RESPONSE = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
    b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\n"
)
_UPGRADE = (
    b"POST /v2/models/m/infer HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABk\r\nContent-Length: 0\r\n\r\n"
)
_UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


def _http1() -> list[bytes]:
    return [
        packed_steps([(CLIENT, _REQUEST), (SERVER, _RESPONSE), (CLOSED, b"")]),
        packed_steps([(CLIENT, _REQUEST[:90]), (GAP, b"xx"), (CLIENT, _REQUEST), (SERVER, _RESPONSE)]),
        packed_steps([(CLIENT, _UPGRADE), (SERVER, _UPGRADED)]),
    ]


def _http2() -> list[bytes]:
    pair = Http2Pair()
    body = SEEDS["v2_grpc"][0]
    asked, answered = (half.data if half is not None else b"" for half in body)
    pair.call(asked, answered)
    pair.call(asked, answered)
    steps: list[Step] = [(CLIENT if client else SERVER, flight) for client, flight in pair.flights]
    return [packed_steps(steps), packed_steps([*steps[:3], (GAP, b""), *steps[3:], (CLOSED, b"")])]


def _frames() -> list[bytes]:
    return [
        pack(FrameKind.CONFIG, 0, 0.0, b"{}")
        + pack(FrameKind.REQUEST_BYTES, 7, 1.5, b"abc")
        + pack(FrameKind.GAP, 7, 2.5, pack_gap(Gap(1, True, 3, 4)))
        + pack(FrameKind.CLOSED, 7, 3.5, b"")
    ]


def _request(headers: Mapping[str, str], body: bytes) -> Step:
    return 0, "\n".join(f"{name}: {value}" for name, value in headers.items()).encode() + b"\n\n" + body


def _structured(kind: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "s",
        "type": f"org.kubeflow.serving.inference.{kind}",
        "inferenceservicename": "m",
        "recordedtime": "2026-11-23T10:00:00Z",
        "data": {"instances": [1, 2]},
    }


def _cloudevents() -> list[bytes]:
    halves = [_structured("request"), _structured("response") | {"data_base64": "e30="}]
    batch = json.dumps(halves).encode()
    one = json.dumps(halves[0]).encode()
    return [
        packed_steps(
            [_request(kserve_headers("request"), b"{}"), _request(kserve_headers("response"), b"{}")]
        ),
        packed_steps(
            [_request(seldon_headers("request"), b"{}"), _request(seldon_headers("response"), b"{}")]
        ),
        packed_steps([_request({"content-type": "application/cloudevents+json"}, one)]),
        packed_steps([_request({"content-type": "application/cloudevents-batch+json"}, batch)]),
    ]


def _ext_proc() -> list[bytes]:
    def headers(*pairs: tuple[str, str]) -> dict[str, Any]:
        fields = [{"key": name.encode(), "raw_value": value.encode()} for name, value in pairs]
        return {"headers": {"headers": fields}}

    messages: list[dict[str, Any]] = [
        {"request_headers": headers((":method", "POST"), (":path", "/v2/models/m/infer"))},
        {"request_body": {"body": b"{}", "end_of_stream": True}},
        {"response_headers": headers((":status", "200"), ("x-envoy-upstream-service-time", "3"))},
        {"response_body": {"body": b"{}"}},
        {"response_trailers": {"trailers": headers(("grpc-status", "0"))["headers"]}},
    ]
    return [packed_steps([(0, ProcessingRequest(**message).SerializeToString()) for message in messages])]


def _client() -> list[bytes]:
    head = {"model": "m", "instance": "i", "status": "ok", "at": 1.5, "took_ms": 2.5, "event_id": "e"}
    tensors = [Tensor("x", "FP32", (1, 2), struct.pack("<2f", 1.0, 2.0))]
    stream = b"".join(frame(head, tensors, tensors))
    lost = {"instance": "i", "lost": [{"model": "m", "version": "1", "reason": "client_overflow", "rows": 3}]}
    stream += b"".join(frame(lost, None, None))
    return [packed_steps([(0, stream)]), packed_steps([(0, stream[:40]), (0, stream[40:])])]


WIRE_SEEDS: Mapping[str, Sequence[bytes]] = {
    "http1": _http1(),
    "http2": _http2(),
    "frames": _frames(),
    "cloudevents": _cloudevents(),
    "ext_proc": _ext_proc(),
    "client": _client(),
}
