"""Reading CloudEvents: modes, what is refused, and what of the loggers' events becomes a half."""

from __future__ import annotations

import base64
import gzip
import json
import math
from typing import Any

import pytest

from collector.exchange import Identity, Request, Response
from collector.taps.cloudevents.event import (
    BATCH,
    STRUCTURED,
    BadEvent,
    Event,
    binary_event,
    is_binary_mode,
    structured_events,
)
from collector.taps.cloudevents.half import Half, half_of, kind_of
from tests.unit.collector.logger_events import kserve_headers, seldon_headers

BODY = b'{"instances": [[1.0, 2.0]]}'


def structured(**changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": "a-1",
        "source": "http://localhost:9081/",
        "type": "org.kubeflow.serving.inference.request",
        "inferenceservicename": "digits",
        "data": {"instances": [1]},
    }
    return {name: value for name, value in {**event, **changes}.items() if value is not ...}


def read(value: Any, content_type: str = STRUCTURED) -> Event:
    (event,) = structured_events(content_type, json.dumps(value).encode())
    assert isinstance(event, Event)
    return event


def half(headers: dict[str, str], data: bytes = BODY) -> Half:
    event = binary_event(headers, data)
    kind = kind_of(event)
    assert kind is not None
    return half_of(event, kind)


def test_a_request_of_kserve_in_binary_mode() -> None:
    found = half(kserve_headers("request"))
    assert isinstance(found.message, Request)
    assert (found.kind, found.message.body(), found.message.target) == ("request", BODY, "")
    assert found.identity == Identity(model="digits", instance="ocr/predictor/default")
    assert found.message.headers == {"content-type": "application/json", "x-request-id": "4f1c"}
    assert found.epoch_seconds == pytest.approx(1795428000.123456)


def test_a_response_of_seldon_pairs_by_the_request_id_and_names_its_model() -> None:
    asked, answered = half(seldon_headers("request")), half(seldon_headers("response"))
    assert asked.key == answered.key
    assert (answered.identity.model, answered.identity.instance) == ("classifier", "seldon/default")
    assert isinstance(answered.message, Response)
    assert (answered.message.status, answered.message.failed) == (200, False)


def test_a_transformer_is_a_model_of_its_own() -> None:
    assert half(kserve_headers("request") | {"ce-component": "transformer"}).identity.model == (
        "digits.transformer"
    )


def test_a_response_that_failed_says_so_in_its_status_code() -> None:
    found = half(kserve_headers("response") | {"ce-statuscode": "500"}).message
    assert isinstance(found, Response)
    assert (found.status, found.failed) == (500, True)


def test_headers_that_the_logger_was_told_to_keep_are_the_requests_alone() -> None:
    metadata = {"ce-metadata": '{"Inference-Header-Content-Length": ["90"], "Authorization": ["secret"]}'}
    asked = half(kserve_headers("request") | metadata).message.headers
    assert asked["inference-header-content-length"] == "90"
    assert "authorization" not in asked
    answered = half(kserve_headers("response") | metadata).message.headers
    assert "inference-header-content-length" not in answered


def test_the_trace_is_the_inferences_and_not_that_of_the_event() -> None:
    headers = kserve_headers("request") | {"traceparent": "00-event", "x-request-id": "of the event"}
    plain = half(headers).message.headers
    assert ("traceparent" in plain, plain["x-request-id"]) == (False, "4f1c")
    told = half(
        headers | {"ce-metadata": '{"X-Request-Id": ["r-9"], "Traceparent": ["00-a"]}'}
    ).message.headers
    assert (told["traceparent"], told["x-request-id"]) == ("00-a", "r-9")
    assert half(headers | {"ce-traceparent": "00-b"}).message.headers["traceparent"] == "00-b"


def test_metadata_that_is_no_json_is_left_out() -> None:
    for metadata in ("{", "[1]", "[" * 100_000, "{}", '{"Content-Encoding": []}'):
        assert (
            "content-encoding"
            not in half(kserve_headers("request") | {"ce-metadata": metadata}).message.headers
        )


def test_a_compressed_body_without_its_header_is_known_by_its_first_bytes() -> None:
    found = half(kserve_headers("response"), gzip.compress(BODY)).message
    assert found.body() == BODY


def test_percent_encoded_attributes_are_decoded() -> None:
    event = binary_event(kserve_headers("request") | {"ce-endpoint": "canary%20%E2%82%AC"}, b"")
    assert event.text("endpoint") == "canary €"


def test_a_time_of_a_clock_that_was_never_set_is_no_time() -> None:
    headers = kserve_headers("request")
    assert math.isnan(binary_event(headers | {"ce-time": "0001-01-01T00:00:00Z"}, b"").epoch_seconds)
    assert math.isnan(binary_event(headers | {"ce-time": "yesterday"}, b"").epoch_seconds)
    recorded = headers | {"ce-time": "0001-01-01T00:00:00Z", "ce-recordedtime": "2026-11-23T10:00:00.5Z"}
    assert binary_event(recorded, b"").epoch_seconds == 1795428000.5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ce-specversion": "2.0"}, "specversion must be 1.0 or 0.3, got '2.0'"),
        ({"ce-specversion": ""}, "specversion"),
        ({"ce-id": ""}, "no id"),
        ({"ce-source": ""}, "no source"),
        ({"ce-type": ""}, "no type"),
    ],
)
def test_a_binary_event_without_what_makes_it_one_is_refused(change: dict[str, str], told: str) -> None:
    with pytest.raises(BadEvent, match=told):
        binary_event(kserve_headers("request") | change, BODY)


def test_an_event_that_names_no_model_is_refused() -> None:
    with pytest.raises(BadEvent, match="inferenceservicename or modelid"):
        half(kserve_headers("request") | {"ce-inferenceservicename": ""})


def test_what_is_no_inference_is_no_half() -> None:
    assert (
        kind_of(binary_event(seldon_headers("request") | {"ce-type": "io.seldon.serving.feedback"}, b""))
        is None
    )


@pytest.mark.parametrize(
    ("changes", "data"),
    [
        ({}, b'{"instances":[1]}'),
        ({"data": ..., "data_base64": base64.b64encode(b"\x00\xff").decode()}, b"\x00\xff"),
        ({"data": "{}", "datacontenttype": "text/plain"}, b"{}"),
        ({"data": "text"}, b'"text"'),
        ({"data": None}, b""),
        ({"data": ...}, b""),
        ({"specversion": "0.3", "datacontentencoding": "base64", "data": "AAE="}, b"\x00\x01"),
    ],
)
def test_data_of_a_structured_event(changes: dict[str, Any], data: bytes) -> None:
    assert read(structured(**changes)).data == data


def test_nan_in_structured_data_stays_nan() -> None:
    event = read(structured(data={"instances": [math.nan, math.inf]}))
    assert event.data == b'{"instances": [NaN, Infinity]}'


def test_values_that_are_no_text_become_text() -> None:
    assert read(structured(statuscode=503)).text("statuscode") == "503"


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        (b"{", STRUCTURED, "not JSON"),
        (b'{},"specversion":"1.0"', STRUCTURED, "not JSON"),
        (b"[1]", STRUCTURED, "an event is a JSON object, this is a JSON list"),
        (b"{}", BATCH, "a batch is a JSON array of events, this is a JSON dict"),
        (b"{}", "application/cloudevents+avro", "not supported"),
        (b"[" * 100_000, BATCH, "not JSON"),
        (b"\xff\xfe", STRUCTURED, "not JSON"),
        (b"[" + b"{}," * 3_000_000 + b"{}]", BATCH, "once parsed"),
    ],
)
def test_a_body_that_is_no_structured_event_is_refused(body: bytes, content_type: str, told: str) -> None:
    with pytest.raises(BadEvent, match=told):
        structured_events(content_type, body)


def test_bad_base64_is_refused() -> None:
    for data in ("%%", 3):
        with pytest.raises(BadEvent, match="base64"):
            structured_events(STRUCTURED, json.dumps(structured(data=..., data_base64=data)).encode())


def test_one_bad_event_of_a_batch_does_not_spoil_the_others() -> None:
    body = json.dumps([structured(id="1"), structured(id=""), 7, structured(id="2")]).encode()
    first, second, third, fourth = structured_events(f"{BATCH}; charset=utf-8", body)
    assert isinstance(first, Event)
    assert isinstance(fourth, Event)
    assert (first.text("id"), fourth.text("id")) == ("1", "2")
    assert isinstance(second, BadEvent)
    assert isinstance(third, BadEvent)


def test_modes_are_told_by_the_content_type() -> None:
    assert is_binary_mode({"content-type": "application/json"})
    assert is_binary_mode({})
    assert not is_binary_mode({"content-type": "application/cloudevents+json; charset=utf-8"})
    assert not is_binary_mode({"content-type": BATCH})
