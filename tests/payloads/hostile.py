"""Bodies of at most 16 MiB that would take gigabytes or minutes if they were read without bounds.

``python -m tests.payloads.hostile`` decodes each in a process of its own and prints what it took.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from collector.codecs.codec import Body
from collector.reasons import Undecodable
from tests.fuzz.codec_targets import CODECS
from tests.payloads.grpc import framed
from tests.payloads.tfs import predict_request, rest_body, tensor_proto
from tests.payloads.v2 import binary_body, binary_tensor, grpc_body, infer_request, packed_texts

LARGEST = 16 * 1024 * 1024


def _tensor_of(values: bytes, datatype: str = "FP32") -> Body:
    head = f'{{"inputs":[{{"name":"x","shape":[1],"datatype":"{datatype}","data":['.encode()
    return Body(head + values[: LARGEST - 200] + b"0]}]}", {})


def _instances(row: bytes) -> Body:
    return Body(b'{"instances":[' + row * ((LARGEST - 100) // len(row)) + b"0]}", {})


def _bytes_tensors(raw: bytes, elements: int) -> Body:
    return binary_body(binary_tensor(raw, [elements], "BYTES"))


def _packed_booleans() -> Body:
    flags = {"name": "x", "shape": [LARGEST - 100], "datatype": "BOOL"}
    return grpc_body(infer_request(flags | {"contents": {"bool_contents": [True] * (LARGEST - 100)}}))


def _stream_of_names() -> Body:
    declared: list[dict[str, Any]] = [
        {"name": str(n), "shape": [1], "datatype": "UINT8"} for n in range(9_999)
    ]
    return grpc_body(*(infer_request(one, raw=[b"1"]) for one in declared))


BODIES: Mapping[str, tuple[str, Callable[[], Body]]] = {
    "numbers": ("v2_rest", lambda: _tensor_of(b"1," * LARGEST)),
    "lists": ("v2_rest", lambda: _tensor_of(b"[]," * LARGEST)),
    "objects": ("v2_rest", lambda: _tensor_of(b"{}," * LARGEST)),
    "texts": ("v2_rest", lambda: _tensor_of(b'"abc",' * LARGEST, "BYTES")),
    "nested": ("v2_rest", lambda: _tensor_of(b"[" * LARGEST)),
    "names": ("v2_rest", lambda: Body(b'{"inputs":[' + b'{"name":"x"},' * 1_200_000 + b"0]}", {})),
    "nan": ("v2_rest", lambda: _tensor_of(b"NaN," * LARGEST)),
    "just small enough": ("v2_rest", lambda: _tensor_of(b"1.25," * 1_100_000)),
    "bytes": ("v2_rest", lambda: binary_body(binary_tensor(b"\0" * 8 * 2**20, [8 * 2**20], "UINT8"))),
    "empty texts": ("v2_rest", lambda: _bytes_tensors(b"\0" * (LARGEST - 4096), LARGEST // 4 - 1024)),
    "short texts": ("v2_rest", lambda: _bytes_tensors(packed_texts([b"a"]) * 3_000_000, 3_000_000)),
    "empty tensors": ("v2_grpc", lambda: framed(b"\x2a\x00" * (LARGEST // 2 - 8))),
    "tensors after a group": ("v2_grpc", lambda: framed(b"\x7b\x7c" + b"\x2a\x00" * (LARGEST // 2 - 8))),
    "parameters": ("v2_grpc", lambda: framed(b"\x2a\xfe\xff\xff\x03" + b"\x22\x00" * (2**22 - 1))),
    "booleans": ("v2_grpc", _packed_booleans),
    "stream of names": ("v2_grpc_stream", _stream_of_names),
    "strings": (
        "tfs_grpc",
        lambda: grpc_body(predict_request(("x", tensor_proto(7, [4], string_val=[b""] * 2**22)))),
    ),
    "repeated": (
        "tfs_grpc",
        lambda: grpc_body(predict_request(*((str(n), tensor_proto(1, [2**20])) for n in range(20_000)))),
    ),
    "rows": ("tfs_rest", lambda: _instances(b'{"a":1},')),
    "base64": ("tfs_rest", lambda: _instances(b'{"b64":"YQ=="},')),
    "rows of names": ("tfs_rest", lambda: rest_body(instances=[{str(n): 1} for n in range(20_000)])),
    "search": ("mapped", lambda: Body(b'{"rows":[' + b'{"price":1},' * 100_000 + b"0]}", {})),
}


def measure(name: str) -> dict[str, Any]:
    """Decode a body and tell its size, the growth of the resident set in bytes, and what became of it."""
    codec, build = BODIES[name]
    body = build()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # begins the peak anew
    before = _status_kib("VmHWM")
    outcome = "decoded"
    CODECS[codec].glance(body, None)
    try:
        found = CODECS[codec].decode(body, None)
        outcome = next(iter(found.faults.values()), outcome)
    except Undecodable as error:
        outcome = error.reason
    grown = (_status_kib("VmHWM") - before) * 1024
    return {"name": name, "bytes": len(body.data), "grown": grown, "outcome": outcome}


def _status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def main() -> None:
    """Fork for each body, so that none inherits the memory of another."""
    for name in BODIES:
        child = os.fork()
        if child == 0:
            print(json.dumps(measure(name)), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
