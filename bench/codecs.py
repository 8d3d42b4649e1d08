"""CPU microseconds that each codec takes to decode a request with its response, small and large.

Small is 16 floats each way; large is a body of about 600 KB each way. The baseline parses JSON with orjson
and keeps nothing: the same bytes for codecs that read JSON, and for the others the V2 JSON message of the
same values.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from collector.codecs.codec import Body, Codec
from collector.codecs.mapped import Mapped
from collector.codecs.tfs_grpc import TfsGrpc
from collector.codecs.tfs_rest import TfsRest
from collector.codecs.v2_grpc import V2Grpc
from collector.codecs.v2_rest import V2Rest
from driftline.payload_mapping import PayloadMapping
from tests.payloads.tfs import predict_request, predict_response, tensor_proto
from tests.payloads.v2 import (
    binary_body,
    binary_tensor,
    grpc_body,
    infer_request,
    infer_response,
    json_body,
    tensor,
)

SMALL = 16
LARGE_BYTES = 600_000
JSON_VALUE_BYTES = 19.4
"""Of a float with all its digits."""
BATCHES = 15
BATCH_SECONDS = 0.02
BAR_SMALL_V2_JSON_MICROSECONDS = 15.0

Floats = NDArray[np.float32]


class Case(NamedTuple):
    """A codec, the bytes of one value in its bodies, and how to write them."""

    codec: Codec
    value_bytes: float
    bodies: Callable[[Floats], tuple[Body, Body]]
    is_json: bool


def run() -> list[dict[str, Any]]:
    """Best of several batches for both sides, one after the other."""
    results = []
    for name, case in CASES.items():
        for size, values in (("16", SMALL), ("600kb", round(LARGE_BYTES / case.value_bytes))):
            results.append(_measure(name, case, size, values))
    return results


def _measure(name: str, case: Case, size: str, values: int) -> dict[str, Any]:
    floats = np.random.default_rng(3).normal(size=values).astype(np.float32)
    asked, answered = case.bodies(floats)
    plain = (asked, answered) if case.is_json else _v2_json(floats)
    codec = case.codec
    codec.decode(asked, answered)
    value, baseline_value = _fastest(
        lambda: codec.decode(asked, answered),
        lambda: (orjson.loads(plain[0].data), orjson.loads(plain[1].data)),
    )
    result = {
        "bench": "codecs",
        "metric": f"{name}_{size}_microseconds",
        "value": round(value, 1),
        "unit": "us",
        "baseline": "orjson.loads" if case.is_json else "orjson.loads of the same values as JSON",
        "baseline_value": round(baseline_value, 1),
        "ratio": round(value / baseline_value, 3),
        "glance_microseconds": round(_fastest(lambda: codec.glance(asked, answered))[0], 1),
        "sizes": {"values": values, "body_bytes": len(asked.data)},
    }
    if name == "v2_json" and values == SMALL:
        result |= {"bar": BAR_SMALL_V2_JSON_MICROSECONDS, "met": value <= BAR_SMALL_V2_JSON_MICROSECONDS}
    return result


def _fastest(*works: Callable[[], object]) -> list[float]:
    """CPU microseconds of each work in the best of its batches; they alternate, since machines are shared."""
    counts = []
    for work in works:
        began = time.process_time()
        work()
        counts.append(max(1, int(BATCH_SECONDS / (time.process_time() - began + 1e-9))))
    best = [float("inf")] * len(works)
    for _ in range(BATCHES):
        for place, (work, count) in enumerate(zip(works, counts, strict=True)):
            began = time.process_time()
            for _ in range(count):
                work()
            best[place] = min(best[place], (time.process_time() - began) / count * 1e6)
    return best


def _json_floats(floats: Floats) -> list[float]:
    values: list[float] = floats.astype(np.float64).tolist()
    return values


def _v2_json(floats: Floats) -> tuple[Body, Body]:
    item = tensor(_json_floats(floats), [1, len(floats)])
    more = {"model_name": "m", "model_version": "1", "id": "4f1c"}
    return json_body(item, id="4f1c"), json_body(item, key="outputs", **more)


def _v2_binary(floats: Floats) -> tuple[Body, Body]:
    item = binary_tensor(floats.tobytes(), [1, len(floats)])
    return binary_body(item, id="4f1c"), binary_body(item, key="outputs", model_version="1")


def _v2_grpc_raw(floats: Floats) -> tuple[Body, Body]:
    declared = {"name": "x", "datatype": "FP32", "shape": [1, len(floats)]}
    raw = [floats.tobytes()]
    request = infer_request(declared, raw=raw, model_name="m", id="4f1c")
    return grpc_body(request), grpc_body(infer_response(declared, raw=raw, model_version="1"))


def _v2_grpc_typed(floats: Floats) -> tuple[Body, Body]:
    contents = {"fp32_contents": floats.tolist()}
    item = {"name": "x", "datatype": "FP32", "shape": [1, len(floats)], "contents": contents}
    return grpc_body(infer_request(item, model_name="m")), grpc_body(infer_response(item))


def _tfs_rest(floats: Floats) -> tuple[Body, Body]:
    rows = [_json_floats(floats)]
    return Body(orjson.dumps({"instances": rows}), {}), Body(orjson.dumps({"predictions": rows}), {})


def _tfs_grpc(floats: Floats) -> tuple[Body, Body]:
    proto = tensor_proto(1, [1, len(floats)], tensor_content=floats.tobytes())
    return grpc_body(predict_request(("x", proto), name="m")), grpc_body(predict_response(("y", proto)))


def _mapped(floats: Floats) -> tuple[Body, Body]:
    values = _json_floats(floats)
    return Body(orjson.dumps({"features": values}), {}), Body(orjson.dumps({"scores": values}), {})


_MAPPING = PayloadMapping(path="/score", model="m", request={"x": "$.features"}, response={"y": "$.scores"})
CASES: Mapping[str, Case] = {
    "v2_json": Case(V2Rest(), JSON_VALUE_BYTES, _v2_json, is_json=True),
    "v2_binary": Case(V2Rest(), 4, _v2_binary, is_json=False),
    "v2_grpc_raw": Case(V2Grpc(), 4, _v2_grpc_raw, is_json=False),
    "v2_grpc_typed": Case(V2Grpc(), 4, _v2_grpc_typed, is_json=False),
    "tfs_rest": Case(TfsRest(), JSON_VALUE_BYTES, _tfs_rest, is_json=True),
    "tfs_grpc": Case(TfsGrpc(), 4, _tfs_grpc, is_json=False),
    "mapped": Case(Mapped(_MAPPING), JSON_VALUE_BYTES, _mapped, is_json=True),
}
