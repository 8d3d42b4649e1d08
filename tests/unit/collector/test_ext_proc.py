"""One stream of Envoy: what its messages become, in every order and with every end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.exchange import BodyBudget
from collector.taps.ext_proc.messages import ProcessingRequest, header_pairs
from collector.taps.ext_proc.stream import StreamedExchange, instance_name
from tests.recording_sink import RecordingSink, body
from tests.unit.collector.envoy_messages import (
    answered,
    asked,
    request_body,
    request_trailers,
    response_body,
    response_trailers,
)

INFER = "/v2/models/digits/infer"
DEPLOY = Path(__file__).parents[3] / "deploy"


def streamed(*messages: Any, budget: BodyBudget | None = None) -> tuple[RecordingSink, list[bool]]:
    """What a sink gets of a stream that ends after ``messages``, and whether each settled it."""
    sink = RecordingSink()
    stream = StreamedExchange(sink, budget or BodyBudget())
    settled = []
    for message in messages:
        # As it comes off the wire.
        settled.append(stream.take(ProcessingRequest.FromString(message.SerializeToString())))
        if settled[-1]:
            break
    stream.finish()
    return sink, settled


def test_a_request_and_its_response_are_one_exchange() -> None:
    sink, settled = streamed(
        asked(INFER, x_request_id="r-1"),
        request_body(b'{"in'),
        request_body(b'puts"}', end=True),
        answered(200, x_envoy_upstream_service_time="12"),
        response_body(b"{}"),
        response_body(b"", end=True),
    )
    (exchange,) = sink.exchanges
    assert settled == [False, False, False, False, False, True]
    assert (body(exchange.request), body(exchange.response)) == (b'{"inputs"}', b"{}")
    request, response = exchange.request, exchange.response
    assert request is not None
    assert response is not None
    assert (request.method, request.target, request.headers["x-request-id"]) == ("POST", INFER, "r-1")
    assert ":path" not in request.headers
    assert (response.status, response.failed) == (200, False)
    assert (exchange.tap, exchange.latency_ms, exchange.epoch_seconds) == ("ext_proc", 12.5, 1795428000.5)
    assert exchange.identity.instance == "digits-7d9f-x2x8k.ocr"


def test_the_directions_may_interleave_and_the_request_may_end_last() -> None:
    sink, settled = streamed(
        asked(INFER),
        request_body(b"a"),
        answered(),
        request_body(b"b"),
        response_body(b"c", end=True),
        request_body(b"", end=True),
    )
    assert settled[-1]
    (exchange,) = sink.exchanges
    assert (body(exchange.request), body(exchange.response)) == (b"ab", b"c")


def test_without_envoys_own_figure_the_latency_is_that_of_arrival() -> None:
    sink, _ = streamed(asked(INFER, end=True), answered(end=True, x_envoy_upstream_service_time="soon"))
    assert 0.0 <= sink.exchanges[0].latency_ms < 1000.0


def test_a_grpc_status_comes_in_the_trailers() -> None:
    for status, failed in (("0", False), ("13", True)):
        sink, settled = streamed(
            asked("/inference.GRPCInferenceService/ModelInfer", content_type="application/grpc"),
            request_body(b"\0\0\0\0\0"),
            request_trailers(),
            answered(content_type="application/grpc"),
            response_body(b"\0\0\0\0\0"),
            response_trailers({"grpc-status": status}),
        )
        assert settled[-1]
        (exchange,) = sink.exchanges
        assert exchange.response is not None
        assert exchange.response.failed is failed


def test_a_request_that_is_complete_but_never_answered_is_kept_alone() -> None:
    for end in ([], [answered()], [answered(), response_body(b"half")]):
        sink, _ = streamed(asked(INFER), request_body(b"{}", end=True), *end)
        (exchange,) = sink.exchanges
        assert (body(exchange.request), exchange.response) == (b"{}", None)


def test_a_request_that_is_cut_off_is_counted_for_its_model() -> None:
    sink, _ = streamed(asked("/v2/models/digits/versions/3/infer"), request_body(b"{"))
    ((identity, rows, reason, tap),) = sink.losses
    assert (identity.model, identity.version, identity.instance) == ("digits", "3", "digits-7d9f-x2x8k.ocr")
    assert (rows, reason, tap) == (1, "no_response", "ext_proc")
    assert sink.exchanges == []


def test_what_is_no_inference_ends_the_stream_at_once() -> None:
    sink, settled = streamed(asked("/v2/health/ready"), request_body(b"{}"))
    assert settled == [True]
    assert (sink.exchanges, sink.losses) == ([], [])


def test_a_stream_that_does_not_begin_with_a_request_is_let_go() -> None:
    for message in (response_body(b"x"), answered(), ProcessingRequest()):
        sink, settled = streamed(message)
        assert settled == [True]
        assert (sink.exchanges, sink.losses) == ([], [])


@pytest.mark.parametrize("side", ["request", "response"])
def test_a_body_without_room_ends_the_stream_and_gives_the_room_back(side: str) -> None:
    budget = BodyBudget(1000)
    pieces = {
        "request": [asked(INFER), request_body(b"x" * 600), request_body(b"x" * 600)],
        "response": [
            asked(INFER), request_body(b"{}", end=True), answered(),
            response_body(b"x" * 600), response_body(b"x" * 600),
        ],
    }[side]  # fmt: skip
    sink, settled = streamed(*pieces, budget=budget)
    assert settled[-1]
    assert sink.lost_rows() == {"body_too_large": 1}
    assert budget.take(1000)


def test_the_room_of_a_finished_stream_is_given_back() -> None:
    budget = BodyBudget(10)
    sink, _ = streamed(
        asked(INFER), request_body(b"12345", end=True), answered(), response_body(b"12345", end=True),
        budget=budget,
    )  # fmt: skip
    assert len(sink.exchanges) == 1
    assert budget.take(10)


def test_odd_headers_are_taken_as_they_are() -> None:
    message = ProcessingRequest()
    headers = message.request_headers.headers
    headers.headers.add(key=b"X-Old", value=b"text")
    headers.headers.add(key=b"x-raw", raw_value=b"\xff\xfe")
    assert header_pairs(headers) == [("x-old", "text"), ("x-raw", "\xff\xfe")]
    sink, _ = streamed(asked(INFER, end=True), answered(end=True), response_body(b""))
    assert len(sink.exchanges) == 1


def test_a_repeated_header_is_one_with_commas() -> None:
    message = asked(INFER, end=True)
    for value in (b"gzip", b"identity"):
        message.request_headers.headers.headers.add(key=b"content-encoding", raw_value=value)
    sink, _ = streamed(message, answered(end=True))
    assert sink.exchanges[0].request is not None
    assert sink.exchanges[0].request.headers["content-encoding"] == "gzip, identity"


def test_instances_are_named_after_the_pod() -> None:
    assert instance_name("sidecar~10.0.0.1~pod.ns~ns.svc.cluster.local") == "pod.ns"
    assert instance_name("") == ""
    assert instance_name("a~b") == "a~b"


def test_the_filter_for_istio_is_the_one_that_was_tested_with_envoy() -> None:
    plain = yaml.safe_load((DEPLOY / "envoy" / "envoy.yaml").read_text())["static_resources"]
    manager = plain["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    patches = yaml.safe_load((DEPLOY / "istio" / "envoyfilter.yaml").read_text())["spec"]["configPatches"]
    http_filter, cluster = (patch["patch"]["value"] for patch in patches)
    assert http_filter["typed_config"] == manager["http_filters"][0]["typed_config"]
    assert cluster == plain["clusters"][-1]
    assert http_filter["typed_config"]["observability_mode"] is True
    assert http_filter["typed_config"]["failure_mode_allow"] is True
