"""gRPC calls whose headers were lost: told by their messages, or counted."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from collector.exchange import BodyBudget, Request, Response
from collector.worker.connection import TappedConnection
from collector.worker.recognition import UNARY, recognised
from tests.payloads.grpc import framed
from tests.payloads.tfs import predict_request, predict_response, tensor_proto
from tests.payloads.v2 import infer_request, infer_response
from tests.unit.collector.http2_pair import Http2Pair, Record

INFER, PREDICT = UNARY
ONE = struct.pack("<f", 1.0)
FLOAT = 1
DECLARED = {"name": "x", "shape": [1, 1], "datatype": "FP32"}

V2_ASKED = infer_request(DECLARED, raw=[ONE], model_name="pets").SerializeToString()
V2_ANSWERED = infer_response(DECLARED, raw=[ONE], model_name="pets", model_version="3").SerializeToString()
OTHER_ANSWERED = infer_response(DECLARED, raw=[ONE], model_name="cars").SerializeToString()
TENSOR = ("x", tensor_proto(FLOAT, [1, 1], float_val=[1.0]))
TFS_ASKED = predict_request(TENSOR, name="pets").SerializeToString()
TFS_ANSWERED = predict_response(TENSOR, name="pets").SerializeToString()


def told(asked: bytes, answered: bytes | None, target: str = "") -> str:
    request = Request(0.0, chunks=[framed(asked).data], target=target)
    replies = [framed(answered).data] if answered is not None else []
    return recognised(request, Response(0.0, chunks=replies, status=200))


@pytest.mark.parametrize(
    ("asked", "answered", "target", "expected"),
    [
        (V2_ASKED, V2_ANSWERED, "", INFER),
        (V2_ASKED, V2_ANSWERED, INFER, INFER),
        (TFS_ASKED, TFS_ANSWERED, "", PREDICT),
        (V2_ASKED, V2_ANSWERED, PREDICT, ""),
        (V2_ASKED, V2_ANSWERED, "/inference.GRPCInferenceService/ModelStreamInfer", ""),
        (V2_ASKED, OTHER_ANSWERED, "", ""),
        (V2_ASKED, TFS_ANSWERED, "", ""),
        (V2_ASKED, None, "", ""),  # an error has no message
        (V2_ASKED, b"", "", ""),
        (b"", b"", "", ""),
        (infer_request(model_name="pets").SerializeToString(), V2_ANSWERED, "", ""),  # as of ModelMetadata
        (b"\x0a\x04pets", b"\x0a\x04pets", "", ""),
        (b"\xff\xff", V2_ANSWERED, "", ""),
    ],
)
def test_messages_tell_the_call_or_nothing(
    asked: bytes, answered: bytes | None, target: str, expected: str
) -> None:
    assert told(asked, answered, target) == expected


@pytest.fixture
def speak() -> Callable[[bytes, bytes, str], tuple[Record, int]]:
    """Two calls that are seen, one that is lost, then five: what is yielded, and how many were missed."""

    def speak(asked: bytes, answered: bytes, path: str) -> tuple[Record, int]:
        pair, record = Http2Pair(), Record()
        connection = TappedConnection(record, BodyBudget())
        marks = []
        for _ in range(8):
            pair.call(framed(asked).data, framed(answered).data, path)
            marks.append(len(pair.flights))
        asked_size = replied_size = 0
        for number, (from_client, data) in enumerate(pair.flights):
            if marks[1] <= number < marks[2]:
                asked_size += len(data) * from_client
                replied_size += len(data) * (not from_client)
                continue
            if number == marks[2]:
                connection.gap(1, answered=True, asked=asked_size, replied=replied_size)
            (connection.request_bytes if from_client else connection.response_bytes)(1.0, data)
        connection.closed(2.0)
        return record, record.missed_

    return speak


@pytest.mark.parametrize(
    ("asked", "answered", "path"), [(V2_ASKED, V2_ANSWERED, INFER), (TFS_ASKED, TFS_ANSWERED, PREDICT)]
)
def test_after_a_gap_calls_are_seen_again(
    asked: bytes, answered: bytes, path: str, speak: Callable[[bytes, bytes, str], tuple[Record, int]]
) -> None:
    record, missed = speak(asked, answered, path)
    # All headers of the later calls are references to those of the first one.
    assert record.pairs == [(path, framed(asked).data, 200, framed(answered).data)] * 7
    assert missed == 1
    assert all(not each.response.failed for each in record.exchanges if each.response is not None)


def test_after_a_gap_what_tells_nothing_is_counted(
    speak: Callable[[bytes, bytes, str], tuple[Record, int]],
) -> None:
    record, missed = speak(b"", b"", "/inference.GRPCInferenceService/ServerLive")
    assert len(record.pairs) == 2
    assert missed == 6
