"""Declarative mappings: what they read from bodies of their own kind."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from collector.codecs.codec import Body, Glance
from collector.codecs.decoded import Inference
from collector.codecs.json_paths import PathReader
from collector.codecs.mapped import Mapped
from collector.reasons import Undecodable
from driftline.payload_mapping import PayloadMapping


def mapped(**settings: Any) -> Mapped:
    return Mapped(PayloadMapping(**({"path": "/score", "model": "m"} | settings)))


def body(value: Any) -> Body:
    return Body(orjson.dumps(value), {})


def values(found: Inference, side: str = "inputs") -> dict[str, Any]:
    return {name: tensor.values.tolist() for name, tensor in getattr(found, side).items()}


def test_a_body_without_rows_is_one_inference() -> None:
    codec = mapped(
        request={
            "age": "$.user.age",
            "tags": "$.user.tags",
            "last": "$.user.tags[-1]",
            "prices": "$.items[*].price",
        },
        response={"score": "$.result[0]", "label": "$['a label']"},
    )
    asked = body({"user": {"age": 30, "tags": ["a", "b"]}, "items": [{"price": 1.5}, {"price": 2}]})
    found = codec.decode(asked, body({"result": [0.5], "a label": "yes"}))
    assert values(found) == {"age": [30], "tags": [["a", "b"]], "last": ["b"], "prices": [[1.5, 2.0]]}
    assert values(found, "outputs") == {"score": [0.5], "label": ["yes"]}
    assert (found.rows, found.batched, found.faults) == (1, True, {})


def test_rows_of_request_and_response() -> None:
    codec = mapped(
        request_rows="$.items",
        response_rows="$",
        request={"price": "@.price", "country": "$.country", "id": "@['id']"},
        response={"score": "@.score"},
    )
    asked = body(
        {"country": "cn", "items": [{"price": 1.5, "id": "a"}, {"id": "b"}, {"price": 3, "id": "c"}]}
    )
    found = codec.decode(asked, body([{"score": 0.1}, {"score": 0.2}, {"score": 0.3}]))
    assert (found.rows, found.faults) == (3, {})
    assert str(values(found)["price"]) == "[1.5, nan, 3.0]"
    assert values(found)["country"] == ["cn"] * 3
    assert values(found)["id"] == ["a", "b", "c"]
    assert values(found, "outputs") == {"score": [0.1, 0.2, 0.3]}
    assert codec.glance(asked, None) == Glance(3)
    assert codec.glance(None, body([{}, {}])) == Glance(2)


def test_columns_of_a_batch() -> None:
    codec = mapped(
        request_rows="$.ages",
        request={"age": "$.ages[*]", "vector": "$.vectors[*]", "few": "$.few[*]", "self": "@"},
        response={"score": "$.scores"},
    )
    asked = body({"ages": [30, 40], "vectors": [[1, 2], [3, 4]], "few": [1]})
    found = codec.decode(asked, body({"scores": [0.5, 0.25]}))
    assert values(found) == {"age": [30, 40], "vector": [[1, 2], [3, 4]], "self": [30, 40]}
    assert found.faults == {"few": "rows_differ"}
    assert values(found, "outputs") == {"score": [[0.5, 0.25], [0.5, 0.25]]}, (
        "a single path belongs to all rows"
    )


def test_an_answer_with_another_number_of_rows_is_a_fault() -> None:
    codec = mapped(request_rows="$", response_rows="$", request={"a": "@"}, response={"b": "@"})
    found = codec.decode(body([1, 2]), body([1]))
    assert (values(found), found.faults) == ({"a": [1, 2]}, {"b": "rows_differ"})


def test_what_is_absent_or_no_value_is_a_fault() -> None:
    codec = mapped(
        request={
            "absent": "$.x.y",
            "null": "$.null",
            "object": "$.object",
            "index": "$.list[9]",
            "name": "$.list.x",
        }
    )
    found = codec.decode(body({"null": None, "object": {"a": 1}, "list": [1], "x": 7}), None)
    faults = dict.fromkeys(("absent", "null", "index", "name"), "no_value") | {"object": "bad_data"}
    assert found.faults == faults


def test_model_and_version_from_path_and_body() -> None:
    in_path = mapped(path="/{team}/{name}/score", model="{name}", version="{team}/1", request={"a": "$.a"})
    route = in_path.route("POST", "/ads/click%20rate/score")
    assert route is not None
    assert (route.model, route.version) == ("click rate", "ads/1")
    in_body = mapped(model="$.model.name", version="$.version", request={"a": "$.a"}, response={"b": "$.b"})
    asked, answered = body({"a": 1, "model": {"name": "films"}}), body({"b": 2, "version": 7})
    found = in_body.decode(asked, answered)
    assert (found.model, found.version) == ("films", "7")
    assert in_body.glance(asked, answered) == Glance(1, "films", "7")
    assert in_body.glance(asked, None) == in_body.glance(asked, Body(b"<p>busy", {})) == Glance(1, "films")
    assert in_body.decode(body({"a": 1, "model": {"name": ["x"]}}), None).model == ""


def test_a_body_that_nothing_is_read_from_need_not_be_json() -> None:
    codec = mapped(response={"text": "$.text"})
    found = codec.decode(Body(b"\xff\xd8 an image", {}), body({"text": "hello"}))
    assert values(found, "outputs") == {"text": ["hello"]}
    assert codec.glance(Body(b"\xff", {}), None) == Glance(1)
    assert mapped(request={"a": "$.a"}).decode(body({"a": 1}), Body(b"<html>", {})).outputs == {}


def test_a_missing_half() -> None:
    codec = mapped(request={"a": "$"}, response={"b": "$"})
    assert values(codec.decode(body(5), None)) == {"a": [5]}
    assert values(codec.decode(None, body("x")), "outputs") == {"b": ["x"]}


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(data: bytes) -> None:
    codec = mapped(request={"a": "$.a"}, request_rows="$.rows")
    with pytest.raises(Undecodable) as caught:
        codec.decode(Body(data, {}), None)
    assert caught.value.reason == "malformed_body"
    assert codec.glance(Body(data, {}), None) == Glance(1)


@pytest.mark.parametrize("value", [{}, {"rows": 5}, {"rows": None}, [], 3])
def test_a_body_without_the_rows_is_refused(value: Any) -> None:
    with pytest.raises(Undecodable, match="no list of rows"):
        mapped(request={"a": "@"}, request_rows="$.rows").decode(body(value), None)


def test_an_empty_batch_has_no_values() -> None:
    found = mapped(request={"a": "@"}, request_rows="$").decode(body([]), None)
    assert (found.rows, found.faults) == (1, {"a": "no_value"})


def test_one_large_value_is_not_copied_for_every_row() -> None:
    codec = mapped(request_rows="$.rows", request={"big": "$.big", "a": "@"})
    found = codec.decode(body({"rows": [1] * 10_000, "big": [1] * 10_000}), None)
    assert (found.faults, found.rows) == ({"big": "too_large"}, 10_000)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("$", 5, [5]),
        ("$.a", {"a": None}, [None]),
        ("$.a", [1], []),
        ("$[0]", {"0": 1}, []),
        ("$[-2]", [1], []),
        ("$[-1]", [1, 2], [2]),
        ("$[0]", "text", []),
        ("$.*", "[1]", []),
        ("$[*]", [1, 2], [1, 2]),
        ("$..a", {"a": {"a": 1}}, [{"a": 1}, 1]),
        ("$[1:]", [1, 2, 3], [2, 3]),
        ("$[?@.k > 1].v", [{"k": 1, "v": 1}, {"k": 2, "v": 2}], [2]),
        ("$.*", 7, []),
    ],
)
def test_json_paths(path: str, value: Any, expected: list[Any]) -> None:
    assert PathReader(path).find(value) == expected


def test_a_search_below_the_library_s_depth_finds_nothing() -> None:
    nested: Any = 1
    for _ in range(900):
        nested = [nested]
    assert PathReader("$..a").find(nested) == []
