"""Whatever bytes pass the tap, the worker's parser and codec give a result or a counted reason."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from collector.codecs import v2_json
from collector.codecs.decoded import Inference
from collector.frames import Frame, FrameKind, FrameReader, pack
from collector.inference import infer_contract
from collector.mapping import Mapper
from collector.reasons import Undecodable
from collector.worker.connection import TappedConnection
from collector.worker.message import BodyBudget, Exchange, Request
from driftline.errors import InvalidContract

REQUEST = (
    b"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    b"POST /v2/models/m/infer HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
)
RESPONSE = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
    b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\n"
)


class Record:
    """Collects exchanges."""

    def __init__(self) -> None:
        self.pairs: list[tuple[bytes, int, bytes]] = []

    def wants(self, request: Request) -> bool:
        return v2_json.route(request.method, request.target) is not None

    def exchange(self, exchange: Exchange) -> None:
        self.pairs.append((exchange.request.body(), exchange.response.status, exchange.response.body()))

    def unanswered(self, request: Request) -> None:
        pass

    def unparsable(self, request: Request | None) -> None:
        pass

    def missed(self, like: Request | None, requests: int) -> None:
        pass


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """``data`` cut at the given points (modulo its length)."""
    points = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(points)]


CUTS = st.lists(st.integers(0, 10_000), max_size=30)


@given(CUTS, CUTS)
def test_split_streams_give_the_same_exchanges(request_cuts: list[int], response_cuts: list[int]) -> None:
    record, budget = Record(), BodyBudget(1000)
    connection = TappedConnection(record, budget)
    for chunk in pieces(REQUEST, request_cuts):
        connection.request_bytes(0.0, chunk)
    for chunk in pieces(RESPONSE, response_cuts):
        connection.response_bytes(1.0, chunk)
    assert record.pairs == [(b"abcdefg", 200, b"first"), (b"hi", 400, b"second")]
    assert budget.take(1000)


@given(st.binary(max_size=600), st.lists(st.integers(1, 200), max_size=10))
def test_split_frames_are_the_same_frames(payload: bytes, cuts: list[int]) -> None:
    frames = [Frame(FrameKind.REQUEST_BYTES, n, n / 2, payload[:n]) for n in (0, 1, len(payload))]
    stream = b"".join(pack(frame.kind, frame.connection, frame.at, frame.payload) for frame in frames)
    reader = FrameReader()
    assert [frame for piece in pieces(stream, cuts) for frame in reader.feed(piece)] == frames


TRAFFIC = st.binary(max_size=300) | st.sampled_from([REQUEST, RESPONSE, REQUEST[:80], RESPONSE[:60]])
STEPS = st.lists(st.tuples(st.sampled_from(["request", "response", "gap", "closed"]), TRAFFIC), max_size=20)


@given(STEPS)
def test_any_traffic_is_survived_and_returns_its_memory(steps: list[tuple[str, bytes]]) -> None:
    budget = BodyBudget(500)
    connection = TappedConnection(Record(), budget)
    for step, data in steps:
        if step == "request":
            connection.request_bytes(0.0, data)
        elif step == "response":
            connection.response_bytes(0.0, data)
        elif step == "gap":
            connection.gap(len(data), answered=bool(data))
        else:
            connection.closed(0.0)
    connection.closed(1.0)
    assert budget.take(500)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
TENSOR = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x", "y", "\ud800", ""]) | JSON,
        "shape": st.lists(st.integers(0, 4), max_size=4) | JSON,
        "datatype": st.sampled_from(["FP32", "INT64", "BOOL", "BYTES", "UINT8"]) | JSON,
        "data": st.lists(LEAVES, max_size=16) | JSON,
    }
)


def as_body(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def decoded(asked: bytes, answered: bytes | None) -> Inference | None:
    try:
        return v2_json.decode(asked, answered)
    except Undecodable:
        return None


@given(st.binary(max_size=200) | JSON.map(as_body), st.binary(max_size=200) | JSON.map(as_body) | st.none())
def test_any_body_is_decoded_or_refused(asked: bytes, answered: bytes | None) -> None:
    decoded(asked, answered)
    rows, _ = v2_json.glance(asked, answered or b"")
    assert rows >= 1


@given(st.lists(TENSOR, max_size=3), st.lists(TENSOR, max_size=3))
def test_any_tensors_can_be_inferred_and_mapped(asked: list[Any], answered: list[Any]) -> None:
    found = decoded(as_body({"inputs": asked}), as_body({"outputs": answered}))
    if found is None:
        return
    try:
        contract = infer_contract("m", [found])
    except InvalidContract:
        return
    numeric, categorical = Mapper(contract, lambda *_: None).map(found, failed=False)
    assert np.asarray(numeric).shape == (found.rows, contract.width("numeric"))
    # What is stored has to be text that UTF-8 can hold.
    assert orjson.dumps(categorical)
    assert all(len(row) == contract.width("categorical") for row in categorical)
