"""Which requests are inferences, of which model, and which codec reads them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from collector.codecs.routes import find_route, route_by_content
from driftline.payload_mapping import PayloadMapping
from tests.payloads.tfs import rest_body
from tests.payloads.v2 import binary_body, binary_tensor, json_body, tensor

GRPC = "application/grpc"


def found(
    method: str, target: str, content_type: str = "", *mappings: PayloadMapping
) -> tuple[str, str, str] | None:
    route = find_route(method, target, content_type, mappings)
    return None if route is None else (type(route.codec).__name__, route.model, route.version)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/v2/models/a/infer", ("V2Rest", "a", "")),
        ("/v2/models/a/versions/12/infer?x=1", ("V2Rest", "a", "12")),
        ("/v2/models/a%2Db/infer", ("V2Rest", "a-b", "")),
        ("http://host:8000/v2/models/a/infer", ("V2Rest", "a", "")),
        ("/v2/models/a/ready", None),
        ("/v2/models/a/infer/x", None),
        ("/v2/models//infer", None),
        ("/v2/models/a/b/infer", None),
        ("/v1/models/a:predict", ("TfsRest", "a", "")),
        ("/v1/models/a.b-c/versions/3:predict", ("TfsRest", "a.b-c", "3")),
        ("/v1/models/a/labels/stable:predict", ("TfsRest", "a", "stable")),
        ("/v1/models/a%3Apredict", ("TfsRest", "a", "")),
        ("/v1/models/a:classify", ("TfsRest", "a", "")),
        ("/v1/models/a:regress?x", ("TfsRest", "a", "")),
        ("/v1/models/a:explain", None),
        ("/v1/models/a", None),
        ("/v1/models/a/metadata", None),
        ("/inference.GRPCInferenceService/ModelInfer", ("V2Grpc", "", "")),
        ("/inference.GRPCInferenceService/ModelStreamInfer", ("V2GrpcStream", "", "")),
        ("/tensorflow.serving.PredictionService/Predict", ("TfsGrpc", "", "")),
        ("/inference.GRPCInferenceService/ServerLive", None),
        ("", None),
        ("/", None),
    ],
)
def test_targets(target: str, expected: tuple[str, str, str] | None) -> None:
    assert found("POST", target) == expected
    assert found("GET", target) is None


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("application/grpc", True),
        ("application/grpc+proto", True),
        ("application/grpc-web; charset=x", True),
        ("Application/gRPC", True),
        ("application/grpc-web-text", False),
        ("application/grpc+json", False),
        ("application/json", False),
    ],
)
def test_only_protobuf_is_grpc(content_type: str, read: bool) -> None:
    assert (found("POST", "/inference.GRPCInferenceService/ModelInfer", content_type) is not None) is read


def test_endless_targets_are_not_looked_at() -> None:
    assert found("POST", f"/v2/models/{'a' * 3000}/infer") is None
    assert found("P" * 100, "/v2/models/a/infer") is None


def test_mappings_win_and_the_first_counts() -> None:
    score = PayloadMapping(path="/score/{model}", model="{model}", version="{model}-1", request={"a": "$.a"})
    other = PayloadMapping(path="/score/*", model="other", request={"a": "$.a"})
    taken = PayloadMapping(
        path=r"^/v2/models/(?P<m>\w+)/infer$", method="put", model="{m}", request={"a": "$.a"}
    )
    assert found("POST", "/score/films?x=1", "", score, other) == ("Mapped", "films", "films-1")
    assert found("POST", "/score/films", "", other, score) == ("Mapped", "other", "")
    assert found("POST", "/score/films/x", "", score, other) is None
    assert found("PUT", "/v2/models/a/infer", "", taken) == ("Mapped", "a", "")
    assert found("POST", "/v2/models/a/infer", "", taken) == ("V2Rest", "a", "")
    assert found("POST", "/v2/models/a/infer", GRPC, score) == ("V2Rest", "a", "")


def test_a_repeated_request_is_found_in_the_cache() -> None:
    mapping = PayloadMapping(path="/s", model="m", request={"a": "$.a"})
    assert find_route("POST", "/s", "text/json", (mapping,)) is find_route(
        "POST", "/s", "application/json", (mapping,)
    )


def test_bodies_without_a_path_tell_v2_from_v1() -> None:
    route = route_by_content("m")
    assert (route.model, route.version) == ("m", "")
    v2 = json_body(tensor([1.0, 2.0], [2]), id="r")
    assert (
        route.codec.decode(v2, json_body(tensor([1.0, 2.0], [2], name="y"), key="outputs")).request_id == "r"
    )
    binary = binary_body(binary_tensor(b"\x01\x02", [2], "UINT8"))
    assert route.codec.decode(binary, None).inputs["x"].values.tolist() == [1, 2]
    v1 = route.codec.decode(rest_body(instances=[{"a": 1}, {"a": 2}]), rest_body(predictions=["x", "y"]))
    assert (set(v1.inputs), set(v1.outputs), v1.rows) == ({"a"}, {"outputs"}, 2)
    column = route.codec.decode(rest_body(inputs={"a": [1, 2]}), rest_body(error="no"))
    assert (set(column.inputs), column.error) == ({"a"}, "no")
    assert route.codec.decode(None, rest_body(outputs={"a": [1, 2]})).rows == 2
    assert [route.codec.glance(body, None).rows for body in (v2, rest_body(instances=[1, 2, 3]))] == [2, 3]
    assert route.codec.glance(rest_body(inputs={"a": [1, 2]}), None).rows == 2


def test_a_mapping_for_the_model_reads_bodies_without_a_path() -> None:
    mapping = PayloadMapping(path="/s", model="films", request={"a": "$.a"})
    found = route_by_content("films", (mapping,)).codec.decode(rest_body(a=5), None)
    assert found.inputs["a"].values.tolist() == [5]
    assert type(route_by_content("books", (mapping,)).codec).__name__ == "ByContent"


def test_protobuf_and_the_json_paths_are_not_loaded_without_need() -> None:
    code = (
        "import sys; from collector.codecs.routes import find_route;"
        "find_route('POST', '/v2/models/a/infer'); find_route('POST', '/v1/models/a:predict');"
        "import driftline.settings;"
        "print([name for name in ('google.protobuf', 'jsonpath') if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert printed.stdout.strip() == "[]"
